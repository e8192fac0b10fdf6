"""Checks a mapping file with stored events: paths that find nothing, values whose type changed.

A rule applies to an event unless one of its conditions finds a value there and does not hold. A condition
whose path finds nothing does not count: that path may be the mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.conditions import Condition
from bridge.mapping.author.suggest_path import suggest_path
from bridge.mapping.rules.apply import MappingFile
from bridge.mapping.rules.rule import Rule, item_scope, known_items
from bridge.model import Event, Finding, Json
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.webhook.source import BY_BODY

ENOUGH = 5
"""Minimum number of events to which a path applied before there is a finding about it."""
LASTING = 3
"""Minimum number of latest events in a row with the new type of value."""
STEADY = 0.9
"""Minimum share of the earlier events with the previous type of value."""

_UNDECIDED = frozenset({"absent", "other_absent", "no_items"})
"""Codes of conditions that found no value."""
_DAYS = (
    MappingCode.SINCE_MONDAY,
    MappingCode.SINCE_TUESDAY,
    MappingCode.SINCE_WEDNESDAY,
    MappingCode.SINCE_THURSDAY,
    MappingCode.SINCE_FRIDAY,
    MappingCode.SINCE_SATURDAY,
    MappingCode.SINCE_SUNDAY,
)


class _Seen(NamedTuple):
    """What was found at a path in one event."""

    kind: MappingCode
    received_at: int


@dataclass(slots=True)
class _Use:
    """A path of a rule, its position in the file, and what it found in events to which the rule applies."""

    path: Path
    line: int
    column: int
    condition: Condition | None = None
    """The condition that it is part of; None in a start."""
    seen: list[_Seen] = field(default_factory=list)
    latest: Scope | None = None

    def is_looked_for(self, scope: Scope, refusing: list[Condition]) -> bool:
        """Whether the rule applies to the event or item apart from the path's own condition."""
        there = self.path.root != "$item" or scope.item is not ABSENT
        return there and all(one is self.condition for one in refusing)


def check_history(mapping: MappingFile, events: Iterable[Event]) -> tuple[Finding, ...]:
    """Warnings about a file's rules from its source's latest events, given oldest first."""
    events = list(events)
    reread = ((mapping.source.reread(event), event.received_at) for event in events)
    scopes = [(mapping.source.scope_of(event), received_at) for event, received_at in reread]
    uses = [use for rule in mapping.rules if rule.enabled for use in _observed(rule, scopes)]
    found = (_finding(use, mapping.path, len(scopes)) for use in uses if len(use.seen) >= ENOUGH)
    return tuple(
        sorted({finding for finding in (*found, _without_id(mapping, events)) if finding is not None})
    )


def _without_id(mapping: MappingFile, events: list[Event]) -> Finding | None:
    """A finding for events without the declared id, which are identified by their body."""
    declared = mapping.source.event_id
    by_body = [event for event in events if event.id.startswith(BY_BODY)]
    lacking = [why for event in by_body if (why := mapping.source.lacks_id(event))]
    if declared is None or len(lacking) < ENOUGH:
        return None
    why, many = Counter(lacking).most_common(1)[0]
    count, last = len(lacking), Reason(MappingCode.OF_EVENTS, count=len(events))
    without = Reason(MappingCode.WITHOUT_ID, count=count, events=last, why=why)
    if many < count:
        often = Reason(MappingCode.IN_EVENTS, count=many)
        without = Reason(MappingCode.WITHOUT_ID_MOSTLY, count=count, events=last, why=why, many=often)
    return Finding(mapping.path, declared.line, declared.column, "W603", without)


def _observed(rule: Rule, scopes: list[tuple[Scope, int]]) -> list[_Use]:
    uses = list(_uses(rule))
    for whole, received_at in scopes:
        tried = _tried(rule, whole)
        for use in uses:
            about = [scope for scope, refusing in tried if use.is_looked_for(scope, refusing)]
            if about:
                found = [value for scope in about for value in use.path.find(scope)]
                use.seen.append(_Seen(_kind(found), received_at))
                use.latest = about[0]
    return uses


def _tried(rule: Rule, whole: Scope) -> list[tuple[Scope, list[Condition]]]:
    """The event, or each of its items, and the conditions that do not hold for it.

    The event alone, if two conditions exclude the rule already: no item could change that."""
    refusing = _refusing(rule.conditions, whole)
    if rule.for_each is None or len(refusing) > 1:
        return [(whole, refusing)]
    items = (item_scope(whole, item) for item in known_items(rule.for_each, whole))
    each = [(scope, [*refusing, *_refusing(rule.item_conditions, scope)]) for scope in items]
    return each or [(whole, refusing)]


def _refusing(conditions: Iterable[Condition], scope: Scope) -> list[Condition]:
    """The conditions that find a value and do not hold."""
    decided = ((one, one.test(scope)) for one in conditions)
    return [one for one, decision in decided if not decision.holds and decision.code not in _UNDECIDED]


def _uses(rule: Rule) -> Iterator[_Use]:
    """Every path at which a rule expects a value."""
    for condition in rule.all_conditions:
        for leaf in _expecting([condition]):
            yield from (_Use(path, leaf.line, leaf.column, condition) for path in leaf.paths)
    if rule.for_each is not None:
        yield _Use(rule.for_each, rule.line, rule.column)
    for value in (*(rule.start.values if rule.start else ()), *(rule.waiting.values if rule.waiting else ())):
        yield from (_Use(path, value.line, value.column) for path in value.paths)


def _expecting(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """The conditions, also inside groups, that expect a value at their path."""
    for one in conditions:
        if one.question is not None and one.question.exists is not False:
            yield one
        for part in one.parts if one.kind != "not" else ():
            yield from _expecting(part)


def _kind(found: list[Json]) -> MappingCode:
    kinds = {_kind_of(value) for value in found}
    if not kinds:
        return MappingCode.KIND_ABSENT
    return kinds.pop() if len(kinds) == 1 else MappingCode.KIND_SEVERAL


def _kind_of(value: Json) -> MappingCode:
    match value:
        case None:
            return MappingCode.KIND_NULL
        case bool():
            return MappingCode.KIND_FLAG
        case str():
            return MappingCode.KIND_TEXT
        case list():
            return MappingCode.KIND_LIST
        case dict():
            return MappingCode.KIND_OBJECT
        case _:
            return MappingCode.KIND_NUMBER


def _finding(use: _Use, path: str, events: int) -> Finding | None:
    drift = _drift(use)
    if drift is not None:
        return Finding(path, use.line, use.column, "W602", drift)
    if any(seen.kind != MappingCode.KIND_ABSENT for seen in use.seen):
        return None
    other = suggest_path(use.path, use.latest) if use.latest else None
    absent = Reason(
        MappingCode.ALWAYS_ABSENT,
        path=use.path.text,
        count=len(use.seen),
        events=Reason(MappingCode.OF_EVENTS, count=events),
        hint=Reason(MappingCode.EXISTS, path=other) if other else None,
    )
    return Finding(path, use.line, use.column, "W601", absent)


def _drift(use: _Use) -> Reason | None:
    """How the type of the latest values differs from that of earlier ones; None if it does not."""
    seen = use.seen
    now = seen[-1].kind
    first = next((at for at in range(len(seen), 0, -1) if seen[at - 1].kind != now), 0)
    before, after = seen[:first], seen[first:]
    if len(before) < ENOUGH or len(after) < LASTING:
        return None
    kind, many = Counter(one.kind for one in before).most_common(1)[0]
    if kind == MappingCode.KIND_ABSENT or many < STEADY * len(before):
        return None
    return Reason(
        MappingCode.KIND_CHANGED,
        path=use.path.text,
        before=Reason(kind),
        seen=Reason(MappingCode.IN_EVENTS, count=many),
        events=Reason(MappingCode.OF_EVENTS, count=len(seen)),
        now=Reason(now),
        since=_since(after[0].received_at),
    )


def _since(received_at: int) -> Reason:
    day = datetime.fromtimestamp(received_at / 1000, UTC)
    return Reason(_DAYS[day.weekday()], date=f"{day:%Y-%m-%d}")
