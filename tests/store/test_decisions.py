from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from bridge.dispatch.maintenance import BY_POLICY
from bridge.errors import BridgeError
from bridge.model import Application, Call, Failure, State
from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.inbox import replays
from bridge.store.queue import decisions, sweep
from bridge.store.queue.decisions import Decider, WrongState
from bridge.store.reports import audit, call_views, event_views
from bridge.text.render import english
from tests.conftest import Clock
from tests.store.given import (
    ABSENT,
    NOW,
    claim,
    delivery,
    event,
    made,
    owe,
    rows,
    settle,
    settlement,
    start,
    take_in,
)

BY = Decider("anna", "the customer asked")


def uncertain(store: Store, **more: Any) -> int:
    (number,) = owe(store, start(7, **more))
    (call,) = claim(store)
    settle(store, settlement(call, "uncertain"))
    return number


def finished(store: Store, end: str = "refused", **more: Any) -> int:
    (number,) = owe(store, start(7, **more))
    (call,) = claim(store)
    settle(store, settlement(call, end))
    return number


def look(store: Store, number: int) -> call_views.TriedCall:
    with store.read() as connection:
        return call_views.call(connection, number)


def decide(store: Store, act: Callable[..., object], number: int, *more: object, **options: object) -> object:
    with store.transaction() as connection:
        return act(connection, store.now(connection), number, *more, **options)


def test_a_cancelled_call_says_by_whom_and_why(store: Store) -> None:
    (number,) = owe(store, start(7))
    decide(store, decisions.cancel, number, BY)
    found = look(store, number)
    assert (found.call.state, english(found.call.reason)) == (
        State.CANCELLED,
        "cancelled by anna: the customer asked",
    )
    assert found.actions == (
        audit.Action(1, NOW, "anna", Reason(ActionCode.CANCEL), "the customer asked", "call", str(number)),
    )


def test_cancelling_lets_the_next_call_of_the_recipient_go(store: Store, clock: Clock) -> None:
    first, second = owe(store, start(7, order="strict"), start(7))
    (call,) = claim(store)
    settle(store, settlement(call, "queued", due_at=clock.ms + 9_000_000))
    assert claim(store) == []
    decide(store, decisions.cancel, first, Decider("anna"))
    assert [one.id for one in claim(store)] == [second]
    assert english(look(store, first).call.reason) == "cancelled by anna"


@pytest.mark.parametrize("end", ["done", "cancelled"])
def test_an_uncertain_call_is_settled_by_a_person(end: str, store: Store) -> None:
    number = uncertain(store)
    decide(store, decisions.resolve, number, end, BY)
    found = look(store, number)
    assert (found.call.state, english(found.call.reason)) == (
        end,
        f"resolved as {end} by anna: the customer asked",
    )
    assert [english(one.what) for one in found.actions] == [f"resolve as {end}"]
    assert found.settled_at == NOW


def test_an_uncertain_call_is_sent_again_and_has_its_whole_time(store: Store, clock: Clock) -> None:
    number = uncertain(store, expires=3600)
    clock.advance(7200)
    with store.transaction() as connection:
        assert sweep.expire(connection, clock.ms) == 0
    decide(store, decisions.resend, number, BY)
    (call,) = claim(store)
    assert (call.id, call.resends, call.attempt, call.expires_at) == (number, 1, 2, clock.ms + 3_600_000)
    assert call.had_uncertain


def test_a_policy_resends_once(store: Store) -> None:
    number = uncertain(store)
    decide(store, decisions.resend, number, BY_POLICY, once=True)
    (call,) = claim(store)
    settle(store, settlement(call, "uncertain"))
    with pytest.raises(WrongState) as caught:
        decide(store, decisions.resend, number, Decider("the bridge"), once=True)
    assert caught.value.message == f"call {number} was resent before, expected at most once"
    decide(store, decisions.resend, number, BY)


@pytest.mark.parametrize("end", ["done", "refused", "exhausted", "expired"])
def test_a_finished_call_is_sent_again_as_a_new_one(end: str, store: Store) -> None:
    number = finished(store, end, variables=(("a", "1"),), forced=True)
    child = decide(store, decisions.send_again, number, BY)
    (call,) = claim(store)
    assert (call.id, call.parent, call.attempt) == (child, number, 1)
    assert call.start == start(7, variables=(("a", "1"),), forced=True)
    assert look(store, number).call.state == end
    assert [english(one.what) for one in look(store, number).actions] == [f"send again as call {child}"]


def test_a_call_is_sent_again_once_per_call(store: Store) -> None:
    number = finished(store)
    child = decide(store, decisions.send_again, number, BY)
    with pytest.raises(WrongState) as caught:
        decide(store, decisions.send_again, number, BY)
    assert caught.value.message == f"call {number} was sent again already, as call {child}"
    assert caught.value.hint == f"send call {child} again"
    assert len(rows(store, "SELECT * FROM calls")) == 2


def test_a_shadow_call_sent_again_is_sent_in_earnest(store: Store) -> None:
    (number,) = owe(store, start(7, shadow=True))
    assert claim(store) == []
    child = decide(store, decisions.send_again, number, BY)
    assert [call.id for call in claim(store)] == [child]


@pytest.mark.parametrize(
    ("act", "more", "message"),
    [
        (decisions.cancel, (), "call {} is refused and cannot be cancelled, expected queued or waiting"),
        (decisions.resolve, ("done",), "call {} is refused and cannot be resolved, expected uncertain"),
        (decisions.resend, (), "call {} is refused and cannot be resent, expected uncertain"),
    ],
)
def test_a_decision_that_does_not_fit_the_state_is_refused(
    act: Callable[..., object], more: tuple[str, ...], message: str, store: Store
) -> None:
    number = finished(store)
    with pytest.raises(WrongState) as caught:
        decide(store, act, number, *more, BY)
    assert caught.value.message == message.format(number)
    assert rows(store, "SELECT * FROM actions") == []


def test_a_call_that_goes_on_by_itself_is_not_sent_again(store: Store) -> None:
    (number,) = owe(store, start(7))
    with pytest.raises(WrongState) as caught:
        decide(store, decisions.send_again, number, BY)
    assert caught.value.message == (
        f"call {number} is queued and cannot be sent again, "
        "expected cancelled or done or exhausted or expired or refused"
    )


@pytest.mark.parametrize("act", [decisions.cancel, decisions.resend, decisions.send_again])
def test_a_decision_about_nothing_is_refused(act: Callable[..., object], store: Store) -> None:
    with pytest.raises(BridgeError) as caught:
        decide(store, act, 99, BY)
    assert (caught.value.message, caught.value.hint) == ("there is no call 99", "leadbridge calls lists them")


def replay(store: Store, made_now: Application) -> replays.Replayed:
    with store.transaction() as connection:
        return replays.replay(connection, NOW, 1, made_now, "newversion", BY)


def test_a_replay_adds_the_calls_that_were_missing_and_no_other(store: Store) -> None:
    failed = Application((start(7, rule="a"),), (Failure("b", 0, "bot_id", "$.x", ABSENT),), ())
    take_in(store, delivery((event(), failed)))
    mended = made(start(7, rule="a"), start(7, rule="b"), start(8, rule="b", item=1))
    assert replay(store, mended) == replays.Replayed((2, 3), 1)
    assert replay(store, mended) == replays.Replayed((), 3)
    with store.read() as connection:
        found = event_views.event(connection, 1)
        decided = audit.of(connection, "event", 1)
    assert (found.line.result, found.rules_version, found.failures) == ("matched", "newversion", ())
    assert found.verdicts == mended.verdicts
    assert [one.start.rule for one in calls_of(store)] == ["a", "b", "b"]
    assert [(one.who, english(one.what), one.why) for one in decided] == [
        ("anna", "replay", "the customer asked")
    ] * 2


def calls_of(store: Store) -> tuple[Call, ...]:
    with store.read() as connection:
        return call_views.calls_of(connection, 1)


def test_a_replay_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(BridgeError) as caught:
        replay(store, made())
    assert caught.value.message == "there is no event 1"


def test_a_decision_in_a_transaction_that_fails_is_not_written_down(store: Store) -> None:
    (number,) = owe(store, start(7))

    def fail(connection: Connection, now: int, call_id: int) -> None:
        decisions.cancel(connection, now, call_id, BY)
        raise ValueError("too late")

    with pytest.raises(ValueError, match="too late"):
        decide(store, fail, number)
    assert look(store, number).actions == ()
    assert look(store, number).call.state is State.QUEUED
