"""The moments of a call's life, in their order."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.model import Outcome, State
from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.reports.audit import Action
from bridge.store.reports.call_views import TriedCall, call
from bridge.web.console.view.timeline import moments_of_call
from tests.store.given import attempt, owe, start


def tried(store: Store, state: State, **more: Any) -> TriedCall:
    (number,) = owe(store, start())
    with store.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE calls SET state = '{state}', owner = 'me', created_at = 0")
        found = call(connection, number)
    values = {"sent_at": 0, "settled_at": 0, "held_by": 0, "attempts": (), "actions": (), **more}
    return TriedCall(found.call, **values)


def kinds(one: TriedCall) -> list[str]:
    return [moment.kind for moment in moments_of_call(one)]


def test_attempts_and_decisions_come_in_the_order_of_time(store: Store) -> None:
    retry, doubt = attempt(Outcome.RETRY, ended_at=10), attempt(Outcome.UNCERTAIN, ended_at=20)
    word = Action(1, 15, "anna", Reason(ActionCode.RESEND), "", "call", "1")
    one = tried(store, State.UNCERTAIN, attempts=((1, retry), (2, doubt)), actions=(word,))
    assert [(moment.kind, moment.at) for moment in moments_of_call(one)] == [
        ("made", 0), ("attempt", 10), ("action", 15), ("attempt", 20)
    ]  # fmt: skip


@pytest.mark.parametrize("state", [State.EXPIRED, State.CANCELLED, State.UNCERTAIN, State.EXHAUSTED])
def test_an_end_that_no_attempt_and_nobody_tells_is_a_moment_of_its_own(store: Store, state: State) -> None:
    assert kinds(tried(store, state, settled_at=30)) == ["made", "ended"]


@pytest.mark.parametrize("state", [State.QUEUED, State.CLAIMED, State.SENDING])
def test_a_call_under_way_has_no_end(store: Store, state: State) -> None:
    assert kinds(tried(store, state)) == ["made"]


def test_the_last_attempt_tells_the_end(store: Store) -> None:
    assert kinds(tried(store, State.DONE, attempts=((1, attempt()),))) == ["made", "attempt"]
