"""kill -9 at random moments and at named points of the code, under load."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.faults.amounts import amount
from tests.faults.load import Load
from tests.faults.site import site
from tests.faults.verdict import settled
from tests.support.sandbox import Sandbox

KILLS = amount("KILLS", 6)
IN_FLIGHT = 64
"""Calls that a dispatcher can have on the wire when it dies."""


def test_whatever_dies_at_whatever_moment_nothing_is_lost_or_repeated(
    tmp_path: Path, database_url: str, sandbox: Sandbox
) -> None:
    postgres = not database_url.startswith("sqlite")
    with site(tmp_path, database_url, sandbox.url, dispatchers=2 if postgres else 1) as bridge:
        bridge.point_share = 0.5
        bridge.open()
        load = Load(bridge.install, tmp_path / "acknowledged")
        pause = threading.Event()
        kills = 0
        with load.running():
            while kills + bridge.crashed < KILLS:
                pause.wait(bridge.random.uniform(0.05, 0.6))
                if bridge.random.random() < 0.2:
                    kills += bridge.kill_web()
                else:
                    bridge.kill_dispatcher()
        bridge.point_share = 0.0
        verdict = settled(database_url, load, sandbox)
        killed = kills + bridge.crashed
    print(f"\n{killed} kills: {verdict}; answers {load.answers}")
    assert verdict.kept, verdict
    assert verdict.uncertain <= bridge.crashed * IN_FLIGHT
    assert verdict.acknowledged > KILLS
