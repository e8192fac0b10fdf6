"""What becomes of a call after an attempt. Pure: time and randomness come in as arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from bridge.model import Account, Attempt, Call, OnUncertain, Outcome, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason

BACKOFF: Final = (1, 2, 5, 15, 60, 300, 900)
"""Seconds that the next try waits at most, by tries so far; the last for all beyond.

With full jitter, tries 2 to 8 follow after 0.5, 1, 2.5, 7.5, 30, 150 and 450 s on average.
"""
TRIES: Final = 20
LANE_PATIENCE: Final = 600_000
"""Milliseconds for which a call in back-off holds its recipient's later calls under `order: relaxed`."""
PAUSE_PATIENCE: Final = 1_000
"""Milliseconds before a call of a paused account may be looked at again; the pause itself holds it."""


class Step(NamedTuple):
    """A call's next state. Times are unix milliseconds."""

    state: State
    reason: Reason | None
    due_at: int
    holds_until: int | None = None
    """Until when its recipient's later calls wait for it; None leaves that as it is."""
    answered: bool = False
    """This try counts towards the tries allowed."""
    resend: bool = False
    """It goes out again though it may have run: recorded, and done once by itself."""


def next_step(call: Call, attempt: Attempt, account: Account, now: int, random: Callable[[], float]) -> Step:
    """The step that follows an attempt. `random` gives numbers from 0 up to 1."""
    match attempt.outcome:
        case Outcome.DONE:
            return Step(State.DONE, attempt.reason, now, answered=True)
        case Outcome.REFUSED:
            return Step(State.REFUSED, attempt.reason, now, answered=True)
        case Outcome.UNCERTAIN:
            return after_uncertain(call, attempt, policy(call, account), now, random)
        case Outcome.PAUSE:
            return unless_expired(call, Step(State.QUEUED, attempt.reason, now + PAUSE_PATIENCE), now)
        case Outcome.RETRY:
            return after_failure(call, attempt, now, random)


def policy(call: Call, account: Account) -> OnUncertain:
    """What to do with an uncertain call: as its rule says, else as its account says."""
    return call.start.on_uncertain or account.on_uncertain


def after_uncertain(
    call: Call, attempt: Attempt, wanted: OnUncertain, now: int, random: Callable[[], float]
) -> Step:
    """Hold the call for a person, or send it again once where the owner asked for that."""
    if wanted == "hold" or call.resends:
        return Step(State.UNCERTAIN, attempt.reason, now)
    due = now + wait(call.answered, None, random)
    if due >= call.expires_at:
        return Step(State.UNCERTAIN, attempt.reason, now)
    reason = Reason(CallCode.RESENT_ITSELF, reason=attempt.reason)
    return Step(State.QUEUED, reason, due, hold(call, now), resend=True)


def after_failure(call: Call, attempt: Attempt, now: int, random: Callable[[], float]) -> Step:
    """Tried again later, until it expires or was answered often enough."""
    if call.answered + 1 >= TRIES and attempt.status is not None:
        reason = Reason(CallCode.TRIES, tries=TRIES, last=attempt.reason)
        return Step(State.EXHAUSTED, reason, now, answered=True)
    due = now + wait(call.answered, attempt.retry_after, random)
    step = Step(State.QUEUED, attempt.reason, due, hold(call, now), answered=True)
    return unless_expired(call, step, due)


def unless_expired(call: Call, step: Step, due: int) -> Step:
    """The step, or the end of a call whose next try would come too late."""
    if due < call.expires_at:
        return step
    reason = Reason(CallCode.TOO_LATE, last=step.reason)
    return Step(State.EXPIRED, reason, step.due_at, answered=step.answered)


def wait(tries: int, retry_after: float | None, random: Callable[[], float]) -> int:
    """Milliseconds to the next try: full jitter below the back-off, never sooner than the server asked."""
    backoff = BACKOFF[min(tries, len(BACKOFF) - 1)] * random()
    return round(1000 * (backoff if retry_after is None else max(backoff, retry_after)))


def hold(call: Call, now: int) -> int | None:
    """Set at the first retry and not moved by later ones, so that ten minutes are ten minutes in all."""
    if call.answered or call.resends or call.start.order == "strict":
        return None
    return now + LANE_PATIENCE if call.start.order == "relaxed" else 0
