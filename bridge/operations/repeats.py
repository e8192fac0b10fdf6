"""Shows how repeats differ from their events, and takes a repeat as a new event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from bridge.errors import BridgeError, DocumentError
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.mapping.rules.comparison import difference
from bridge.model import Application, Event, Request
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.store.inbox import known_events, repeats
from bridge.store.inbox.events import Delivery, accept
from bridge.store.inbox.repeats import Difference
from bridge.store.queue.decisions import Decider
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import repeat_views
from bridge.store.reports.event_views import StoredEvent, event
from bridge.store.reports.repeat_views import KeptRepeat
from bridge.webhook.source import BY_BODY

_CONTENT: Final[dict[Difference, Reason]] = {
    "none": Reason(WebhookCode.REPEAT_SAME),
    "content": Reason(WebhookCode.REPEAT_CONTENT),
    "outcome": Reason(WebhookCode.REPEAT_OUTCOME),
    "unknown": Reason(WebhookCode.REPEAT_UNKNOWN),
}


def content(one: KeptRepeat) -> Reason:
    """How the repeat differs from its event, or the event that was made from it."""
    if one.taken_as:
        return Reason(WebhookCode.REPEAT_TAKEN, event=str(one.taken_as))
    return _CONTENT[one.difference]


def lacks_id(stored: StoredEvent, sources: Mapping[str, MappingFile]) -> Reason | None:
    """Why a stored event is identified by its body although its source declares an id; None if it is not."""
    mapping = sources.get(stored.line.source)
    if mapping is None or stored.event is None or not stored.line.key.startswith(BY_BODY):
        return None
    return mapping.source.lacks_id(stored.event)


@dataclass(frozen=True, slots=True)
class Taking:
    """A repeat as a new event: what the current rules make of it."""

    repeat: KeptRepeat
    request: Request
    event: Event
    made: Application
    rules_version: str
    stored: int = 0
    """The number of the new event; 0 in a plan."""

    @property
    def calls(self) -> int:
        """How many calls it adds."""
        return len(self.made.starts)


def plan_taking(
    connection: Transaction, sources: Mapping[str, MappingFile], number: int, *, lock: bool = False
) -> Taking:
    """Plan the repeat as a new event; changes nothing. Raises BridgeError if that is not possible."""
    one = repeat_views.repeat(connection, number, lock=lock)
    if one.taken_as:
        reason = Reason(ErrorCode.REPEAT_IS_EVENT, number=number, event=one.taken_as)
        raise BridgeError(reason, Reason(ErrorCode.REPLAY_EVENT, event=one.taken_as))
    if one.request is None:
        raise BridgeError(Reason(ErrorCode.REPEAT_UNUSABLE, number=number, why=_missing(one)), _instead(one))
    mapping = sources.get(one.source)
    if mapping is None:
        reason = Reason(ErrorCode.NO_SOURCE_OF_REPEAT, source=one.source)
        raise BridgeError(reason, Reason(ErrorCode.RESTORE_MAPPING))
    event = replace(_event(mapping, one, one.request), content=f"hand-{number}")
    _refuse_known(connection, mapping, one, event)
    return Taking(one, one.request, event, apply(mapping, event), mapping.version)


def take(
    connection: Transaction, now: int, sources: Mapping[str, MappingFile], number: int, by: Decider
) -> Taking:
    """Take the repeat as a new event, once, in the caller's transaction; raises BridgeError."""
    plan = plan_taking(connection, sources, number, lock=True)
    delivery = Delivery(
        source=plan.repeat.source,
        request=plan.request,
        received_at=plan.repeat.received_at,
        verified=plan.repeat.verified,
        rules_version=plan.rules_version,
        events=((plan.event, plan.made),),
        secrets=event(connection, plan.repeat.event_id).line.secrets,
    )
    ((stored,),) = accept(connection, now, [delivery])
    repeats.mark_taken(connection, now, number, plan.repeat.event_id, stored.event_id, by)
    return replace(plan, stored=stored.event_id)


def _event(mapping: MappingFile, one: KeptRepeat, request: Request) -> Event:
    try:
        return mapping.source.events(request, one.received_at)[one.item]
    except DocumentError as error:
        reason = Reason(ErrorCode.REPEAT_UNREADABLE, number=one.id, why=error.reason)
        raise BridgeError(reason, error.cure) from error
    except IndexError as error:
        reason = Reason(ErrorCode.REPEAT_WITHOUT_EVENT, number=one.id, item=one.item + 1)
        raise BridgeError(reason, Reason(ErrorCode.RESTORE_SPLIT)) from error


def _refuse_known(connection: Transaction, mapping: MappingFile, one: KeptRepeat, event: Event) -> None:
    """Raise BridgeError if another event has already started what this repeat would start.

    Another repeat may have been taken as an event, or accepted as one after `event:` or `dedup:` was changed.
    """
    alike = ("none", "content") if one.in_doubt else ("none",)
    for number, stored in known_events.with_same_id(connection, event):
        if difference(mapping, stored, event) in alike:
            reason = Reason(ErrorCode.REPEAT_KNOWN, number=one.id, event=number)
            raise BridgeError(reason, Reason(ErrorCode.REPLAY_AGAIN, event=number))


def _missing(one: KeptRepeat) -> Reason:
    if one.difference == "none":
        return Reason(ErrorCode.REPEAT_SAME)
    kept = one.body_size <= repeats.BODY_BYTES
    return Reason(ErrorCode.REPEAT_PURGED if kept else ErrorCode.REPEAT_TOO_LARGE)


def _instead(one: KeptRepeat) -> Reason:
    if one.difference == "none":
        return Reason(ErrorCode.REPLAY_AGAIN, event=one.event_id)
    return Reason(ErrorCode.SEND_UNDER_OTHER_ID)
