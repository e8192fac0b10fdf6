"""What the bridge writes holds payloads: only its own user may read it, whatever the umask."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import Installation
from tests.support.waiting import eventually

OPEN = 0o077
MAPPING = (
    "source: shop\nprofile: json\nverify: none\nrules: [{name: r, start: {bot_id: 7, subscriber_id: $.b}}]\n"
)


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def readable(folder: Path) -> list[str]:
    """Files and folders below that others may use in some way."""
    below = [folder, *folder.rglob("*")]
    return [str(one.relative_to(folder)) for one in below if stat.S_IMODE(one.lstat().st_mode) & OPEN]


UMASKS = [0o000, *(pytest.param(one, marks=pytest.mark.thorough) for one in (0o022, 0o077))]


@pytest.fixture(params=UMASKS, ids=oct)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with umask(request.param):
        yield tmp_path


def started(folder: Path, url: str) -> Installation:
    metrics = folder / "counted"
    metrics.mkdir(mode=0o755)
    one = Installation(
        folder,
        url,
        {"LEADCONVERTER_TOKEN": "t", "PROMETHEUS_MULTIPROC_DIR": str(metrics), "BRIDGE_WORKERS": "1"},
    )
    one.mappings.mkdir(exist_ok=True)
    (one.mappings / "shop.yml").write_text(MAPPING)
    return one


def test_everything_that_a_running_bridge_writes_is_private(folder: Path) -> None:
    bridge = started(folder, "sqlite:///var/bridge.db")
    bridge.start()
    try:
        assert bridge.post("/hooks/shop", {"b": 1}).status == 200
        wanted = {"", "-wal", "-shm", ".lock", ".turn", ".dispatchers", ".ballast", ".bells"}
        assert eventually(lambda: {f"bridge.db{end}" for end in wanted} <= set(os.listdir(folder / "var")))
        assert readable(folder / "var") == []
        assert list((folder / "counted").glob("*.db"))
        assert [one for one in readable(folder / "counted") if one != "."] == []
        assert "privacy" not in bridge.command("doctor").stdout
    finally:
        bridge.stop()


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    bridge = started(tmp_path, f"sqlite:///{tmp_path}/data/bridge.db")
    assert bridge.command("migrate").returncode == 0
    assert readable(tmp_path / "data") == ["."]


@pytest.mark.thorough
def test_a_database_of_an_older_version_is_named_with_the_cure(tmp_path: Path) -> None:
    bridge = started(tmp_path, "sqlite:///var/bridge.db")
    assert bridge.command("migrate").returncode == 0
    (tmp_path / "var").chmod(0o755)
    (tmp_path / "var/bridge.db").chmod(0o644)
    (told,) = [one for one in bridge.command("doctor").stdout.splitlines() if "privacy" in one]
    text, _, cure = told.partition("; run: ")
    assert text == "warn  privacy: other users of this machine can read received webhooks"
    path = tmp_path / "var/bridge.db"
    assert cure.startswith(f"chmod 600 {path}")
    assert bridge.command("migrate").returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    subprocess.run(["sh", "-c", cure.partition(f" {path}-wal")[0]], check=True)
    assert "privacy" not in bridge.command("doctor").stdout
