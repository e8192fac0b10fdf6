"""PostgreSQL goes away in every way it can: restarts, crashes, standing still, cut connections."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from tests.conftest import migrate
from tests.faults.amounts import amount
from tests.faults.load import Load
from tests.faults.site import site
from tests.faults.verdict import settled
from tests.support.cutting_proxy import Cut, CuttingProxy
from tests.support.postgres import Postgres, running_postgres
from tests.support.processes import descendants
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

RESTARTS = amount("RESTARTS", 2)
STOPS = amount("STOPS", 1)
CUTS = amount("CUTS", 12)


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, which it may spoil."""
    with running_postgres() as made:
        yield made


def new_database(server: Postgres) -> str:
    url = server.url(server.create())
    migrate(url)
    return url


def test_restarts_and_stops_of_the_server_lose_and_repeat_nothing(
    tmp_path: Path, server: Postgres, sandbox: Sandbox
) -> None:
    url, pause = new_database(server), threading.Event()
    with site(tmp_path, url, sandbox.url, dispatchers=2) as bridge:
        bridge.open()
        load = Load(tmp_path / "acknowledged", bridge.install)
        with load.running():
            for turn in range(RESTARTS):
                pause.wait(bridge.random.uniform(0.3, 1.0))
                server.end(signal.SIGQUIT if turn % 2 else signal.SIGINT)
                server.begin()
                goes_on(load)
            for _ in range(STOPS):
                with stopped(server):
                    pause.wait(1.5)
                goes_on(load)
        verdict = settled(url, load, sandbox)
    print(f"\n{RESTARTS} restarts, {STOPS} stops: {verdict}; answers {load.answers} in {load.slowest:.1f} s")
    assert verdict.kept, verdict
    assert verdict.uncertain == 0
    assert load.slowest < 3.5


def test_connections_cut_around_a_commit_lose_and_repeat_nothing(
    tmp_path: Path, server: Postgres, sandbox: Sandbox
) -> None:
    url, random = new_database(server), Random(1)
    database = url.partition("?")[0].rpartition("/")[2]

    def choose() -> Cut:
        return random.choices((Cut.NOWHERE, Cut.BEFORE, Cut.AFTER), (18, 1, 1))[0]

    with CuttingProxy(server.folder, choose) as proxy:
        through = f"postgres://bridge@127.0.0.1:{proxy.port}/{database}"
        with site(tmp_path, through, sandbox.url, dispatchers=2) as bridge:
            bridge.open()
            load = Load(tmp_path / "acknowledged", bridge.install)
            with load.running():
                assert eventually(lambda: was_cut(proxy) >= CUTS, seconds=CUTS + 30)
            verdict = settled(url, load, sandbox)
    cuts = ", ".join(f"{many} {where}" for where, many in proxy.cuts.items())
    print(f"\ncut {cuts}: {verdict}; answers {load.answers}")
    assert verdict.kept, verdict
    assert verdict.uncertain == 0


def was_cut(proxy: CuttingProxy) -> int:
    return proxy.cuts[Cut.BEFORE] + proxy.cuts[Cut.AFTER]


def goes_on(load: Load) -> None:
    """Webhooks are taken again."""
    goal = len(load.acknowledged) + 20
    assert eventually(lambda: len(load.acknowledged) >= goal, seconds=60)


@contextmanager
def stopped(server: Postgres) -> Iterator[None]:
    """A server that is there and does nothing."""
    send(signal.SIGSTOP, server.process.pid)
    # From here on it begins no new process, while those that it has may still end.
    pids = descendants(server.process.pid)
    send(signal.SIGSTOP, *pids)
    try:
        yield
    finally:
        send(signal.SIGCONT, *pids, server.process.pid)


def send(number: int, *pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
