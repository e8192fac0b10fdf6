"""Replays stored events: applies the current rules, or sends the original requests of unsent calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

from bridge.errors import BridgeError, DocumentError
from bridge.mapping.rules.apply import MappingFile, apply
from bridge.mapping.rules.comparison import is_same, with_content_digests
from bridge.mapping.rules.webhook import apply_to_webhook
from bridge.model import FINAL, BotStart, Call, Cancellation, Event, Failure, State
from bridge.operations.reread import Rereader
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.inbox import known_events, replays
from bridge.store.inbox.events import Delivery
from bridge.store.inbox.replays import Asked, Planned
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports.call_views import calls_of
from bridge.store.reports.counters import CANCELLED
from bridge.store.reports.event_views import StoredEvent, event
from bridge.webhook.source import BY_BODY

Rules: TypeAlias = Literal["current", "original"]

_UNSENT = frozenset({State.REFUSED, State.EXHAUSTED, State.EXPIRED, State.CANCELLED})


class ReadAs(NamedTuple):
    """An event's id and type as its source reads them now."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class Applied:
    """An event to which the current rules were applied."""

    event: int
    starts: tuple[Planned, ...]
    """All starts of the rules: those that get a call, and those that had one before."""
    failures: tuple[Failure, ...]
    read_as: ReadAs | None = None
    """The event's current id and type; None if they are the stored ones."""
    cancels: tuple[Cancellation, ...] = ()
    """The errands that it cancels; what waits under them ends, and nothing lasts."""
    at: int = 0
    """When it is replayed, or planned; unix milliseconds."""

    @property
    def calls(self) -> int:
        """How many calls the replay adds."""
        return sum(one.owed for one in self.starts)

    @property
    def failed(self) -> bool:
        """Whether a value is still missing for a rule."""
        return bool(self.failures)


@dataclass(frozen=True, slots=True)
class Reread:
    """A webhook that could not be read before and can be read now."""

    event: int
    starts: tuple[BotStart, ...]
    failures: tuple[Failure, ...]
    stored: tuple[int, ...] = ()
    """The numbers of the new events; empty in a plan."""
    calls: int = 0

    @property
    def failed(self) -> bool:
        """Whether a value is missing for a rule."""
        return bool(self.failures)


@dataclass(frozen=True, slots=True)
class OriginalCalls:
    """The unsent calls of an event, which are sent again with their original requests."""

    event: int
    unsent: tuple[Call, ...]
    failed: bool = False

    @property
    def calls(self) -> int:
        """How many calls the replay adds."""
        return len(self.unsent)


@dataclass(frozen=True, slots=True)
class Unreplayable:
    """An event that cannot be replayed, and why."""

    event: int
    why: Reason
    calls: int = 0
    failed: bool = True


Replay: TypeAlias = Applied | Reread | OriginalCalls | Unreplayable
"""What a replay does with one event."""


class _CannotReplay(BridgeError):
    """This event cannot be replayed."""


@dataclass(frozen=True, slots=True)
class Replayer:
    """Replays events, or plans a replay."""

    sources: Mapping[str, MappingFile]
    """Mapping files by source; not needed for the original rules."""
    by: Decider
    rules: Rules = "current"
    again: bool = False
    """Whether to repeat finished calls, too: people are messaged twice."""
    past_cancel: bool = False
    """Whether to start what another event has cancelled until later."""
    original_times: bool = False
    """Whether times count from when the event was received, not from now."""
    rereader: Rereader = field(default_factory=Rereader, compare=False)

    def plan(self, connection: Transaction, now: int, number: int) -> Replay:
        """Plan a replay; changes nothing. Raises BridgeError if there is no such event."""
        stored = event(connection, number)
        if self.rules == "original":
            return OriginalCalls(number, self._unsent(connection, number))
        try:
            if stored.event is None:
                return _read(number, self._delivery(stored, now))
            mapping = self._mapping(stored)
            event_now, read_as = self._read(mapping, stored)
            if read_as is not None:
                self._require_unique(number, known_events.event_of_key(connection, event_now), read_as)
        except _CannotReplay as error:
            return Unreplayable(number, error.reason)
        made = apply(mapping, self._now(event_now, now))
        planned = replays.plan(connection, now, number, stored.line.source, made, self._asked)
        return Applied(number, planned, made.failures, read_as, made.cancels, now)

    def replay(self, connection: Transaction, now: int, number: int) -> Replay:
        """Replay the event in the caller's transaction; raises BridgeError if there is no such event."""
        stored = event(connection, number)
        if self.rules == "original":
            unsent = self._unsent(connection, number)
            for call in unsent:
                decisions.send_again(connection, now, call.id, self.by)
            return OriginalCalls(number, unsent)
        try:
            if stored.event is None:
                return self._reread(connection, now, stored)
            mapping = self._mapping(stored)
            event_now, read_as = self._read(mapping, stored)
            if read_as is not None:
                self._require_unique(
                    number, known_events.claim_key(connection, now, number, event_now), read_as
                )
        except _CannotReplay as error:
            return Unreplayable(number, error.reason)
        made = apply(mapping, self._now(event_now, now))
        planned = replays.plan(connection, now, number, stored.line.source, made, self._asked)
        replays.replay(connection, now, number, made, mapping.version, self.by, self._asked)
        return Applied(number, planned, made.failures, read_as, made.cancels, now)

    @property
    def _asked(self) -> Asked:
        return Asked(self.again, self.past_cancel)

    def _now(self, event: Event, now: int) -> Event:
        """The event, with times that count as asked."""
        return event if self.original_times else replace(event, counts_from=now)

    def _read(self, mapping: MappingFile, stored: StoredEvent) -> tuple[Event, ReadAs | None]:
        """The event as its source reads it now. Its stored row and key do not change."""
        event = self.rereader.event(mapping.source, stored)
        if event is None:
            raise _CannotReplay(Reason(ErrorCode.DOCUMENT_PURGED))
        now = ReadAs(event.id, event.type)
        if now == (stored.line.key, stored.line.type):
            return event, None
        dedup = mapping.source.dedup
        within = dedup.without_id if event.id.startswith(BY_BODY) else dedup.with_id
        (event,) = with_content_digests(mapping, (replace(event, dedup_within=within),))
        return event, now

    def _require_unique(self, number: int, holder: int, read_as: ReadAs) -> None:
        """Raise _CannotReplay if the event now has the id of another event, whose repeat it is."""
        if holder not in (0, number) and not self.again:
            raise _CannotReplay(Reason(ErrorCode.IS_REPEAT, id=read_as.id, number=holder))

    def _reread(self, connection: Transaction, now: int, stored: StoredEvent) -> Reread:
        number, delivery = stored.line.id, self._delivery(stored, now)
        found = replays.reread(connection, now, number, delivery, self.by)
        numbers = tuple(one.event_id for one in found)
        return replace(_read(number, delivery), stored=numbers, calls=sum(one.calls for one in found))

    def _mapping(self, stored: StoredEvent) -> MappingFile:
        mapping = self.sources.get(stored.line.source)
        if mapping is None:
            raise _CannotReplay(Reason(ErrorCode.SOURCE_GONE, source=stored.line.source))
        return mapping

    def _delivery(self, stored: StoredEvent, now: int) -> Delivery:
        """Read a webhook again that could not be read before."""
        if stored.line.result == "ignored":
            raise _CannotReplay(Reason(ErrorCode.NOTHING_TO_REPLAY))
        if stored.request is None:
            raise _CannotReplay(Reason(ErrorCode.PAYLOAD_PURGED))
        mapping = self._mapping(stored)
        try:
            events = mapping.source.events(stored.request, stored.line.received_at)
            events = tuple(self._now(one, now) for one in with_content_digests(mapping, events))
            made = apply_to_webhook(mapping, events, stored.request)
        except DocumentError as error:
            raise _CannotReplay(Reason(ErrorCode.STILL_UNREADABLE, why=error.whole)) from error
        return Delivery(
            source=stored.line.source,
            request=stored.request,
            received_at=stored.line.received_at,
            verified=stored.line.verified,
            rules_version=mapping.version,
            secrets=stored.line.secrets,
            events=made,
            same=partial(is_same, mapping),
        )

    def _unsent(self, connection: Transaction, number: int) -> tuple[Call, ...]:
        """The latest calls of an event that can be sent again: they did not run and were never in doubt."""
        found = calls_of(connection, number)
        repeated = {call.parent for call in found}
        latest = {(call.start.rule, call.start.item): call for call in found if call.id not in repeated}
        return tuple(call for call in latest.values() if self._may_repeat(call))

    def _may_repeat(self, call: Call) -> bool:
        if call.start.shadow or (call.reason and call.reason.code in CANCELLED and not self.past_cancel):
            return False
        return call.state in FINAL if self.again else call.state in _UNSENT and not call.had_uncertain


def _read(number: int, delivery: Delivery) -> Reread:
    made = [one for _, one in delivery.events]
    starts = tuple(start for one in made for start in one.starts)
    failures = tuple(failure for one in made for failure in one.failures)
    return Reread(number, starts, failures, calls=len(starts))
