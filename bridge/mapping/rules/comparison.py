"""Compares a repeat with its event by what the rules make of both."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Literal, TypeAlias

from bridge.jsonpath.exact_numbers import to_json
from bridge.mapping.rules.apply import MappingFile, apply_silently
from bridge.model import Application, BotStart, Event, Json

Difference: TypeAlias = Literal["none", "content", "outcome"]
Effect: TypeAlias = tuple[object, ...]


def difference(mapping: MappingFile, first: Event, again: Event) -> Difference:
    """How the repeat `again` differs from its event.

    Both are evaluated with the current rules, the same time and the same headers, so an edited rule, a
    timestamp or a signature makes no difference.
    """
    before, after = _compared(mapping, first), _compared(mapping, again)
    if _text(before) == _text(after):
        return "none"
    before = replace(before, headers=after.headers)
    return "content" if _outcome(mapping, before) == _outcome(mapping, after) else "outcome"


def content_digest(mapping: MappingFile, event: Event) -> str:
    """A digest of what the rules make of an event: it differs for events with one id but different results.

    If the rules start nothing, a digest of the content.
    """
    compared = _compared(mapping, event)
    outcome = _outcome(mapping, compared)
    made = repr(outcome) if outcome else _text(compared)
    return hashlib.sha256(made.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def with_content_digests(mapping: MappingFile, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events with their content digest, if their source takes a changed repeat as a new event."""
    if not mapping.source.dedup.changed_is_new:
        return events
    return tuple(replace(event, content=content_digest(mapping, event)) for event in events)


def is_same(mapping: MappingFile, stored: Event, event: Event) -> bool:
    """Whether a stored event is the same as this one, by the current source and rules."""
    read = mapping.source.reread(stored)
    if stored.document != event.document and (read.id, read.type) != (event.id, event.type):
        return False
    return not event.content or content_digest(mapping, stored) == event.content


def _compared(mapping: MappingFile, event: Event) -> Event:
    document = event.document
    for path in mapping.source.dedup.ignore:
        document = _without(document, path.steps)
    return replace(event, document=document, received_at=0)


def _text(event: Event) -> str:
    return to_json([event.document, event.query])


def _outcome(mapping: MappingFile, event: Event) -> tuple[Effect, ...]:
    """The starts, failures and cancelled errands, without the names of the rules.

    The time of receipt is 0, so what counts from receipt is compared by its distance from it.
    """
    made: Application = apply_silently(mapping, event)
    starts = [
        (one.account, one.recipient.key, one.bot_id, one.variables, one.forced, one.shadow, *_later(one))
        for one in made.starts
    ]
    cancels = [(one.account, one.key, one.lasts, one.place, one.shadow) for one in made.cancels]
    return (*starts, *((one.rule, one.item, one.key) for one in made.failures), *cancels)


def _later(start: BotStart) -> Effect:
    """When it is due, and its errand; nothing of a start at once, so that its digest stays the same."""
    errand = start.errand
    if not start.due_at and errand is None:
        return ()
    return start.due_at, start.late, *((errand.key, errand.again, errand.at_most) if errand else ())


def _without(node: Json, steps: tuple[str | int, ...]) -> Json:
    """A copy without the value at the steps. A number also matches a key: forms have numbers as keys."""
    step, rest = steps[0], steps[1:]
    if isinstance(node, list) and isinstance(step, int) and -len(node) <= step < len(node):
        at = step % len(node)
        inner = [_without(node[at], rest)] if rest else []
        return [*node[:at], *inner, *node[at + 1 :]]
    name = str(step)
    if not isinstance(node, dict) or name not in node:
        return node
    if rest:
        return {**node, name: _without(node[name], rest)}
    return {key: value for key, value in node.items() if key != name}
