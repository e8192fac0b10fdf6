"""The database is removed under a whole bridge: neither half goes on with what the next start cannot know."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.support.processes import Installation, descendants, installation
from tests.support.waiting import eventually

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id}
rules:
  - name: sold
    start: {bot_id: 7, subscriber_id: $.buyer}
"""
ACCOUNTS = 'accounts: {main: {token: "${LEADCONVERTER_TOKEN}", rate: 1/s, burst: 1}}\n'


@pytest.mark.thorough
def test_a_dispatcher_that_starts_after_the_loss_opens_no_files_beside_the_old_ones(
    tmp_path: Path,
) -> None:
    with installation(tmp_path, "sqlite:///var/bridge.db", BRIDGE_WORKERS="1") as bridge:
        (bridge.mappings / "shop.yml").write_text(MAPPING)
        (bridge.mappings / "accounts.yml").write_text(ACCOUNTS)
        bridge.start()
        for n in range(30):
            assert bridge.post("/hooks/shop", {"id": f"{n}", "buyer": n + 1}).status == 200
        assert eventually(lambda: bridge.calls() != [])
        (tmp_path / "var" / "bridge.db-wal").unlink()
        assert bridge.post("/hooks/shop", {"id": "lost", "buyer": 1}).status == 503
        os.kill(dispatcher_of(bridge), signal.SIGKILL)
        assert eventually(lambda: "another process still has deleted or truncated files" in bridge.read_log())
        sent = len(bridge.calls())
        assert sent < 30
        assert not (tmp_path / "var" / "bridge.db-wal").exists()
        bridge.kill()
        bridge.start()
        assert eventually(lambda: bridge.post("/hooks/shop", {"id": "after", "buyer": 1}).status == 200)
        listed = json.loads(bridge.command("events", "--limit", "100", "--json").stdout)
        assert {one["key"] for one in listed} == {*map(str, range(30)), "after"}
        assert not (tmp_path / "var" / "bridge.db.lost").exists()


def dispatcher_of(bridge: Installation) -> int:
    assert bridge.process
    words = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(bridge.process.pid)}
    return next(pid for pid, line in words.items() if line.endswith(b"\0worker\0"))


def test_without_its_database_the_dispatcher_sends_nothing_more(tmp_path: Path) -> None:
    with installation(tmp_path, "sqlite:///var/bridge.db", BRIDGE_WORKERS="1") as bridge:
        (bridge.mappings / "shop.yml").write_text(MAPPING)
        (bridge.mappings / "accounts.yml").write_text(ACCOUNTS)
        bridge.start()
        for n in range(30):
            assert bridge.post("/hooks/shop", {"id": f"{n}", "buyer": n + 1}).status == 200
        assert eventually(lambda: bridge.calls() != [])
        assert eventually(lambda: removed(tmp_path / "var"))
        time.sleep(1.5)
        sent = len(bridge.calls())
        assert sent < 30
        time.sleep(3.5)
        assert len(bridge.calls()) == sent
        assert bridge.get("/readyz").status == 503
        assert "nothing is sent: bridge.db was removed while the bridge has it open" in bridge.read_log()
        assert bridge.get("/console/").status == 503


def removed(folder: Path) -> bool:
    """Whether the folder is gone; a process may make another file in it while it is emptied."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
