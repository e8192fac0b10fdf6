"""Processes that are asked to stop, and mappings that are broken while the bridge runs."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from tests.faults.amounts import amount
from tests.faults.load import Load
from tests.faults.site import MAPPING, site
from tests.faults.verdict import settled
from tests.support.processes import descendants, running
from tests.support.sandbox import Sandbox

SIGTERMS = amount("SIGTERMS", 4)


def test_processes_that_stop_gracefully_leave_nothing_in_doubt(
    tmp_path: Path, database_url: str, sandbox: Sandbox
) -> None:
    pause, asked = threading.Event(), 0
    with site(tmp_path, database_url, sandbox.url, dispatchers=2) as bridge:
        bridge.open()
        load = Load(tmp_path / "acknowledged", bridge.install)
        mapping = bridge.install.mappings / "shop.yml"
        with load.running():
            while asked < SIGTERMS:
                mapping.write_text(MAPPING.replace("bot_id", "bot") if asked % 2 else MAPPING)
                asked += bridge.end_dispatcher()
                if asked % 4 == 0 and bridge.web:
                    end_one(descendants(bridge.web.pid))
                pause.wait(bridge.random.uniform(0.1, 0.8))
        verdict = settled(database_url, load, sandbox)
    print(f"\n{asked} SIGTERMs: {verdict}; answers {load.answers}")
    assert verdict.kept, verdict
    assert verdict.uncertain == 0
    assert load.answers.keys() <= {200, 503}


def end_one(pids: list[int]) -> None:
    for pid in pids[:1]:
        if running(pid):
            os.kill(pid, signal.SIGTERM)
