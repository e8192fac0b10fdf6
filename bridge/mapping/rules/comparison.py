"""How a repeat differs from the event that it repeats: by what the rules make of both."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Literal, TypeAlias

from bridge.jsonpath.exact_numbers import to_json
from bridge.mapping.rules.apply import MappingFile, apply_silently
from bridge.model import Application, Event, Json

Difference: TypeAlias = Literal["none", "content", "outcome"]
Effect: TypeAlias = tuple[object, ...]


def difference(mapping: MappingFile, first: Event, again: Event) -> Difference:
    """How the repeat `again` differs from its event.

    Both go through the rules as they are now, as if they came at the same moment with the same headers: an
    edited rule, a time or a signature is no difference between them.
    """
    before, after = _compared(mapping, first), _compared(mapping, again)
    if _text(before) == _text(after):
        return "none"
    before = replace(before, headers=after.headers)
    return "content" if _outcome(mapping, before) == _outcome(mapping, after) else "outcome"


def content_of(mapping: MappingFile, event: Event) -> str:
    """The digest that tells an event from one with the same id of which the rules make something else.

    Where the rules make nothing of it, a digest of what it holds.
    """
    compared = _compared(mapping, event)
    outcome = _outcome(mapping, compared)
    made = repr(outcome) if outcome else _text(compared)
    return hashlib.sha256(made.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def keyed(mapping: MappingFile, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events with what tells them from others of their ids, where their source takes changes as new."""
    if not mapping.source.dedup.changed_is_new:
        return events
    return tuple(replace(event, content=content_of(mapping, event)) for event in events)


def is_same(mapping: MappingFile, stored: Event, event: Event) -> bool:
    """Whether a stored event is this one, read by the source and the rules of now."""
    read = mapping.source.reread(stored)
    if stored.document != event.document and (read.id, read.type) != (event.id, event.type):
        return False
    return not event.content or content_of(mapping, stored) == event.content


def _compared(mapping: MappingFile, event: Event) -> Event:
    document = event.document
    for path in mapping.source.dedup.ignore:
        document = _without(document, path.steps)
    return replace(event, document=document, received_at=0)


def _text(event: Event) -> str:
    return to_json([event.document, event.query])


def _outcome(mapping: MappingFile, event: Event) -> tuple[Effect, ...]:
    """What the rules would do, apart from the names of the rules."""
    made: Application = apply_silently(mapping, event)
    starts = [
        (one.account, one.recipient.key, one.bot_id, one.variables, one.forced, one.shadow)
        for one in made.starts
    ]
    return (*starts, *((one.rule, one.item, one.key) for one in made.failures))


def _without(node: Json, steps: tuple[str | int, ...]) -> Json:
    """A copy that lacks the value at the steps. A number also finds the name that forms make of it."""
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
