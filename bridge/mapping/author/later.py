"""Says when a start is due, and which errand it belongs to or ends, for people who try rules."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.language.durations import written
from bridge.mapping.rules.due import UNLIMITED, shown_due
from bridge.model import BotStart, Cancellation
from bridge.reasons.explain import ExplainCode
from bridge.reasons.reason import Reason


def start_reasons(start: BotStart, received_at: int) -> Iterator[Reason]:
    """When the start is due, in whose zone, and its key; nothing for one at once without a key."""
    if start.due_at:
        due, zone = shown_due(start.due_at, start.zone), start.zone
        if start.is_skipped(received_at):
            yield Reason(ExplainCode.DUE_SKIPPED, due=due)
        elif start.due_at <= received_at:
            yield Reason(ExplainCode.DUE_PASSED, due=due)
        else:
            yield Reason(
                ExplainCode.DUE, due=due, zone=Reason(ExplainCode.IN_ZONE, zone=zone) if zone else None
            )
    errand = errand_reason(start)
    if errand:
        yield errand


def errand_reason(start: BotStart) -> Reason | None:
    """The key of the start, and what it means for earlier calls; None if it has none."""
    errand = start.errand
    if errand is None:
        return None
    replaces = errand.again == "replace" and start.due_at and errand.at_most < UNLIMITED
    most = Reason(ExplainCode.PUT_OFF, most=written(errand.at_most)) if replaces else None
    return Reason(ExplainCode.KEYED, key=errand.key, again=errand.again, most=most)


def cancel_reason(one: Cancellation) -> Reason:
    """Which errand ends, and for how long."""
    if one.lasts:
        return Reason(ExplainCode.ENDS_FOR, key=one.key, lasts=written(one.lasts))
    return Reason(ExplainCode.ENDS, key=one.key)
