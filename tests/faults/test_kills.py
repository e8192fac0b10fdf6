"""kill -9 at random moments and at named points of the code, under load."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from random import Random

from bridge.dispatch.worker import MOST_IN_FLIGHT
from tests.faults.amounts import amount
from tests.faults.load import Load
from tests.faults.site import Site, machines
from tests.faults.verdict import settled
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

KILLS = amount("KILLS", 6)
WEBHOOKS = 20
"""So many are taken between two web processes' deaths."""


def test_whatever_dies_at_whatever_moment_nothing_is_lost_or_repeated(
    tmp_path: Path, database_url: str, sandbox: Sandbox
) -> None:
    many, random, pause = (1 if database_url.startswith("sqlite") else 3), Random(1), threading.Event()
    with machines(tmp_path, database_url, sandbox.url, many, point_share=0.5) as sites:
        load = Load(tmp_path / "acknowledged", *[one.install for one in sites])
        webs = goal = 0
        with load.running():
            while webs + crashed(sites) < KILLS:
                pause.wait(random.uniform(0.05, 0.6))
                victim = random.choice(sites)
                if random.random() < 0.2 and len(load.acknowledged) >= goal:
                    webs += victim.kill_web()
                    goal = len(load.acknowledged) + WEBHOOKS
                else:
                    victim.kill_dispatcher()
            goal = len(load.acknowledged) + WEBHOOKS
            assert eventually(lambda: len(load.acknowledged) >= goal, seconds=60)
        for one in sites:
            one.point_share = 0.0
            one.kill_dispatcher()  # it might come by its crash point only when the others' leases have lapsed
        verdict = settled(database_url, load, sandbox)
        died = crashed(sites)
    print(f"\n{webs + died} kills on {many} machines: {verdict}; answers {load.answers}")
    assert verdict.kept, verdict
    assert verdict.uncertain <= died * MOST_IN_FLIGHT


def crashed(sites: Iterable[Site]) -> int:
    """Dispatchers that were found dead."""
    return sum(one.crashed for one in sites)
