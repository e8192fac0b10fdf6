"""Rules that a stored event has no verdict of: held against it again, with the rules as they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.did_you_mean import suggestion
from bridge.errors import UsageError
from bridge.mapping.author.explain import Story, near_misses, stories
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Verdict
from bridge.operations.reread import Rereader
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.reports.event_views import StoredEvent

_NEAREST = 5


@dataclass(frozen=True, slots=True)
class Rest:
    """The rules of a large set that neither matched nor came near when the event was handled."""

    count: int
    changed: bool
    """Whether the rules that handled the event were others than those of now."""
    known: bool
    """Whether the rules of now can be read."""
    near: tuple[Verdict, ...]
    """By the rules of now: those that match but for one condition."""


def rest_of(stored: StoredEvent, sources: Mapping[str, MappingFile]) -> Rest | None:
    """What can be said of the rules that have no verdict; None where all have one."""
    if not stored.omitted or stored.event is None:
        return None
    mapping = sources.get(stored.line.source)
    if mapping is None:
        return Rest(stored.omitted, changed=False, known=False, near=())
    event = Rereader().event(mapping.source, stored) or stored.event
    near = near_misses(mapping, event, {one.rule for one in stored.verdicts}, _NEAREST)
    return Rest(stored.omitted, mapping.version != stored.rules_version, known=True, near=near)


@dataclass(frozen=True, slots=True)
class HeldAgain:
    """One rule of now, all of its conditions held against a stored event."""

    file: str
    changed: bool
    """Whether the rules that handled the event were others than those of now."""
    story: Story


def held_again(stored: StoredEvent, sources: Mapping[str, MappingFile], name: str) -> HeldAgain:
    """The rule of that name held against the event; raises UsageError."""
    mapping = sources.get(stored.line.source)
    event = Rereader().event(mapping.source, stored) if mapping else None
    if mapping is None or event is None:
        gone = Reason(ErrorCode.SOURCE_GONE, source=stored.line.source)
        why = Reason(ErrorCode.NO_DOCUMENT) if stored.event is None else gone
        raise UsageError(Reason(ErrorCode.NOT_HELD, number=stored.line.id, why=why))
    story = next((one for one in stories(mapping, event) if one.rule == name), None)
    if story is None:
        known = [rule.name for rule in mapping.rules if rule.enabled]
        hint = suggestion(name, known)
        raise UsageError(Reason(ErrorCode.NO_RULE_IN, path=mapping.path, name=name, hint=hint))
    return HeldAgain(mapping.path, mapping.version != stored.rules_version, story)
