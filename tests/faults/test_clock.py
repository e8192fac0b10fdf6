"""The wall clock is set hours forward and back while calls wait, fail and are on their way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import pytest

from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.dispatch.worker import Dispatcher
from bridge.model import Account
from bridge.store.db.engine import Store, open_store
from tests.faults.verdict import LIVE
from tests.store.given import owe, rows, start, states
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

HOURS = 3600.0


@dataclass
class MovedClock:
    """The machine's clock, and by how many seconds it is moved."""

    moved: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.moved

    def ms(self) -> int:
        return int(self() * 1000)


@contextmanager
def dispatching(url: str, account: Account, clock: MovedClock) -> Iterator[Store]:
    store = open_store(url, clock=clock)
    client = Client(Transport(), now=clock.ms)
    dispatcher = Dispatcher(store, client, lambda: {"main": account}, most=8)
    thread = Thread(target=dispatcher.run)
    thread.start()
    try:
        yield store
    finally:
        dispatcher.stop()
        thread.join(30)
        client.close()
        store.close()


def count(store: Store, states: tuple[str, ...]) -> int:
    named = ", ".join(f"'{state}'" for state in states)
    return int(rows(store, f"SELECT count(*) FROM calls WHERE state IN ({named})")[0][0])


@pytest.mark.parametrize("moved", [3 * HOURS, -3 * HOURS, -20 * HOURS, 300.0, -300.0])
def test_calls_go_on_when_the_clock_is_set(moved: float, database_url: str, sandbox: Sandbox) -> None:
    account = Account("main", "token", url=sandbox.url, rate=50.0, burst=5)
    clock = MovedClock()
    with dispatching(database_url, account, clock) as store:
        sandbox.fault("503", times=4)
        sandbox.fault("slow", times=3, seconds=0.6)
        owe(store, *[start(number) for number in range(1, 16)])
        assert eventually(lambda: len(sandbox.calls()) >= 5)
        clock.moved = moved
        owe(store, *[start(number) for number in range(1, 16)])
        # What was on its way when the leases seemed to lapse is doubted until its answer comes.
        assert eventually(lambda: count(store, ("done",)) == 30, seconds=30), states(store)
    assert len(sandbox.ran()) == 30


def test_an_open_breaker_does_not_stay_so_for_the_hours_by_which_the_clock_was_set_back(
    database_url: str, sandbox: Sandbox
) -> None:
    account = Account("main", "token", url=sandbox.url, rate=50.0, burst=5)
    clock = MovedClock(2 * HOURS)
    with dispatching(database_url, account, clock) as store:
        sandbox.fault("reset", times=5)
        owe(store, *[start(number) for number in range(1, 9)])
        assert eventually(lambda: count(store, ("uncertain",)) == 5)
        clock.moved = 0.0
        assert eventually(lambda: not count(store, LIVE), seconds=20), states(store)
        assert count(store, ("done",)) == 3
