from __future__ import annotations

import pytest

from bridge.model import FINAL, State
from bridge.store.db.engine import Store
from bridge.store.inbox.purge import Purged, purge
from bridge.store.reports import event_views
from tests.conftest import Clock
from tests.store.given import (
    NOT_JSON,
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

DAY = 86_400


def bodies(store: Store) -> list[int]:
    return [row[0] for row in rows(store, "SELECT id FROM events WHERE body IS NOT NULL ORDER BY id")]


def in_state(store: Store, state: State, settled_at: int) -> None:
    with store.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE calls SET state = '{state}', settled_at = {settled_at}, owner = 'x'"
        )


def test_bodies_go_after_thirty_days_and_rows_after_ninety(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1", start(7)), delivery(unreadable=NOT_JSON))
    (call,) = claim(store)
    settle(store, settlement(call))
    clock.advance(30 * DAY)
    assert purge(store) == Purged(0, 0, 1)
    clock.advance(0.001)
    assert purge(store) == Purged(2, 0, 0)
    assert bodies(store) == []
    with store.read() as connection:
        found = event_views.event(connection, 1)
    assert (found.event, found.request, found.line.key, found.line.result) == (None, None, "p1", "matched")
    assert purge(store) == Purged()
    clock.advance(60 * DAY)
    assert purge(store) == Purged(0, 2, 0)
    for table in ("events", "calls", "attempts", "dedup"):
        assert rows(store, f"SELECT * FROM {table}") == []


@pytest.mark.parametrize("state", [one for one in State if one not in FINAL])
def test_what_is_not_final_is_never_purged(state: State, store: Store, clock: Clock) -> None:
    owe(store, start(7))
    in_state(store, state, 0)
    clock.advance(1000 * DAY)
    assert purge(store) == Purged(0, 0, 1)
    assert bodies(store) == [1]


@pytest.mark.parametrize("state", sorted(FINAL))
def test_every_final_call_is_purged_in_time(state: State, store: Store, clock: Clock) -> None:
    owe(store, start(7))
    in_state(store, state, clock.ms)
    clock.advance(91 * DAY)
    assert purge(store).events == 1


def test_the_days_count_from_when_the_last_call_ended(store: Store, clock: Clock) -> None:
    owe(store, start(7))
    clock.advance(29 * DAY)
    in_state(store, State.DONE, clock.ms)
    clock.advance(29 * DAY)
    assert purge(store).bodies == 0
    clock.advance(2 * DAY)
    assert purge(store).bodies == 1


def test_the_bytes_of_a_batch_stay_until_its_last_event_is_finished(store: Store, clock: Clock) -> None:
    take_in(store, delivery((event("a"), made()), (event("b"), made(start(7))), (event("c"), made())))
    clock.advance(91 * DAY)
    assert purge(store, row_days=1000).bodies == 1
    assert bodies(store) == [1]
    in_state(store, State.CANCELLED, clock.ms - 31 * DAY * 1000)
    assert purge(store, row_days=1000).bodies == 2
    assert bodies(store) == []


def test_the_event_that_holds_the_bytes_outlives_those_that_need_them(store: Store, clock: Clock) -> None:
    take_in(store, delivery((event("a"), made()), (event("b"), made(start(7))), (event("c"), made())))
    clock.advance(91 * DAY)
    assert purge(store).events == 1
    assert rows(store, "SELECT id FROM events ORDER BY id") == [(1,), (2,)]
    with store.read() as connection:
        assert event_views.event(connection, 2).request is not None


def test_more_than_one_step_takes_is_purged_too(store: Store, clock: Clock) -> None:
    take_in(store, *(sale(f"p{n}") for n in range(700)))
    clock.advance(91 * DAY)
    assert purge(store) == Purged(700, 700, 700)


def test_other_days_can_be_asked_for(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1"))
    clock.advance(2 * DAY)
    assert purge(store, body_days=1, row_days=3) == Purged(1, 0, 0)
    clock.advance(1.001 * DAY)
    assert purge(store, body_days=1, row_days=3) == Purged(0, 1, 0)
