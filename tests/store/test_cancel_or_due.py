"""An event against the due time, on two connections: exactly one of them comes first, and says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from random import Random
from typing import cast

import pytest
from sqlalchemy import Connection

from bridge.model import Again, BotStart, Call
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.store.db.engine import Store, open_store
from bridge.store.inbox.events import accept
from bridge.store.queue import calls, release
from tests.conftest import Clock
from tests.faults.amounts import amount
from tests.store.given import NOW, cancel, claim_in, later, paid, rows, sale, settlement, take_in
from tests.store.schedules import NOWHERE, Transaction, Work, interleave, watch

Begun = list[int]
RACES = amount("RACES", 200)


@pytest.fixture
def stores(database_url: str, clock: Clock) -> Iterator[tuple[Store, Store]]:
    """As two processes have the database, a web process and a dispatcher."""
    both = open_store(database_url, clock=clock), open_store(database_url, clock=clock)
    yield both
    for one in both:
        one.close()


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


def starting(again: Again) -> Callable[[str], Work]:
    """A webhook that starts the same errand once more, in an hour."""

    def work(key: str) -> Work:
        start = later(key=key, again=again, subscriber=1)
        return lambda connection: accept(connection, NOW, [sale(f"again {key}", start)])

    return work


def require_one_start(store: Store, number: int, begun: list[int]) -> bool:
    """What waited was replaced, kept in place of the new one, or sent before; whether the new one met it."""
    old, new = rows(
        store,
        "SELECT o.id, o.state, o.reason, o.errand FROM calls o, calls c "
        f"WHERE c.id = {number} AND o.errand = c.errand ORDER BY o.id",
    )
    if old[1] == "cancelled":
        assert (begun, new[1]) == ([], "waiting")
        assert from_text(old[2]) == Reason(CallCode.REPLACED, call=new[0], doubt=None)
        return True
    assert (old[:2], begun) == ((number, "sending"), [number])
    if new[1] == "cancelled":
        assert from_text(new[2]) == Reason(CallCode.WAITS_ALREADY, call=number)
        return True
    assert new[1:3] == ("waiting", "")
    return False


def require_cancelled_or_sent(store: Store, number: int, begun: list[int]) -> bool:
    return require_one_outcome(store, number, begun) == "cancelled"


EVENTS: dict[str, tuple[Callable[[str], Work], Callable[[Store, int, list[int]], bool]]] = {
    "cancel": (cancelling, require_cancelled_or_sent),
    "replace": (starting("replace"), require_one_start),
    "keep": (starting("keep"), require_one_start),
}
"""What an event does to the errand, and what holds afterwards: whether it came before the due time."""


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.thorough)], ids=["some", "all"])
@pytest.mark.parametrize("event_first", [True, False], ids=["event first", "due first"])
@pytest.mark.parametrize("name", EVENTS)
def test_every_interleaving_of_an_event_and_a_due_time_has_one_outcome(
    name: str, event_first: bool, step: int, stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    (web, dispatcher), (act, require) = stores, EVENTS[name]
    watch(monkeypatch, *stores)

    def transactions(key: str, at: int, other: int) -> tuple[Transaction, Transaction]:
        """The first and the second."""
        gates = (at, other) if event_first else (other, at)
        both = Transaction(web, act(key), gates[0]), Transaction(dispatcher, due, gates[1])
        return both if event_first else both[::-1]

    waiting(web, "alone", 10**6)
    last = transactions("alone", NOWHERE, NOWHERE)[0].statements()
    with dispatcher.transaction() as connection:
        due(connection)
    outcomes: dict[tuple[int, int], bool] = {}
    together: set[tuple[int, int]] = set()
    for at in sorted({*range(1, last, step), last}):
        for other in count(1, step):
            number = waiting(web, f"cart:{at}:{other}", 1000 * at + other)
            first, second = transactions(f"cart:{at}:{other}", at, other)
            if interleave(first, second):
                together.add((at, other))
            begun = cast(Begun, (second if event_first else first).found)
            with dispatcher.transaction() as connection:
                begun += due(connection)
            event_won = require(web, number, begun)
            if not second.gate.reached:
                assert other > step, "it has statements"
                break
            outcomes[at, other] = event_won
    assert {won for (at, _), won in outcomes.items() if at == last} == {event_first}
    if web.embedded:
        assert (together, set(outcomes.values())) == (set(), {event_first})
    else:
        assert together >= {(at, 1) for at, _ in outcomes}
        assert set(outcomes.values()) == {True, False}


@pytest.mark.thorough_on_postgres
def test_cancellations_and_due_times_at_random_have_one_outcome_each(stores: tuple[Store, Store]) -> None:
    web, dispatcher = stores
    random, outcomes = Random(7), set()
    for turn in range(RACES):
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


def test_webhooks_and_dispatchers_on_few_errands_never_wait_for_each_other_in_a_ring(
    database_url: str,
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
    stop.wait(RACES / 100)
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
