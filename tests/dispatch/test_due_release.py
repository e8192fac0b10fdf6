"""Waiting calls in a dispatcher's rounds: never early, soon after they are due, not after a clock's jump."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from bridge.dispatch.account_batch import AccountBatch
from bridge.dispatch.due_release import ClockGuard, Reading, jump_between, steady
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.dispatch.round import Round, happened
from bridge.dispatch.worker import Dispatcher
from bridge.operations import pause
from bridge.store.db.engine import Store, open_store
from bridge.store.db.tables import FOR_EVER
from bridge.store.queue.decisions import Decider
from bridge.store.state import clock as clocks
from bridge.store.state.clock import Jump
from bridge.text.render import english
from tests.conftest import Clock
from tests.dispatch.test_worker import FAST, Bench, bench
from tests.store.given import NOW, later, owe, rows, sale, start, states, take_in
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

ANNA = Decider("anna", "it is right")
HOUR = 3600


def agreeing(desk: Bench) -> Bench:
    """The dispatcher's steady clock is the test's, as if real time passed."""
    desk.dispatcher.rounds.releases.guard = ClockGuard(desk.clock)
    return desk


def held(store: Store) -> Jump | None:
    with store.read() as connection:
        return clocks.held(connection, store.now(connection))


@pytest.mark.parametrize(
    ("advanced", "began", "ended", "jump"),
    [
        (1000, 1.0, 1.0, 0),
        (5999, 1.0, 1.0, 0),
        (6001, 1.0, 1.0, 5001),
        (-4001, 1.0, 1.0, -5001),
        (9000, 1.0, 9.0, 0),
        (1000, 1.0, 99.0, 0),
        (3_600_000, 1.0, 2.0, 3_598_000),
        (3_600_000, 3600.0, 3600.0, 0),
    ],
)
def test_a_jump_is_what_no_slow_reading_explains(
    advanced: int, began: float, ended: float, jump: int
) -> None:
    before, after = Reading(0.0, NOW, 0.0), Reading(began, NOW + advanced, ended)
    assert jump_between(before, after) == jump


def test_a_waiting_call_is_sent_when_it_is_due_and_not_before(
    store: Store, clock: Clock, sandbox: Sandbox
) -> None:
    with bench(store, clock, replace(FAST, url=sandbox.url)) as desk:
        agreeing(desk)
        owe(store, later(after=HOUR))
        clock.advance(HOUR - 0.5)
        desk.rest()
        assert states(store) == {1: "waiting"}
        assert desk.dispatcher.wait == 0.5
        clock.advance(0.5)
        desk.settled()
        assert states(store) == {1: "done"}
        assert held(store) is None


def test_an_idle_round_with_a_million_years_to_wait_writes_nothing(
    store: Store, clock: Clock, sandbox: Sandbox
) -> None:
    with bench(store, clock, replace(FAST, url=sandbox.url)) as desk:
        agreeing(desk)
        owe(store, *(later(after=HOUR * (n + 1)) for n in range(20)))
        before = rows(store, "SELECT * FROM calls ORDER BY id")
        desk.rest()
        assert rows(store, "SELECT * FROM calls ORDER BY id") == before


@pytest.mark.parametrize("seconds", [-60, 60, 599, 601, HOUR])
def test_after_a_jump_nothing_is_released_and_what_is_queued_is_sent(
    seconds: int, store: Store, clock: Clock, sandbox: Sandbox
) -> None:
    with bench(store, clock, replace(FAST, url=sandbox.url)) as desk:
        desk.rest()
        owe(store, later(after=max(seconds, 2) - 1), start(8))
        clock.advance(seconds)
        desk.rest()
        desk.maintain()
        desk.turns(lambda: states(store)[2] == "done")
        desk.rest()
        assert states(store) == {1: "waiting", 2: "done"}
        jump = held(store)
        assert jump is not None
        assert abs(jump.ahead - seconds * 1000) < 5000
        assert jump.until == (FOR_EVER if seconds > 600 else jump.at + 120_000)
        agreeing(desk)
        clock.advance(119)
        desk.rest()
        assert states(store)[1] == "waiting"
        clock.advance(2)
        if seconds > 600:
            desk.rest()
            assert states(store)[1] == "waiting"
            assert pause.trust_clock(store, ANNA, desk.dispatcher.wake)
            assert rows(store, "SELECT who, kind, target FROM actions") == [("anna", "store", "clock")]
        desk.turns(lambda: states(store)[1] == "done")
        assert held(store) is None
        assert not pause.trust_clock(store, ANNA, desk.dispatcher.wake)


def test_a_jump_that_needs_a_person_is_not_forgotten_after_a_smaller_one(store: Store, clock: Clock) -> None:
    with store.transaction() as connection:
        clocks.jumped(connection, clock.ms, HOUR * 1000)
        clocks.jumped(connection, clock.ms, -HOUR * 1000)
    clock.advance(9 * 86_400)
    jump = held(store)
    assert jump is not None
    assert jump.needs_person


@pytest.mark.parametrize(("ahead", "alerts"), [(HOUR * 1000, ["paused"]), (-HOUR * 1000, []), (20_000, [])])
def test_a_person_is_alerted_if_the_clock_needs_one(ahead: int, alerts: list[str], store: Store) -> None:
    with store.transaction() as connection:
        jump = clocks.jumped(connection, NOW, ahead)
    found = list(happened(Round(NOW), AccountBatch({}), jump))
    assert [kind for kind, _ in found] == alerts
    assert all(english(what).startswith("the database's clock jumped ahead by 1 h") for _, what in found)


@pytest.mark.parametrize("late", [0.3, 1.7, 3.1])
def test_a_real_dispatcher_is_never_early_and_at_most_a_second_and_a_half_late(
    late: float, database_url: str, sandbox: Sandbox
) -> None:
    store = open_store(database_url)
    account = replace(FAST, url=sandbox.url)
    dispatcher = Dispatcher(store, Client(Transport()), lambda: {"main": account})
    thread = threading.Thread(target=dispatcher.run)
    with store.transaction() as connection:
        due = store.now(connection) + round(late * 1000) + 500
    starts = [replace(later(item=n, subscriber=n + 1), due_at=due + n * 7) for n in range(30)]
    take_in(store, sale("a", *starts))
    thread.start()
    try:
        eventually(lambda: set(states(store).values()) == {"done"}, 15)
    finally:
        dispatcher.stop()
        thread.join(20)
    lateness = [sent - due - 7 * item for item, sent in rows(store, "SELECT item, sent_at FROM calls")]
    store.close()
    assert min(lateness) >= 0
    assert max(lateness) <= 1500


def test_the_steady_clock_goes_on() -> None:
    began = steady()
    time.sleep(0.01)
    assert 0.01 <= steady() - began < 60
