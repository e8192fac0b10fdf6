"""What is put together is taken apart: no thread outlives the store that it uses."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bridge.assemble.web import web_side
from bridge.assemble.worker import dispatcher
from bridge.settings import Settings, load

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id}
rules:
  - {name: sold, start: {bot_id: 7, subscriber_id: $.buyer}}
"""


@pytest.fixture
def settings(tmp_path: Path, sqlite_url: str) -> Settings:
    folder = tmp_path / "mappings"
    folder.mkdir()
    (folder / "shop.yml").write_text(MAPPING)
    return load({"DATABASE_URL": sqlite_url, "BRIDGE_MAPPINGS": str(folder), "LEADCONVERTER_TOKEN": "t"})


def open_below(folder: Path) -> list[str]:
    """Files in the folder that this process has open."""
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [path for path in links if path.startswith(f"{folder}/")]


def test_a_closed_web_side_leaves_no_thread_and_no_open_file(settings: Settings, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    web_side(settings).close()
    assert [one.name for one in threading.enumerate() if one not in before] == []
    assert open_below(tmp_path) == []


def test_a_dispatcher_that_has_stopped_reads_no_mappings_and_is_not_there(
    settings: Settings, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    made = dispatcher(settings)
    made.stop()
    made.run()
    made.store.close()
    left = {one.name for one in threading.enumerate() if one not in before}
    assert "mappings" not in left
    assert [path for path in open_below(tmp_path) if ".bells" not in path] == []
