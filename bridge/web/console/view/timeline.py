"""What happened to an event or a call, in the order of time, as a list of moments to show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bridge.model import FINAL, Attempt, State
from bridge.operations.story import Story
from bridge.operations.waiting import call_reasons, cancel_reasons
from bridge.reasons.reason import Reason
from bridge.store.reports.audit import Action
from bridge.store.reports.call_views import TriedCall
from bridge.store.reports.cancellations import Cancelled
from bridge.web.console.view.display import tone

Kind: TypeAlias = Literal[
    "received", "verified", "judged", "made", "attempt", "cancels", "cancelled", "ended", "action"
]

_ICONS: Final = {
    "done": "check",
    "refused": "cross",
    "retry": "again",
    "uncertain": "alert",
    "pause": "pause",
}
_ENDED: Final = FINAL | {State.UNCERTAIN}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened. Times are unix milliseconds."""

    at: int
    kind: Kind
    tone: str
    icon: str
    call: TriedCall | None = None
    """Which call it happened to."""
    number: int = 0
    """Of an attempt."""
    attempt: Attempt | None = None
    action: Action | None = None
    cancelled: Cancelled | None = None
    reasons: tuple[Reason, ...] = ()
    """What the cancellation did."""


def moments_of_event(story: Story) -> tuple[Moment, ...]:
    """From the webhook to the answer of LeadConverter, oldest first."""
    at, result = story.stored.line.received_at, story.stored.line.result
    told = [Moment(at, "received", "info", "inbox"), Moment(at, "verified", "good", "shield")]
    told.append(Moment(at, "judged", tone(result), "rules"))
    for call in story.calls:
        told += moments_of_call(call)
    for cancel in story.cancels:
        did = tuple(cancel_reasons(cancel))
        told.append(Moment(cancel.at, "cancels", "info", "cross", cancelled=cancel, reasons=did))
    told += [Moment(one.at, "action", "info", "user", action=one) for one in story.actions]
    return _in_order(told)


def moments_of_call(tried: TriedCall) -> tuple[Moment, ...]:
    """From its making to its end, oldest first."""
    told = [Moment(tried.call.created_at, "made", "info", "send", tried)]
    for number, attempt in tried.attempts:
        icon = _ICONS[attempt.outcome]
        shown = Moment(attempt.ended_at, "attempt", tone(attempt.outcome), icon, tried, number, attempt)
        told.append(shown)
    told += [
        Moment(one.at, "cancelled", "warn", "alert", tried, cancelled=one, reasons=did)
        for one in tried.cancels
        if (did := tuple(call_reasons(tried.call, (one,))))
    ]
    told += [Moment(one.at, "action", "info", "user", tried, action=one) for one in tried.actions]
    return _in_order([*told, *_end(tried)])


def _end(tried: TriedCall) -> Iterator[Moment]:
    """How it ended, where neither an attempt nor a person's word tells it already."""
    state, last = tried.call.state, tried.attempts[-1:]
    if state not in _ENDED or tried.actions or any(one.outcome.value == state.value for _, one in last):
        return
    at = tried.settled_at or tried.sent_at or tried.call.created_at
    yield Moment(at, "ended", tone(state), "clock" if state is State.EXPIRED else "alert", tried)


def _in_order(told: Iterable[Moment]) -> tuple[Moment, ...]:
    return tuple(sorted(told, key=lambda one: one.at))
