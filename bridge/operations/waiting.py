"""Says what calls wait for, and what the cancellations of errands did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bridge.language.zones import zone_names
from bridge.mapping.rules.due import shown_due
from bridge.model import Call, State
from bridge.operations.times import ago
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason
from bridge.store.queue.effects import Effect
from bridge.store.reports.cancellations import Cancelled
from bridge.text.times import clock

_DID: Final = {
    Effect.CANCELLED: ExplainCode.ENDED,
    Effect.TOO_LATE: ExplainCode.TOO_LATE_FOR,
    Effect.NOT_RETRIED: ExplainCode.NOT_RETRIED,
    Effect.NOT_RESENT: ExplainCode.NOT_RESENT,
}
"""What a cancellation did to calls, as its event's history says it."""
_HAPPENED: Final = {
    Effect.TOO_LATE: ExplainCode.CANCELLED_TOO_LATE,
    Effect.NOT_RETRIED: ExplainCode.CANCELLED_UNSENT,
    Effect.NOT_RESENT: ExplainCode.CANCELLED_IN_DOUBT,
}
"""What a cancellation did to a call that it did not end at once, as the call's history says it."""


def due_reason(call: Call, now: int) -> Reason | None:
    """When a call is due, or was, and in whose time zone; None for a call at once."""
    due = due_text(call)
    if due is None:
        return None
    zone = _zone(call)
    named = Reason(ExplainCode.IN_ZONE, zone=zone) if zone else None
    if call.state is not State.WAITING:
        return Reason(ExplainCode.DUE, due=due, zone=named)
    return Reason(ExplainCode.WAITS_UNTIL, due=due, zone=named, when=ago(call.first_due_at, now))


def due_text(call: Call) -> str | None:
    """When a call is due, or was, as `try` shows it and tests write it; None for a call at once."""
    return shown_due(call.first_due_at, _zone(call)) if call.first_due_at else None


def _zone(call: Call) -> str:
    """The time zone that decided; empty if none did, or if this machine does not know it."""
    return call.start.zone if call.start.zone in zone_names() else ""


def call_reasons(call: Call, cancels: tuple[Cancelled, ...]) -> Iterator[Reason]:
    """What cancellations did to a call that they did not end at once."""
    for one in cancels:
        for affected in one.effects:
            if affected.call_id == call.id and affected.effect in _HAPPENED:
                yield Reason(_HAPPENED[affected.effect], event=one.event_id)


def cancel_reasons(one: Cancelled) -> Iterator[Reason]:
    """What a cancellation did, and until when it lasts."""
    shadow = Reason(ExplainCode.OF_SHADOW) if one.cancellation.shadow else None
    key = one.cancellation.key
    if not one.effects:
        yield Reason(ExplainCode.FOUND_NOTHING, key=key, shadow=shadow)
    for effect, code in _DID.items():
        numbers = tuple(str(call) for call, done in one.effects if done is effect)
        if numbers:
            yield Reason(code, count=len(numbers), calls=numbers, key=key, shadow=shadow)
    if one.cancellation.lasts:
        yield Reason(ExplainCode.LASTS, key=key, until=clock(one.until))
