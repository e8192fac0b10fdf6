"""A cancellation against the due time, on two connections: exactly one of them wins, and says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection

from bridge.model import BotStart, Call
from bridge.store.db import driver
from bridge.store.db.engine import Store, open_store
from bridge.store.inbox.events import accept
from bridge.store.queue import calls, release
from tests.conftest import Clock
from tests.store.given import NOW, cancel, claim_in, later, paid, rows, sale, settlement, take_in

Work = Callable[[Connection], object]
BLOCKED = 0.1
"""Seconds after which a transaction that has not gone on is waiting for a lock."""


class Gate:
    """Stops a thread before one of its statements, until it is let go."""

    def __init__(self, stop_before: int) -> None:
        self.left = stop_before
        self.count = 0
        self.arrived, self.go = threading.Event(), threading.Event()

    def statement(self) -> None:
        self.count += 1
        if self.count == self.left:
            self.arrived.set()
            self.go.wait(20)


GATES: dict[int, Gate] = {}


@pytest.fixture
def gated(monkeypatch: pytest.MonkeyPatch) -> None:
    def hooked(connection: Connection) -> Any:
        gate = GATES.get(threading.get_ident())
        if gate:
            gate.statement()
        return before(connection)

    before = driver.driver_of
    monkeypatch.setattr(driver, "driver_of", hooked)


@pytest.fixture
def stores(database_url: str, clock: Clock) -> Iterator[tuple[Store, Store]]:
    """As two processes have the database."""
    both = open_store(database_url, clock=clock), open_store(database_url, clock=clock)
    yield both
    for one in both:
        one.close()


class Transaction(threading.Thread):
    """A transaction on its own connection, with a gate."""

    def __init__(self, store: Store, work: Work, gate: Gate) -> None:
        super().__init__(daemon=True)
        self.store, self.work, self.gate = store, work, gate
        self.found: object = None
        self.failed: Exception | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        GATES[threading.get_ident()] = self.gate
        try:
            with self.store.transaction(20) as connection:
                self.found = self.work(connection)
        except Exception as error:
            self.failed = error
        finally:
            del GATES[threading.get_ident()]
            self.gate.arrived.set()
            self.ended.set()


def interleave(first: Transaction, second: Transaction) -> tuple[object, object]:
    """The first up to its gate, the second up to its own, the rest of the first, the rest of the second."""
    first.start()
    assert first.gate.arrived.wait(20)
    second.start()
    second.gate.arrived.wait(BLOCKED)
    first.gate.go.set()
    first.ended.wait(BLOCKED)
    second.gate.go.set()
    for one in (first, second):
        one.join(20)
        assert one.failed is None, one.failed
        assert not one.is_alive()
    return first.found, second.found


def cancelling(key: str) -> Work:
    return lambda connection: accept(connection, NOW, [paid(f"paid {key}", cancel(key))])


def due(connection: Connection) -> list[int]:
    """A dispatcher's round."""
    release.release(connection, NOW)
    return [call.id for call in claim_in(connection, NOW, 10)]


def waiting(store: Store, key: str, subscriber: int = 7) -> int:
    start: BotStart = later(key=key, after=0, subscriber=subscriber)
    take_in(store, sale(f"cart {key}", start))
    number = int(rows(store, "SELECT max(id) FROM calls")[0][0])
    with store.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE calls SET state = 'waiting' WHERE id = {number}")
    return number


def require_one_outcome(store: Store, number: int, begun: list[int]) -> str:
    """Either it was cancelled and nobody sends it, or it is being sent and the cancellation came too late."""
    ((found, by),) = rows(store, f"SELECT state, cancelled_by FROM calls WHERE id = {number}")
    effects = [
        tuple(one) for (text,) in rows(store, "SELECT effects FROM cancellations") for one in json.loads(text)
    ]
    told = [effect for call, effect in effects if call == number]
    if found == "cancelled":
        assert (begun, told, by) == ([], ["cancelled"], 0)
    else:
        assert (found, begun, told) == ("sending", [number], ["too_late"])
        assert by > 0
    return str(found)


@pytest.mark.usefixtures("gated")
@pytest.mark.parametrize("cancel_first", [True, False])
@pytest.mark.parametrize("at", range(1, 15))
def test_every_interleaving_of_a_cancellation_and_a_due_time_has_one_outcome(
    at: int, cancel_first: bool, stores: tuple[Store, Store]
) -> None:
    web, dispatcher = stores
    outcomes = set()
    for other in range(1, 15, 1 if at % 4 == 1 else 4):
        key = f"cart:{at}:{other}"
        number = waiting(web, key, 100 * at + other)
        works = Transaction(web, cancelling(key), Gate(at)), Transaction(dispatcher, due, Gate(other))
        if not cancel_first:
            works[0].gate, works[1].gate = works[1].gate, works[0].gate
        found = interleave(*(works if cancel_first else works[::-1]))
        begun = found[1 if cancel_first else 0]
        assert isinstance(begun, list)
        with dispatcher.transaction() as connection:
            begun += due(connection)
        outcomes.add(require_one_outcome(web, number, begun))
    assert outcomes <= {"cancelled", "sending"}


@pytest.mark.parametrize("times", [200, pytest.param(2000, marks=pytest.mark.thorough)])
def test_cancellations_and_due_times_at_random_have_one_outcome_each(
    times: int, stores: tuple[Store, Store]
) -> None:
    web, dispatcher = stores
    random, outcomes = Random(7), set()
    for turn in range(times):
        key = f"cart:{turn}"
        number = waiting(web, key, turn + 1)
        start, begun = threading.Barrier(2), list[int]()

        def cancels(key: str = key, start: threading.Barrier = start) -> None:
            start.wait()
            with web.transaction() as connection:
                cancelling(key)(connection)

        thread = threading.Thread(target=cancels)
        thread.start()
        start.wait()
        threading.Event().wait(random.choice((0, 0, 0.001, 0.002, 0.004)))
        with dispatcher.transaction() as connection:
            begun += due(connection)
        thread.join()
        with dispatcher.transaction() as connection:
            begun += due(connection)
        outcomes.add(require_one_outcome(web, number, begun))
    assert outcomes == {"cancelled", "sending"}


@pytest.mark.parametrize("seconds", [2, pytest.param(30, marks=pytest.mark.thorough)])
def test_webhooks_and_dispatchers_on_few_errands_never_wait_for_each_other_in_a_ring(
    seconds: int, database_url: str
) -> None:
    stores = [open_store(database_url) for _ in range(4)]
    stop, failed = threading.Event(), list[Exception]()

    def repeatedly(work: Callable[[Store, Random, int], None], store: Store, number: int) -> None:
        random, turn = Random(number), 0
        try:
            while not stop.is_set():
                turn += 1
                work(store, random, turn * 10 + number)
        except Exception as error:
            failed.append(error)
            stop.set()

    def web(store: Store, random: Random, turn: int) -> None:
        keys = random.sample(["a", "b", "c", "d"], 2)
        with store.transaction() as connection:
            now = store.now(connection)
            starts = [
                replace(
                    later(key=key, again="add", subscriber=10 * turn + n), due_at=now + random.choice((1, 20))
                )
                for n, key in enumerate(keys)
            ]
            ends = [paid(f"p{turn}", *(cancel(key) for key in keys))] if random.random() < 0.3 else []
            accept(connection, now, [*(sale(f"{turn}-{n}", one) for n, one in enumerate(starts)), *ends])

    def sends(store: Store, _: Random, turn: int) -> None:
        with store.transaction() as connection:
            now = store.now(connection)
            calls.settle(connection, now, [settlement(call) for call in sent.pop(turn % 10, [])])
            release.release(connection, now)
            sent[turn % 10] = claim_in(connection, now, 20, f"d{turn % 10}")

    sent: dict[int, list[Call]] = {}
    threads = [
        threading.Thread(target=repeatedly, args=(web if n % 2 else sends, one, n))
        for n, one in enumerate(stores)
    ]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    found = dict(rows(stores[0], "SELECT state, count(*) FROM calls GROUP BY state"))
    for one in stores:
        one.close()
    assert failed == []
    assert min(found.get("done", 0), found.get("cancelled", 0)) > 0


@pytest.mark.parametrize("again", ["keep", "replace"])
def test_of_starts_of_one_errand_at_once_exactly_one_waits(
    again: str, database_url: str, clock: Clock
) -> None:
    stores = [open_store(database_url, clock=clock) for _ in range(4)]
    for turn in range(10):
        barrier = threading.Barrier(4)

        def send(store: Store, name: int, turn: int = turn, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            keys = [f"k{turn}", f"l{turn}"][:: 1 if name % 2 else -1]
            take_in(store, *(sale(f"{turn}-{name}-{key}", later(key=key, again=again)) for key in keys))  # type: ignore[arg-type]  # drawn

        threads = [threading.Thread(target=send, args=(one, n)) for n, one in enumerate(stores)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert rows(stores[0], "SELECT errand, state, count(*) FROM calls WHERE errand LIKE '_' || "
                    f"'{turn}' GROUP BY errand, state ORDER BY errand, state") == [
            (f"k{turn}", "cancelled", 3), (f"k{turn}", "waiting", 1),
            (f"l{turn}", "cancelled", 3), (f"l{turn}", "waiting", 1),
        ]  # fmt: skip
    for one in stores:
        one.close()
