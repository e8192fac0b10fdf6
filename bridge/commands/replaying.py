"""One event of a replay: what the rules make of it now, and which calls that adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.errors import BridgeError, DocumentError
from bridge.mapping.rules import MappingFile, apply
from bridge.model import FINAL, Application, Call, State
from bridge.store import decisions, replays
from bridge.store.call_views import calls_of
from bridge.store.decisions import Decider
from bridge.store.event_views import StoredEvent, event
from bridge.store.events import Delivery
from bridge.store.outlook import Transaction
from bridge.store.replays import Planned
from bridge.store.rows import SHADOW

_UNSENT = frozenset({State.REFUSED, State.EXHAUSTED, State.EXPIRED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Line:
    """What a replay did, or would do, with one event."""

    event: int
    text: str
    calls: int = 0
    failed: bool = False
    """It could not be replayed, or a rule still lacks a value."""


class _Impossible(BridgeError):
    """This event cannot be replayed."""


@dataclass(frozen=True, slots=True)
class Replayer:
    """How events are replayed."""

    sources: Mapping[str, MappingFile]
    by: Decider
    rules: str = "current"
    again: bool = False

    def plan(self, connection: Transaction, number: int) -> Line:
        """What a replay of the event would do; changes nothing."""
        stored = event(connection, number)
        if self.rules == "original":
            return _originals(number, self._unsent(connection, number))
        try:
            if stored.event is None:
                delivery = self._delivery(stored)
                starts = sum(len(made.starts) for _, made in delivery.events)
                return Line(number, f"can be read now, {starts} starts", starts)
            made = apply(self._mapping(stored), stored.event)
        except _Impossible as error:
            return Line(number, error.message, failed=True)
        return _line(number, made, replays.plan(connection, number, made, again=self.again))

    def replay(self, connection: Transaction, now: int, number: int) -> Line:
        """Replay the event, in the caller's transaction."""
        stored = event(connection, number)
        if self.rules == "original":
            calls = self._unsent(connection, number)
            for call in calls:
                decisions.again(connection, now, call.id, self.by)
            return _originals(number, calls)
        try:
            if stored.event is None:
                return self._reread(connection, now, stored)
            mapping = self._mapping(stored)
        except _Impossible as error:
            return Line(number, error.message, failed=True)
        made = apply(mapping, stored.event)
        planned = replays.plan(connection, number, made, again=self.again)
        replays.replay(connection, now, number, made, mapping.version, self.by, again=self.again)
        return _line(number, made, planned)

    def _reread(self, connection: Transaction, now: int, stored: StoredEvent) -> Line:
        delivery = self._delivery(stored)
        found = replays.reread(connection, now, stored.line.id, delivery, self.by)
        numbers = ", ".join(str(one.event_id) for one in found)
        failed = any(made.failures for _, made in delivery.events)
        return Line(
            stored.line.id, f"read again as event {numbers}", sum(one.calls for one in found), failed=failed
        )

    def _mapping(self, stored: StoredEvent) -> MappingFile:
        mapping = self.sources.get(stored.line.source)
        if mapping is None:
            raise _Impossible(f"no mapping file has its source {stored.line.source} any more")
        return mapping

    def _delivery(self, stored: StoredEvent) -> Delivery:
        """A webhook that could not be read when it came, read as its source says now."""
        if stored.line.result == "ignored":
            raise _Impossible("it is ignored and holds nothing to replay")
        if stored.request is None:
            raise _Impossible("its payload is purged")
        mapping = self._mapping(stored)
        try:
            events = mapping.source.events(stored.request, stored.line.received_at)
        except DocumentError as error:
            raise _Impossible(f"still unreadable: {error.message}") from error
        return Delivery(
            source=stored.line.source,
            request=stored.request,
            received_at=stored.line.received_at,
            verified=stored.line.verified,
            rules_version=mapping.version,
            events=tuple((one, apply(mapping, one)) for one in events),
        )

    def _unsent(self, connection: Transaction, number: int) -> list[Call]:
        """The latest calls of an event that may be sent as they were: never run, never in doubt."""
        latest = {(call.start.rule, call.start.item): call for call in calls_of(connection, number)}
        return [call for call in latest.values() if self._may_repeat(call)]

    def _may_repeat(self, call: Call) -> bool:
        if call.state is State.CANCELLED and call.reason == SHADOW:
            return False
        return call.state in FINAL if self.again else call.state in _UNSENT and not call.had_uncertain


def _originals(number: int, calls: list[Call]) -> Line:
    if not calls:
        return Line(number, "no call that was not sent")
    listed = ", ".join(f"{call.id} ({call.state.value})" for call in calls)
    return Line(number, f"as they were, calls {listed}", len(calls))


def _line(number: int, made: Application, planned: tuple[Planned, ...]) -> Line:
    parts = [_start(one) for one in planned]
    parts += [f"{one.rule} lacks {one.key}: {one.message}" for one in made.failures]
    text = "; ".join(parts) or "no rule matches"
    return Line(number, text, sum(one.owed for one in planned), failed=bool(made.failures))


def _start(one: Planned) -> str:
    start, earlier = one.start, one.earlier
    who = f"{start.rule} → bot {start.bot_id} for {start.recipient.key}"
    if earlier is None:
        return who
    stands = f"call {earlier.id} is {earlier.state.value}"
    return f"{who}, again: {stands}" if one.owed else f"{start.rule}: {stands}{_way(earlier)}"


def _way(earlier: Call) -> str:
    """What to do where the earlier call stands in the way."""
    if earlier.state is State.UNCERTAIN:
        return f", settle it with: leadbridge resolve {earlier.id}"
    if earlier.state in FINAL and earlier.reason != SHADOW:
        return " (--again repeats it)"
    return ""
