"""All events of one webhook through the rules of its source, within what a webhook may store."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from bridge.mapping.rules import MappingFile, apply_within
from bridge.model import Application, BotStart, Event, Match, Request, Verdict
from bridge.webhook.budget import (
    CALL_ROW,
    EVENT_ROW,
    FAILURE,
    Budget,
    OverBudgetError,
    allowance,
    size_of,
)

Made: TypeAlias = tuple[tuple[Event, Application], ...]

_SMALL, _FEW_VERDICTS, _SHORT = 64 * 1024, 20, 10_000
"""A webhook of one event within these bounds fits, whatever it holds: a document takes at most 7 bytes for
each byte of its body, a verdict 4 KB, a character 6 bytes."""
_TOLD = (Match.MATCHED, Match.FAILED)


def apply_to_webhook(mapping: MappingFile, events: tuple[Event, ...], request: Request) -> Made:
    """Every event with what the rules make of it.

    Raises OverBudgetError where that would take more room than the webhook may have. Where only the verdicts
    of rules that did not match are too much, they are left out: they can be worked out again.
    """
    body = len(request.body)
    budget = Budget(lambda: body)
    made = tuple([(event, apply_within(mapping, event, budget)) for event in events])
    small = len(made) == 1 and _raw(request) <= _SMALL and budget.spent <= _SHORT
    if small and len(made[0][1].verdicts) <= _FEW_VERDICTS:
        return made
    return _fitted(mapping, made, request)


def _fitted(mapping: MappingFile, made: Made, request: Request) -> Made:
    needed = _raw(request) + sum(_event_size(event) + _needed(one) for event, one in made)
    room = allowance(len(request.body)) - needed
    if room < 0:
        calls = sum(len(one.starts) for _, one in made)
        what = f"{len(made):,} event{'s' * (len(made) > 1)} and {calls:,} call{'s' * (calls != 1)}"
        raise OverBudgetError(what, needed, len(request.body))
    fitting = []
    for event, one in made:
        others = _size_of_verdicts(tuple([v for v in one.verdicts if v.match not in _TOLD]))
        fits = others <= room
        room -= others if fits else 0
        fitting.append((event, one if fits else _brief(mapping, one)))
    return tuple(fitting)


def _raw(request: Request) -> int:
    headers = sum([len(name) + len(value) + 8 for name, value in request.headers])
    return len(request.body) + len(request.query) + headers


def _event_size(event: Event) -> int:
    names = size_of([event.source, event.source, event.id, event.id, event.type, event.note])
    return EVENT_ROW + names + (event.size or size_of(event.document)) + size_of(event.query)


def _needed(made: Application) -> int:
    """Bytes of the calls, the failures, and the verdicts of rules that matched."""
    told = tuple([verdict for verdict in made.verdicts if verdict.match in _TOLD])
    failures = sum(FAILURE + size_of([one.rule, one.key, one.path, one.message]) for one in made.failures)
    return sum(map(_call_size, made.starts)) + failures + _size_of_verdicts(told)


def _call_size(start: BotStart) -> int:
    to = start.recipient
    names = [start.rule, start.account, to.key, to.user_id, to.channel_id]
    return CALL_ROW + size_of(start.variables) + size_of(names)


def _size_of_verdicts(verdicts: tuple[Verdict, ...]) -> int:
    return size_of(verdicts) if verdicts else 0


def _brief(mapping: MappingFile, made: Application) -> Application:
    told = tuple([verdict for verdict in made.verdicts if verdict.match in _TOLD])
    return replace(made, verdicts=told, rules=mapping.index.names)
