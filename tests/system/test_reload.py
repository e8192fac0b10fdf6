"""Mapping files change under a bridge that runs: several web processes and a dispatcher."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Installation, installation
from tests.support.waiting import eventually

MAPPING = """
source: %s
verify: none
event: {id: $.id}
rules: [{name: sold, start: {bot_id: %s, subscriber_id: $.buyer}}]
"""
IN_USE = "mappings in use: "


def version(folder: Path, name: str, **bots: int) -> Path:
    """A folder with a mapping file for each source."""
    made = folder / name
    made.mkdir()
    for source, bot in bots.items():
        (made / f"{source}.yml").write_text(MAPPING % (source, bot))
    return made


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Installation]:
    """Its mapping folder is a link to a version, as a deployment leaves it."""
    with installation(tmp_path, "sqlite:///var/bridge.db", BRIDGE_WORKERS="2") as made:
        made.mappings.rmdir()
        made.mappings.symlink_to(version(tmp_path, "one", shop=7))
        made.start()
        yield made


def switch(bridge: Installation, to: Path) -> None:
    beside = bridge.folder / "next"
    beside.symlink_to(to)
    beside.replace(bridge.mappings)


def bots(bridge: Installation) -> list[str]:
    return [call["bot_id"] for call in bridge.calls()]


def test_a_switch_is_in_use_everywhere_within_two_seconds(bridge: Installation) -> None:
    everyone = 3
    assert eventually(lambda: bridge.read_log().count(IN_USE) == everyone), bridge.read_log()
    two = version(bridge.folder, "two", shop=8, other=9)
    began = time.monotonic()
    switch(bridge, two)
    assert eventually(lambda: bridge.read_log().count(IN_USE) == 2 * everyone, seconds=5)
    assert time.monotonic() - began < 2
    assert {bridge.post("/hooks/other", {"id": number, "buyer": 1}).status for number in range(6)} == {200}
    assert eventually(lambda: len(bots(bridge)) == 6)
    assert set(bots(bridge)) == {"9"}


def test_broken_files_leave_the_last_good_set_in_use_even_after_a_restart(bridge: Installation) -> None:
    (bridge.mappings / "shop.yml").write_text("source: [")
    warned = eventually(lambda: bridge.get("/readyz").json.get("warnings"))
    assert warned == {
        "mappings": "the mapping files have errors or are missing: the last good set stays in use; "
        "run: leadbridge check"
    }
    assert bridge.post("/hooks/shop", {"id": 1, "buyer": 1}).status == 200
    assert eventually(lambda: bots(bridge) == ["7"])

    bridge.stop()
    shutil.rmtree(bridge.folder / "one")
    bridge.start()
    assert "the last good mappings are in use, from the database: 1 files" in bridge.read_log()
    assert bridge.post("/hooks/shop", {"id": 2, "buyer": 2}).status == 200
    assert eventually(lambda: bots(bridge) == ["7"])
    told = bridge.command("doctor").stdout
    assert "FAIL  mappings: mapping folder mappings is not there" in told
    assert "warn  mappings: the last good set: 1 file of " in told
