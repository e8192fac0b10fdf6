from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table

from bridge.errors import BridgeError
from bridge.model import Application, Failure, Match, Recipient, State, Verdict
from bridge.store.db.engine import Store
from bridge.store.db.tables import events as event_table
from bridge.store.reports import call_views, event_views, pagination
from bridge.store.reports.call_views import CallFilter
from bridge.store.reports.event_views import EventFilter, EventLine
from bridge.store.reports.pagination import Count, Listing, Page
from tests.conftest import Clock
from tests.store.given import (
    ABSENT,
    NOT_JSON,
    NOW,
    PING,
    VERIFIED,
    claim,
    delivery,
    event,
    made,
    owe,
    rows,
    sale,
    settle,
    settlement,
    start,
    take_in,
)

HOUR = 3_600_000
OTHER = Verdict("sold", Match.UNMATCHED, "$.x: 1", "absent")


def events(store: Store, before: int | None = None, limit: int = 50, **wanted: Any) -> Listing[EventLine]:
    with store.read() as connection:
        return event_views.page_of_events(connection, EventFilter(**wanted), Page(before, limit))


def event_ids(store: Store, **wanted: Any) -> list[int]:
    return [one.id for one in events(store, **wanted).items]


def call_ids(store: Store, before: int | None = None, limit: int = 50, **wanted: Any) -> list[int]:
    with store.read() as connection:
        found = call_views.page_of_calls(connection, CallFilter(**wanted), Page(before, limit))
    return [one.id for one in found.items]


def test_a_line_shows_an_event_and_its_calls(store: Store) -> None:
    take_in(store, sale("p1", start(7), start(8, item=1)))
    (line,) = events(store).items
    assert line == EventLine(
        1,
        "shop",
        "p1",
        "paid",
        NOW,
        "matched",
        None,
        VERIFIED,
        "203.0.113.7",
        ((1, State.QUEUED), (2, State.QUEUED)),
        0,
        "[]",
    )


def test_pages_go_from_new_to_old_without_gap_or_repeat(store: Store) -> None:
    take_in(store, *(sale(f"p{n}", start(n + 1)) for n in range(25)))
    seen: list[int] = []
    before: int | None = None
    while True:
        found = events(store, before, 10)
        seen += [one.id for one in found.items]
        take_in(store, sale(f"meanwhile {len(seen)}"))
        if found.more is None:
            break
        before = found.more
    assert seen == list(range(25, 0, -1))


def test_a_full_last_page_has_no_next_one(store: Store) -> None:
    take_in(store, *(sale(f"p{n}") for n in range(3)))
    assert events(store, limit=3).more is None
    assert events(store, limit=2).more == 2


def filled(store: Store) -> None:
    failed = Application((), (Failure("a", 0, "bot_id", "$.x", ABSENT),), (Verdict("a", Match.FAILED), OTHER))
    take_in(
        store,
        sale("p1", start(7), document={"name": "Иван", "discount": "50%"}),
        delivery((event("p2", received_at=NOW), failed), received_at=NOW + HOUR),
        delivery((event("c1", "crm", type="lead"), made()), received_at=NOW + 3 * HOUR),
        delivery(source="crm", unreadable=NOT_JSON, received_at=NOW + 5 * HOUR),
    )


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [4, 3, 2, 1]),
        ({"source": "crm"}, [4, 3]),
        ({"type": "lead"}, [3]),
        ({"result": "failed"}, [2]),
        ({"result": "unreadable"}, [4]),
        ({"source": "crm", "result": "failed"}, []),
        ({"result": "matched"}, [1]),
        ({"result": "unmatched"}, [3]),
        ({"result": "unmatched", "source": "shop"}, []),
        ({"type": "paid", "result": "failed"}, [2]),
        ({"type": "paid", "source": "shop"}, [2, 1]),
        ({"type": "paid", "source": "crm"}, []),
        ({"type": "never"}, []),
        ({"rule": "sold"}, [1]),
        ({"rule": "a"}, [2]),
        ({"rule": "sol"}, []),
        ({"rule": "sold", "source": "crm"}, []),
        ({"since": NOW + HOUR}, [4, 3, 2]),
        ({"since": NOW + HOUR + 1}, [4, 3]),
        ({"until": NOW + HOUR}, [1]),
        ({"since": NOW, "until": NOW + 3 * HOUR}, [2, 1]),
        ({"since": NOW + 9 * HOUR}, []),
        ({"until": NOW}, []),
        ({"search": "p2"}, [2]),
        ({"search": "Иван"}, [1]),
        ({"search": "0%"}, [1]),
        ({"search": "5%"}, []),
        ({"search": "iscoun_"}, []),
        ({"search": "\\"}, []),
        ({"search": "nowhere"}, []),
    ],
)
def test_events_are_filtered(wanted: dict[str, Any], ids: list[int], store: Store) -> None:
    filled(store)
    assert event_ids(store, **wanted) == ids


def test_a_type_is_found_in_the_order_of_ids_across_sources(store: Store) -> None:
    take_in(store, *(sale(f"p{n}", source=f"s{n % 3}", type="x" if n % 2 else "y") for n in range(1, 31)))
    seen: list[int] = []
    before: int | None = None
    while before is not None or not seen:
        found = events(store, before, 4, type="x")
        seen += [one.id for one in found.items]
        before = found.more
    assert seen == list(range(29, 0, -2))


def test_a_rare_value_is_searched_in_bounded_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "SEARCHED", 10)
    monkeypatch.setattr(pagination, "STEP", 3)
    monkeypatch.setattr(pagination, "PATIENCE_S", 60)
    rare = delivery((event("rare"), made(start(7, rule="rare"))), received_at=NOW - 5)
    take_in(store, rare, *(sale(f"p{n}") for n in range(1, 26)))
    found: list[Listing[EventLine]] = []
    before: int | None = None
    while before is not None or not found:
        found.append(events(store, before, rule="rare", source="shop"))
        before = found[-1].more
    assert [one.more for one in found] == [17, 7, None]
    assert [one.reached_at for one in found] == [NOW, NOW, None]
    assert [line.id for one in found for line in one.items] == [1]


def test_purged_rows_are_not_searched(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "SEARCHED", 10)
    take_in(store, *(sale(f"p{n}") for n in range(1, 31)))
    with store.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM events WHERE id <= 25")
    assert events(store, result="matched") == Listing(())


def test_all_events_can_be_read_through_oldest_first(store: Store) -> None:
    filled(store)
    with store.read() as connection:
        first = event_views.scan(connection, EventFilter(), 0, 3)
        rest = event_views.scan(connection, EventFilter(), first[-1].line.id, 3)
    assert [one.line.id for one in (*first, *rest)] == [1, 2, 3, 4]
    assert [one.event is None for one in (*first, *rest)] == [False, False, False, True]


def test_an_event_that_is_not_there_is_said_so(store: Store) -> None:
    with pytest.raises(BridgeError) as caught, store.read() as connection:
        event_views.event(connection, 5)
    assert (caught.value.message, caught.value.hint) == (
        "there is no event 5",
        "leadbridge events lists them",
    )


def queued(store: Store, clock: Clock) -> None:
    owe(store, start(7, rule="a"), start(8, account="other", bot_id=99))
    clock.advance(7200)
    messenger = Recipient(user_id="u1", channel_id="c1")
    owe(store, start(0, recipient=messenger, variables=(("name", "Пётр"),)), start(7, rule="b"))
    call = next(one for one in claim(store) if one.id == 1)
    settle(store, settlement(call, "done"))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [4, 3, 2, 1]),
        ({"source": "shop"}, [4, 3, 2, 1]),
        ({"source": "crm"}, []),
        ({"rule": "b"}, [4]),
        ({"account": "other"}, [2]),
        ({"recipient": "7"}, [4, 1]),
        ({"recipient": "subscriber:8"}, [2]),
        ({"recipient": "messenger:c1/u1"}, [3]),
        ({"states": (State.DONE,)}, [1]),
        ({"states": (State.DONE, State.QUEUED)}, [4, 2, 1]),
        ({"states": (State.DONE, State.QUEUED, State.DONE), "account": "main"}, [4, 1]),
        ({"event_id": 3}, [3]),
        ({"since": NOW + 1}, [4, 3]),
        ({"until": NOW + 7_200_000}, [2, 1]),
        ({"search": "Пётр"}, [3]),
        ({"search": '"bot_id":99', "states": (State.QUEUED,)}, [2]),
        ({"search": '"bot_id":99', "states": (State.DONE,)}, []),
        ({"rule": "sold"}, [3, 2]),
        ({"rule": "sold", "source": "shop", "states": (State.DONE, State.QUEUED)}, [2]),
        ({"rule": "sold", "states": (State.QUEUED, State.SENDING)}, [3, 2]),
        ({"rule": "sold", "source": "crm"}, []),
        ({"recipient": "7", "states": (State.DONE,)}, [1]),
        ({"recipient": "7", "rule": "b", "account": "main"}, [4]),
        ({"event_id": 3, "states": (State.DONE,)}, []),
    ],
)
def test_calls_are_filtered(wanted: dict[str, Any], ids: list[int], store: Store, clock: Clock) -> None:
    queued(store, clock)
    assert call_ids(store, **wanted) == ids
    with store.read() as connection:
        assert call_views.count_calls(connection, CallFilter(**wanted)) == Count(len(ids), exact=True)


def test_a_count_says_when_it_is_only_the_least_that_there_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "EXACT", 5)
    monkeypatch.setattr(pagination, "SEARCHED", 10)
    monkeypatch.setattr(pagination, "STEP", 4)
    monkeypatch.setattr(pagination, "PATIENCE_S", 60)
    owe(store, *(start(n, account="main" if n % 5 else "other") for n in range(1, 21)))

    def count(**wanted: Any) -> Count:
        with store.read() as connection:
            return call_views.count_calls(connection, CallFilter(**wanted))

    assert count(recipient="7") == Count(1, exact=True)
    assert count(states=(State.QUEUED,)) == Count(5, exact=False)
    assert count(account="other") == Count(2, exact=False)
    assert count(account="main") == Count(5, exact=False)
    assert count(account="other", event_id=5) == Count(1, exact=True)
    # The index of rules counts a source whole, however far down its calls are.
    monkeypatch.setattr(pagination, "EXACT", 50)
    assert count(source="shop") == Count(20, exact=True)
    monkeypatch.setattr(pagination, "SEARCHED", 50)
    assert count(account="other") == Count(4, exact=True)
    monkeypatch.setattr(pagination, "PATIENCE_S", -1)
    assert count(account="other") == Count(1, exact=False)


def test_pages_of_several_states_have_no_gap_or_repeat(store: Store) -> None:
    owe(store, *(start(n) for n in range(1, 21)))
    for call in claim(store)[::2]:
        settle(store, settlement(call))
    states = (State.SENDING, State.DONE)
    seen: list[int] = []
    for _ in range(7):
        seen += call_ids(store, seen[-1] if seen else None, 3, states=states)
    assert seen == list(range(20, 0, -1))


def test_calls_are_counted_by_state(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    queued(store, clock)
    with store.read() as connection:
        found = call_views.count_by_state(connection)
        others = call_views.count_by_state(connection, "other")
    assert {state: many for state, many in found.items() if many} == {
        State.QUEUED: 2,
        State.SENDING: 1,
        State.DONE: 1,
    }
    assert set(found) == set(State)
    assert {state: many for state, many in others.items() if many} == {State.QUEUED: 1}
    monkeypatch.setattr(pagination, "EXACT", 1)
    with store.read() as connection:
        assert call_views.count_by_state(connection)[State.QUEUED] == 2


def test_a_waiting_call_says_for_which(store: Store) -> None:
    first, second = owe(store, start(7), start(7))
    claim(store)
    with store.read() as connection:
        assert call_views.call(connection, second).held_by == first
        with pytest.raises(BridgeError) as caught:
            call_views.call(connection, 9)
    assert caught.value.message == "there is no call 9"


def test_the_first_id_of_a_moment_is_found_in_spite_of_gaps(store: Store) -> None:
    take_in(store, *(delivery(ignored=PING, received_at=NOW + n * 1000) for n in range(50)))
    with store.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM events WHERE id BETWEEN 10 AND 40 OR id < 3")
    table = pages_table()
    with store.read() as connection:
        found = [
            pagination.first_id_at(connection, table, table.c.received_at, NOW + n * 1000)
            for n in (0, 5, 20, 45, 60)
        ]
    assert found == [3, 6, 10, 46, 51]
    assert rows(store, "SELECT min(id), max(id) FROM events") == [(3, 50)]


def pages_table() -> Table:
    return event_table
