from __future__ import annotations

import pytest

from bridge.model import State
from bridge.store.db.engine import Store
from bridge.store.queue import accounts
from bridge.store.reports import queue_stats
from bridge.store.reports.queue_stats import QueueStats
from tests.conftest import Clock
from tests.store.given import (
    NOW,
    cancel,
    claim,
    later,
    owe,
    paid,
    sale,
    settle,
    settlement,
    start,
    take_in,
)


def look(store: Store) -> QueueStats:
    with store.read() as connection:
        return queue_stats.count(connection, store.now(connection))


@pytest.fixture(autouse=True)
def known(store: Store) -> None:
    with store.transaction() as connection:
        accounts.ensure(connection, ["main", "other"])


def test_an_empty_store_has_empty_queues(store: Store) -> None:
    found = look(store)
    assert [(queue.account.name, queue.queued, queue.oldest_ms, queue.late_ms) for queue in found.queues] == [
        ("main", 0, 0, 0),
        ("other", 0, 0, 0),
    ]
    assert set(found.states.values()) == {0}
    assert found.queued == 0


def test_queued_calls_are_counted_by_account_with_the_wait_of_the_first(store: Store, clock: Clock) -> None:
    owe(store, start(1))
    clock.advance(5)
    owe(store, start(1), start(2), start(3, account="other"))
    clock.advance(2.5)
    found = {queue.account.name: queue for queue in look(store).queues}
    assert (found["main"].queued, found["main"].oldest_ms, found["main"].late_ms) == (3, 7500, 7500)
    assert (found["other"].queued, found["other"].oldest_ms) == (1, 2500)


def test_calls_that_wait_for_another_of_their_recipient_count_too(store: Store) -> None:
    owe(store, start(1), start(1), start(1))
    assert len(claim(store)) == 1
    assert (look(store).queued, look(store).states[State.SENDING]) == (2, 1)


def test_open_calls_are_counted_by_state_and_final_ones_are_not(store: Store) -> None:
    owe(store, start(1), start(2), start(3))
    one, two, _ = claim(store)
    settle(store, settlement(one, "done"), settlement(two, "uncertain"))
    assert dict(look(store).states) == {
        State.CLAIMED: 0,
        State.SENDING: 1,
        State.UNCERTAIN: 1,
    }


def test_a_call_in_back_off_is_not_late(store: Store, clock: Clock) -> None:
    owe(store, start(1))
    (call,) = claim(store)
    settle(store, settlement(call, "queued", due_at=clock.ms + 60_000))
    clock.advance(10)
    (queue, _) = look(store).queues
    assert (queue.queued, queue.oldest_ms, queue.late_ms) == (1, 10_000, 0)


def test_waiting_calls_are_counted_by_source_and_the_due_ones_by_delay(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(after=60)), sale("b", later(after=90), source="crm"), sale("c", start(1)))
    waiting = look(store).waiting
    assert (waiting.sources, waiting.many) == ({"shop": 1, "crm": 1}, 2)
    assert (waiting.due, waiting.due_at, waiting.late_ms(clock.ms)) == (0, NOW + 60_000, 0)
    clock.advance(100)
    waiting = look(store).waiting
    assert (waiting.due, waiting.late_ms(clock.ms)) == (2, 40_000)


def test_cancelled_calls_are_counted_by_what_cancelled_them(store: Store) -> None:
    take_in(
        store,
        sale("a", later(key="cart:1")),
        sale("b", later(key="cart:1")),
        paid("c", cancel("cart:1", lasts=60)),
        sale("d", later(key="cart:1")),
        sale("e", later(key="cart:2", again="keep"), later(key="cart:2", again="keep", item=1)),
        sale("f", later(after=-5, late="skip")),
    )
    assert look(store).waiting.cancelled == {
        ("shop", "cancelled:replaced"): 1,
        ("shop", "cancelled:event"): 1,
        ("shop", "cancelled:mark"): 1,
        ("shop", "cancelled:kept"): 1,
        ("shop", "cancelled:late"): 1,
    }
