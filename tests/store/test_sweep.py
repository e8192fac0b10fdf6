from __future__ import annotations

from bridge.model import WATCHDOG, Outcome, State
from bridge.store.db.engine import Store
from bridge.store.queue import sweep
from bridge.store.queue.sweep import Swept
from bridge.store.reports import call_views
from bridge.text.render import english
from tests.conftest import Clock
from tests.store.given import claim, leave_claimed, owe, rows, settle, settlement, start, states
from tests.support.reasons import read


def swept(store: Store) -> Swept:
    with store.transaction() as connection:
        return sweep.sweep(connection, store.now(connection))


def recovered(store: Store, *, everyone: bool) -> tuple[list[int], int]:
    with store.transaction() as connection:
        lost, queued = sweep.recover(connection, store.now(connection), everyone=everyone)
        return [call.id for call in lost], queued


def test_a_lapsed_claim_is_queued_again_at_no_cost(store: Store, clock: Clock) -> None:
    owe(store, start(7))
    leave_claimed(store, *claim(store))
    clock.advance(59.999)
    assert swept(store) == Swept()
    clock.advance(0.001)
    assert swept(store) == Swept(queued=1)
    (call,) = claim(store, owner="you")
    assert (call.attempt, call.answered, call.had_uncertain) == (2, 0, False)


def test_a_call_whose_sender_vanished_is_uncertain_and_never_queued(store: Store, clock: Clock) -> None:
    (number,) = owe(store, start(7))
    claim(store)
    clock.advance(60)
    found = swept(store)
    assert [one.id for one in found.uncertain] == [number]
    assert found.uncertain[0].state is State.SENDING
    with store.read() as connection:
        seen = call_views.call(connection, number)
    assert (seen.call.state, english(seen.call.reason), seen.call.had_uncertain) == (
        State.UNCERTAIN,
        "the process that sent it stopped or lost its lease: it may have run",
        True,
    )
    assert seen.call.owner == "me"
    ((attempt_number, shown),) = seen.attempts
    assert (attempt_number, shown.outcome, shown.status) == (1, Outcome.UNCERTAIN, None)
    assert (shown.started_at, shown.ended_at) == (clock.ms - 60_000, clock.ms)
    assert swept(store) == Swept()


def test_at_the_start_of_the_only_dispatcher_every_lease_is_void(store: Store) -> None:
    owe(store, start(7), start(8))
    _, second = claim(store)
    leave_claimed(store, second)
    assert recovered(store, everyone=False) == ([], 0)
    assert recovered(store, everyone=True) == ([1], 1)
    assert states(store) == {1: "uncertain", 2: "queued"}


def test_the_recipients_next_call_goes_when_a_lost_one_is_found(store: Store, clock: Clock) -> None:
    owe(store, start(7), start(7))
    claim(store)
    assert claim(store) == []
    clock.advance(60)
    swept(store)
    assert [one.id for one in claim(store)] == [2]


def test_queued_calls_expire(store: Store, clock: Clock) -> None:
    owe(store, start(7, expires=60), start(8, expires=60), start(9, expires=61), start(6, expires=60))
    claim(store, limit=1)
    clock.advance(59.999)
    assert swept(store).expired == 0
    clock.advance(0.001)
    assert swept(store).expired == 2
    assert states(store) == {1: "uncertain", 2: "expired", 3: "queued", 4: "expired"}
    ((reason, settled_at),) = rows(store, "SELECT reason, settled_at FROM calls WHERE id = 4")
    assert (read(reason), settled_at) == ("it expired before it could be sent", clock.ms)


def test_more_than_a_sweep_takes_is_left_for_the_next(store: Store, clock: Clock) -> None:
    owe(store, *(start(n, expires=60) for n in range(1, 6)))
    clock.advance(60)
    with store.transaction() as connection:
        assert sweep.expire(connection, clock.ms) == 5
        assert sweep.expire(connection, clock.ms) == 0


def test_a_held_call_is_released_when_the_one_before_it_no_longer_blocks(store: Store, clock: Clock) -> None:
    owe(store, start(7), start(7), start(7))
    (call,) = claim(store)
    assert claim(store) == []
    settle(store, settlement(call, "queued", due_at=clock.ms + 900_000, holds_until=clock.ms + 600_000))
    assert claim(store) == []
    clock.advance(600)
    assert swept(store).released == 1
    assert [one.id for one in claim(store)] == [2]


def test_calls_from_the_future_are_due_when_the_clock_was_set_back(store: Store, clock: Clock) -> None:
    owe(store, start(1), start(2))
    (claimed,) = claim(store, 1)
    clock.advance(-7200)
    with store.transaction() as connection:
        sweep.set_back(connection, clock.ms)
    (found,) = rows(store, "SELECT due_at FROM calls WHERE state = 'queued'")
    assert found == (clock.ms,)
    (lease,) = rows(store, f"SELECT lease_until FROM calls WHERE id = {claimed.id}")
    assert lease == (clock.ms + 60_000,)


def test_a_clock_that_was_not_set_back_changes_no_times(store: Store, clock: Clock) -> None:
    owe(store, start(1))
    (call,) = claim(store)
    settle(store, settlement(call, "queued", due_at=clock.ms + 900_000))
    with store.transaction() as connection:
        sweep.set_back(connection, clock.ms)
    assert rows(store, "SELECT due_at FROM calls") == [(clock.ms + 900_000,)]


def test_the_calls_of_one_dead_owner_are_recovered_with_the_cause(store: Store) -> None:
    owe(store, start(1), start(2), start(3))
    _, second = claim(store, limit=2, owner="dead")
    leave_claimed(store, second)
    claim(store, owner="alive")
    with store.transaction() as connection:
        lost, queued = sweep.recover(connection, store.now(connection), owner="dead", cause=WATCHDOG)
    assert ([one.id for one in lost], queued) == ([1], 1)
    assert states(store) == {1: "uncertain", 2: "queued", 3: "sending"}
    assert rows(store, "SELECT cause FROM calls WHERE id = 1") == [(WATCHDOG,)]
