"""axe-core, which finds what people with a screen reader or a keyboard trip over. Fetched from npm once."""

from __future__ import annotations

import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.npm import npm

VERSION = "4.14.1"
NO_AXE = f"NO AXE: accessibility was not checked; npm must be there to fetch axe-core {VERSION}"
_FOLDER = Path(__file__).parents[2] / ".cache" / f"axe-core-{VERSION}"
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
    if not _FOLDER.exists():
        _fetch()
    return (_FOLDER / "axe.min.js").read_text(encoding="utf-8")


def _fetch() -> None:
    _FOLDER.parent.mkdir(exist_ok=True)
    packed = npm(["pack", "--silent", f"axe-core@{VERSION}"], _FOLDER.parent, NO_AXE)
    with tarfile.open(_FOLDER.parent / packed.strip()) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member
        script = member.read()
    half = _FOLDER.with_suffix(".half")
    half.mkdir(exist_ok=True)
    (half / "axe.min.js").write_bytes(script)
    half.rename(_FOLDER)
