"""Rules that a stored event has no verdict of: held against it again, with the rules as they are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bridge.commands.output import Screen, counted, printable
from bridge.errors import UsageError
from bridge.language.schema import suggestion
from bridge.mapping.explain import near_misses, sentence, stories
from bridge.mapping.rules import MappingFile
from bridge.model import Event, Verdict
from bridge.store.event_views import StoredEvent

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
    if not stored.untold or stored.event is None:
        return None
    mapping = sources.get(stored.line.source)
    if mapping is None:
        return Rest(stored.untold, changed=False, known=False, near=())
    near = near_misses(mapping, stored.event, {one.rule for one in stored.verdicts}, _NEAREST)
    return Rest(stored.untold, mapping.version != stored.rules_version, known=True, near=near)


def rest_lines(rest: Rest, event: Event | None, screen: Screen) -> Iterator[str]:
    """The rest for people."""
    yield f"· {counted(rest.count, 'more rule')} did not match"
    if not rest.known:
        yield "    why is not known: their mapping file is gone or broken"
    if rest.near and rest.changed:
        yield "  the rules have changed since; of those of now the nearest are"
    for verdict in rest.near:
        why = f"nearly: {sentence(verdict, event)}"
        yield f"{screen.paint(f'≈ {printable(verdict.rule)}', 'yellow')}: {printable(why)}"
        yield f"    line {verdict.line}: {printable(verdict.condition)}"


def rule_lines(
    stored: StoredEvent, sources: Mapping[str, MappingFile], name: str, screen: Screen
) -> Iterator[str]:
    """One rule of now, all of its conditions held against the event; raises UsageError."""
    mapping = sources.get(stored.line.source)
    if mapping is None or stored.event is None:
        lacks = "its document" if stored.event is None else "a mapping file for its source"
        raise UsageError(f"event {stored.line.id} cannot be held against a rule: {lacks} is not there")
    story = next((one for one in stories(mapping, stored.event) if one.rule == name), None)
    if story is None:
        known = [rule.name for rule in mapping.rules if rule.enabled]
        raise UsageError(f'no rule of {mapping.path} is called "{name}"{suggestion(name, known)}')
    changed = ", which is not as it was then" if mapping.version != stored.rules_version else ""
    yield f"rule {printable(name)} of {mapping.path}:{story.line}{changed}: {_NEARNESS[story.nearness]}"
    for line in story.conditions:
        mark = screen.paint("✓", "green") if line.holds else screen.paint("✗", "red")
        yield f"    {mark} {printable(line.condition)}"
        if not line.holds:
            yield f"      {printable(line.sentence)}"


_NEARNESS = {"matched": "matches", "nearly": "nearly matches", "not": "does not match"}
