"""axe-core, which finds what people with a screen reader or a keyboard trip over. Fetched from npm once."""

from __future__ import annotations

import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.npm import npm

VERSION = "4.14.1"
NO_AXE = f"NO AXE: accessibility was not checked; npm must be there to fetch axe-core {VERSION}"
_FOLDER = Path(__file__).parents[2] / ".cache" / f"axe-core-{VERSION}"
_SCRIPT = _FOLDER / "axe.min.js"
_SERIOUS = ("serious", "critical")


def findings(page: Page) -> list[str]:
    """What is seriously wrong with the page, one line each."""
    page.evaluate(_script())
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{page.url} {one['id']}: {one['help']}: {node['html'][:200]} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in _SERIOUS
        for node in one["nodes"]
    ]


@cache
def _script() -> str:
    if not _SCRIPT.exists():
        _fetch()
    return _SCRIPT.read_text(encoding="utf-8")


def _fetch() -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    # Several processes of the suite may fetch it at once: each in a folder of its own, then renamed.
    with tempfile.TemporaryDirectory(dir=_FOLDER) as name:
        folder = Path(name)
        packed = npm(["pack", "--silent", f"axe-core@{VERSION}"], folder, NO_AXE)
        with tarfile.open(folder / packed.strip()) as archive:
            member = archive.extractfile("package/axe.min.js")
            assert member
            (folder / _SCRIPT.name).write_bytes(member.read())
        (folder / _SCRIPT.name).replace(_SCRIPT)
