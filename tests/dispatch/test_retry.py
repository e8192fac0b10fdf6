from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dispatch.policy.retry import BACKOFF, LANE_PATIENCE, TRIES, Step, next_step, wait
from bridge.model import (
    Account,
    Attempt,
    BotStart,
    Call,
    OnUncertain,
    Order,
    Outcome,
    Recipient,
    State,
)
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from tests.support.reasons import because

NOW = 1_700_000_000_000
WHY = because("why")
ACCOUNT = Account("main", "token")
START = BotStart("paid", 0, "main", Recipient(subscriber_id=7), 4512)
CALL = Call(
    id=1,
    event_id=1,
    source="shop",
    start=START,
    state=State.SENDING,
    attempt=1,
    answered=0,
    resends=0,
    parent=0,
    owner="w1",
    created_at=NOW - 1000,
    due_at=NOW - 1000,
    expires_at=NOW + 86_400_000,
    lease_until=NOW + 60_000,
)


def showing(outcome: Outcome, status: int | None = 500, retry_after: float | None = None) -> Attempt:
    return Attempt(NOW - 50, NOW, outcome, WHY, "complete", status=status, retry_after=retry_after)


def step(call: Call, attempt: Attempt, account: Account = ACCOUNT, random: float = 1.0) -> Step:
    return next_step(call, attempt, account, NOW, lambda: random)


def test_done_and_refused_are_final() -> None:
    assert step(CALL, showing(Outcome.DONE, 200)) == Step(State.DONE, WHY, NOW, answered=True)
    assert step(CALL, showing(Outcome.REFUSED, 422)) == Step(State.REFUSED, WHY, NOW, answered=True)


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 1), (1, 2), (2, 5), (3, 15), (4, 60), (5, 300), (6, 900), (7, 900), (18, 900)]
)
def test_a_retry_waits_at_most_the_back_off_of_its_number(tries: int, seconds: int) -> None:
    assert step(replace(CALL, answered=tries), showing(Outcome.RETRY)).due_at == NOW + seconds * 1000


def test_the_jitter_is_full() -> None:
    assert step(CALL, showing(Outcome.RETRY), random=0.0).due_at == NOW
    assert step(CALL, showing(Outcome.RETRY), random=0.25).due_at == NOW + 250


def test_a_server_that_asks_for_time_gets_it() -> None:
    assert step(CALL, showing(Outcome.RETRY, 503, 30.0)).due_at == NOW + 30_000
    assert step(replace(CALL, answered=4), showing(Outcome.RETRY, 503, 30.0)).due_at == NOW + 60_000


def test_the_twentieth_answered_try_is_the_last() -> None:
    last = replace(CALL, answered=TRIES - 1)
    assert step(last, showing(Outcome.RETRY)) == Step(
        State.EXHAUSTED, Reason(CallCode.TRIES, tries=20, last=WHY), NOW, answered=True
    )
    assert step(replace(CALL, answered=TRIES - 2), showing(Outcome.RETRY)).state is State.QUEUED


def test_a_try_without_an_answer_exhausts_nothing() -> None:
    assert step(replace(CALL, answered=TRIES + 5), showing(Outcome.RETRY, None)).state is State.QUEUED


def test_a_call_whose_next_try_would_come_too_late_expires() -> None:
    late = replace(CALL, expires_at=NOW + 1000)
    assert step(late, showing(Outcome.RETRY)) == Step(
        State.EXPIRED, Reason(CallCode.TOO_LATE, last=WHY), NOW + 1000, answered=True
    )
    assert step(late, showing(Outcome.RETRY), random=0.99).state is State.QUEUED


def test_a_paused_account_costs_the_call_no_try() -> None:
    assert step(CALL, showing(Outcome.PAUSE, 401)) == Step(State.QUEUED, WHY, NOW + 1000)


def test_a_paused_account_does_not_keep_a_call_beyond_its_end() -> None:
    assert step(replace(CALL, expires_at=NOW), showing(Outcome.PAUSE, 401)).state is State.EXPIRED


@pytest.mark.parametrize(
    ("rule", "account", "state"),
    [
        (None, "hold", State.UNCERTAIN),
        (None, "resend", State.QUEUED),
        ("hold", "resend", State.UNCERTAIN),
        ("resend", "hold", State.QUEUED),
    ],
)
def test_an_uncertain_call_follows_the_rule_before_the_account(
    rule: OnUncertain | None, account: OnUncertain, state: State
) -> None:
    call = replace(CALL, start=replace(START, on_uncertain=rule))
    assert step(call, showing(Outcome.UNCERTAIN), replace(ACCOUNT, on_uncertain=account)).state is state


def test_an_uncertain_call_is_resent_once_and_says_so() -> None:
    account = replace(ACCOUNT, on_uncertain="resend")
    assert step(CALL, showing(Outcome.UNCERTAIN, None), account) == Step(
        State.QUEUED, Reason(CallCode.RESENT_ITSELF, reason=WHY), NOW + 1000, NOW + LANE_PATIENCE, resend=True
    )
    assert step(replace(CALL, resends=1), showing(Outcome.UNCERTAIN, None), account) == Step(
        State.UNCERTAIN, WHY, NOW
    )


def test_an_uncertain_call_is_not_resent_after_its_end_and_stays_in_sight() -> None:
    account = replace(ACCOUNT, on_uncertain="resend")
    assert (
        step(replace(CALL, expires_at=NOW), showing(Outcome.UNCERTAIN, None), account).state
        is State.UNCERTAIN
    )


@pytest.mark.parametrize(("order", "holds"), [("relaxed", NOW + 600_000), ("strict", None), ("none", 0)])
def test_the_first_retry_decides_how_long_the_recipient_waits(order: Order, holds: int | None) -> None:
    call = replace(CALL, start=replace(START, order=order))
    assert step(call, showing(Outcome.RETRY)).holds_until == holds
    assert step(replace(call, answered=1), showing(Outcome.RETRY)).holds_until is None


@given(st.integers(0, 40), st.one_of(st.none(), st.floats(1, 3600)), st.floats(0, 1, exclude_max=True))
def test_no_wait_is_longer_than_asked_for(tries: int, retry_after: float | None, random: float) -> None:
    waited = wait(tries, retry_after, lambda: random)
    longest = max(BACKOFF[min(tries, 6)], retry_after or 0)
    assert 1000 * (retry_after or 0) - 1 <= waited <= 1000 * longest + 1
