"""Rules held against a stored event again, for people."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.commands.language import said
from bridge.commands.output import Screen, printable
from bridge.mapping.author.explain import verdict_reason
from bridge.model import Event
from bridge.operations.reevaluate import HeldAgain, Rest
from bridge.operations.words import counted

_NEARNESS = {"matched": "matches", "nearly": "nearly matches", "not": "does not match"}


def rest_lines(rest: Rest, event: Event | None, screen: Screen) -> Iterator[str]:
    """The rules that have no verdict."""
    yield f"· {counted(rest.count, 'more rule')} did not match"
    if not rest.known:
        yield "    why is not known: their mapping file is gone or broken"
    if rest.near and rest.changed:
        yield "  the rules have changed since; of those of now the nearest are"
    for verdict in rest.near:
        why = f"nearly: {said(verdict_reason(verdict, event))}"
        yield f"{screen.paint(f'≈ {printable(verdict.rule)}', 'yellow')}: {printable(why)}"
        yield f"    line {verdict.line}: {printable(verdict.condition)}"


def rule_lines(held: HeldAgain, screen: Screen) -> Iterator[str]:
    """One rule, all of its conditions."""
    story = held.story
    changed = ", which is not as it was then" if held.changed else ""
    yield f"rule {printable(story.rule)} of {held.file}:{story.line}{changed}: {_NEARNESS[story.nearness]}"
    for line in story.conditions:
        mark = screen.paint("✓", "green") if line.holds else screen.paint("✗", "red")
        yield f"    {mark} {printable(line.condition)}"
        if not line.holds:
            yield f"      {printable(said(line.reason))}"
