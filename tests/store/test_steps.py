"""The state machine as a table: every step that is allowed, and every other one refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from bridge.model import FINAL, Call, Outcome, State
from bridge.store.db.engine import Store
from bridge.store.queue import calls, claims, decisions, release, sweep
from bridge.store.queue.calls import Settlement
from bridge.store.queue.decisions import Decider, WrongState
from bridge.store.reports import call_views
from tests.conftest import Clock
from tests.store.given import NOW, attempt, claim, owe, rows, settle, settlement, start, state
from tests.support.reasons import because

BY = Decider("anna", "the customer asked")
LATER = NOW + 2 * 86_400_000
Step = Callable[[Connection, Call], object]


def settling(end: State) -> Step:
    return lambda connection, call: calls.settle(connection, NOW, [settlement(call, end.value, due_at=NOW)])


STEPS: dict[str, Step] = {
    "claim": lambda connection, call: claims.claim(connection, NOW, "you", [call.id]),
    "lapse": lambda connection, _: sweep.recover(connection, LATER),
    "release": lambda connection, _: release.release(connection, NOW),
    "send now": lambda connection, call: decisions.send_now(connection, NOW, call.id, BY),
    "expire": lambda connection, _: sweep.expire(connection, LATER),
    "cancel": lambda connection, call: decisions.cancel(connection, NOW, call.id, BY),
    "resolve done": lambda connection, call: decisions.resolve(connection, NOW, call.id, "done", BY),
    "resolve cancelled": lambda connection, call: decisions.resolve(
        connection, NOW, call.id, "cancelled", BY
    ),
    "resend": lambda connection, call: decisions.resend(connection, NOW, call.id, BY),
    **{f"settle {end}": settling(end) for end in State},
}

ALLOWED = {
    ("queued", "claim"): "sending",
    ("queued", "expire"): "expired",
    ("queued", "cancel"): "cancelled",
    ("waiting", "release"): "queued",
    ("waiting", "send now"): "queued",
    ("waiting", "expire"): "expired",
    ("waiting", "cancel"): "cancelled",
    ("claimed", "lapse"): "queued",
    ("sending", "lapse"): "uncertain",
    ("sending", "settle done"): "done",
    ("sending", "settle refused"): "refused",
    ("sending", "settle uncertain"): "uncertain",
    ("sending", "settle queued"): "queued",
    ("sending", "settle exhausted"): "exhausted",
    ("sending", "settle expired"): "expired",
    ("uncertain", "settle done"): "done",
    ("uncertain", "settle refused"): "refused",
    ("uncertain", "settle queued"): "queued",
    ("uncertain", "settle exhausted"): "queued",
    ("uncertain", "settle expired"): "queued",
    ("uncertain", "resend"): "queued",
    ("uncertain", "resolve done"): "done",
    ("uncertain", "resolve cancelled"): "cancelled",
}


def call_in(store: Store, name: str) -> Call:
    """A call that its owner `me` took through one claim, and that is now in the state of that name."""
    (number,) = owe(store, start(7))
    (call,) = claim(store)
    owned = name in ("claimed", "sending", "uncertain")
    lease = NOW + 60_000 if name in ("claimed", "sending") else 0
    settled = NOW if State(name) in FINAL else 0
    with store.transaction() as connection:
        connection.exec_driver_sql(
            f"UPDATE calls SET state = '{name}', owner = '{'me' if owned else ''}', lease_until = {lease}, "
            f"settled_at = {settled} WHERE id = {number}"
        )
    return call


def attempt_step(store: Store, step: Step, call: Call) -> None:
    try:
        with store.transaction() as connection:
            step(connection, call)
    except WrongState:
        pass


@pytest.mark.parametrize("name", [one.value for one in State])
def test_every_step_leads_where_the_table_says_or_nowhere(name: str, store: Store) -> None:
    found, expected = {}, {}
    for word, step in STEPS.items():
        call = call_in(store, name)
        before = rows(store, f"SELECT * FROM calls WHERE id = {call.id}")
        attempt_step(store, step, call)
        found[word] = state(store, call.id)
        expected[word] = ALLOWED.get((name, word), name)
        if (name, word) not in ALLOWED:
            assert rows(store, f"SELECT * FROM calls WHERE id = {call.id}") == before, word
        with store.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM calls")
    assert found == expected


@pytest.mark.parametrize("name", ["claimed", "sending", "uncertain"])
@pytest.mark.parametrize("wrong", [{"owner": "you"}, {"attempt": 2}, {"id": 99}], ids=str)
def test_a_step_of_another_owner_or_attempt_is_dropped(
    name: str, wrong: dict[str, object], store: Store
) -> None:
    call = call_in(store, name)
    before = rows(store, "SELECT * FROM calls")
    stranger = replace(call, **wrong)  # type: ignore[arg-type]  # one field at a time
    with store.transaction() as connection:
        assert calls.settle(connection, NOW, [settlement(stranger)]) == [None]
    assert rows(store, "SELECT * FROM calls") == before
    assert rows(store, "SELECT count(*) FROM attempts") == [(0,)]


def test_each_attempt_leaves_its_row(store: Store, clock: Clock) -> None:
    (number,) = owe(store, start(7))
    shown = [
        attempt(Outcome.RETRY, status=None, phase="connecting", content_type="", answer="", reason="refused"),
        attempt(Outcome.RETRY, status=503, retry_after=2.5, reason="503"),
        attempt(reason="ran \ud800 \0"),
    ]
    for one, end in zip(shown, ("queued", "queued", "done"), strict=True):
        (call,) = claim(store)
        settle(
            store,
            settlement(call, end, shown=one, due_at=clock.ms, answered=end == "done"),
        )
    with store.read() as connection:
        found = call_views.call(connection, number)
    assert found.attempts == ((1, shown[0]), (2, shown[1]), (3, shown[2]))
    assert (found.call.state, found.call.attempt, found.call.answered) == (State.DONE, 3, 1)
    assert (found.sent_at, found.settled_at) == (NOW, NOW)


def test_a_late_definite_answer_settles_an_uncertain_call(store: Store, clock: Clock) -> None:
    (number,) = owe(store, start(7))
    (call,) = claim(store)
    clock.advance(60)
    with store.transaction() as connection:
        lost, queued = sweep.recover(connection, clock.ms)
    assert ([one.id for one in lost], queued) == ([number], 0)
    assert settle(store, settlement(call, "uncertain")) == [False]
    assert settle(store, settlement(call, "done", answered=True)) == [True]
    with store.read() as connection:
        found = call_views.call(connection, number)
    assert (found.call.state, found.call.had_uncertain) == (State.DONE, True)
    assert [(n, one.outcome) for n, one in found.attempts] == [(1, Outcome.DONE)]


@pytest.mark.parametrize("over", ["expired", "exhausted"])
def test_a_late_answer_that_an_uncertain_call_did_not_run_counts_after_its_expiry(
    over: str, store: Store, clock: Clock
) -> None:
    (call_id,) = owe(store, start())
    (call,) = claim(store)
    clock.advance(61)
    with store.transaction() as connection:
        sweep.sweep(connection, clock.ms)
    assert state(store, call_id) == "uncertain"
    assert settle(store, settlement(call, over, due_at=clock.ms + 5)) == [True]
    assert state(store, call_id) == "queued"


def test_a_late_answer_after_a_resend_is_ignored(store: Store, clock: Clock) -> None:
    (number,) = owe(store, start(7))
    (call,) = claim(store)
    clock.advance(60)
    with store.transaction() as connection:
        sweep.recover(connection, clock.ms)
        decisions.resend(connection, clock.ms, number, BY)
    assert settle(store, settlement(call, "done")) == [False]
    assert state(store, number) == "queued"
    (second,) = claim(store)
    assert settle(store, settlement(call, "done")) == [False]
    assert (second.attempt, second.resends, second.had_uncertain) == (2, 1, True)


def test_a_resend_by_policy_is_one_step_and_counted(store: Store, clock: Clock) -> None:
    owe(store, start(7))
    (call,) = claim(store)
    settle(store, settlement(call, "queued", resend=True, due_at=clock.ms))
    (second,) = claim(store)
    assert (second.resends, second.had_uncertain, second.answered) == (1, True, 0)


def test_two_ends_of_one_attempt_count_once(store: Store) -> None:
    owe(store, start(7))
    (call,) = claim(store)
    assert settle(store, settlement(call, "done"), settlement(call, "refused")) == [True, False]
    assert rows(store, "SELECT state FROM calls") == [("done",)]
    assert rows(store, "SELECT outcome FROM attempts") == [("done",)]


def test_many_are_settled_each_by_its_own_guard(store: Store) -> None:
    owe(store, *(start(n) for n in range(1, 51)))
    claimed = claim(store)
    ends = [replace(settlement(call), owner="you" if call.id % 2 else "me") for call in claimed]
    assert settle(store, *ends) == [call.id % 2 == 0 for call in claimed]
    assert rows(store, "SELECT state, count(*) FROM calls GROUP BY state ORDER BY state") == [
        ("done", 25),
        ("sending", 25),
    ]


def test_nothing_to_do_is_no_error(store: Store) -> None:
    assert (settle(store), claim(store)) == ([], [])


def test_the_reason_and_the_next_time_are_kept_for_the_owner(store: Store, clock: Clock) -> None:
    (number,) = owe(store, start(7))
    (call,) = claim(store)
    one = Settlement(
        call.id,
        "me",
        1,
        attempt(Outcome.RETRY),
        State.QUEUED,
        because("503 from a proxy"),
        clock.ms + 5000,
        None,
        True,
    )
    settle(store, one)
    with store.read() as connection:
        found = call_views.call(connection, number).call
    assert (found.state, found.reason, found.due_at, found.answered, found.owner) == (
        State.QUEUED,
        because("503 from a proxy"),
        clock.ms + 5000,
        1,
        "",
    )
