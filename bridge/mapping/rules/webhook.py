"""Applies the rules to all events of one webhook, within its storage budget."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from bridge.mapping.rules.apply import MappingFile, apply_within
from bridge.model import Application, BotStart, Event, Match, Request
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_json, to_text
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.budget import (
    CALL_ROW,
    ERRAND_ROW,
    EVENT_ROW,
    FAILURE,
    Budget,
    allowance,
    size_of,
    text_size,
    too_large,
)

Made: TypeAlias = tuple[tuple[Event, Application], ...]

_SMALL, _FEW_VERDICTS, _SHORT = 64 * 1024, 20, 10_000
"""A webhook of one event within these bounds always fits: a document takes at most 7 bytes for each byte of
its body, a verdict 4 KB, a character 6 bytes."""
_REPORTED = (Match.MATCHED, Match.FAILED)


def apply_to_webhook(mapping: MappingFile, events: tuple[Event, ...], request: Request) -> Made:
    """Apply the rules to every event.

    Raises OverBudgetError if events and calls exceed the budget. If only the verdicts of rules that did not
    match exceed it, they are omitted: they can be evaluated again.
    """
    body = len(request.body)
    budget = Budget(lambda: body)
    made = tuple([(event, apply_within(mapping, event, budget)) for event in events])
    small = len(made) == 1 and _raw(request) <= _SMALL and budget.stored <= _SHORT
    if small and len(made[0][1].verdicts) <= _FEW_VERDICTS:
        return made
    return _fitted(mapping, made, request)


def _fitted(mapping: MappingFile, made: Made, request: Request) -> Made:
    body = len(request.body)
    query = size_of(made[0][0].query)
    needed = _raw(request) + sum([_event_size(event) + query + _starts_size(one) for event, one in made])
    verdicts = [size_of(one.verdicts) for _, one in made]
    if needed + sum(verdicts) <= allowance(body):
        return made
    brief = [_brief(mapping, one) for _, one in made]
    needed += sum([size_of(one.verdicts) for one in brief])
    if needed > allowance(body):
        calls = sum([len(one.starts) for one in brief])
        raise too_large(_counted(len(made), calls), needed, body)
    return _with_verdicts(made, brief, verdicts, allowance(body) - needed)


def _counted(events: int, calls: int) -> Reason:
    return Reason(
        WebhookCode.BUDGET_OF_WEBHOOK,
        events=Reason(WebhookCode.BUDGET_EVENTS, count=events),
        calls=Reason(WebhookCode.BUDGET_CALLS, count=calls),
    )


def _with_verdicts(made: Made, brief: list[Application], verdicts: list[int], room: int) -> Made:
    """All verdicts for as many events as there is room for; for the others only those that matched."""
    fitting = []
    for (event, whole), short, size in zip(made, brief, verdicts, strict=True):
        fits = size <= room
        room -= size if fits else 0
        fitting.append((event, whole if fits else short))
    return tuple(fitting)


def _raw(request: Request) -> int:
    """Bytes of the request as received."""
    headers = sum([len(name) + len(value) + 8 for name, value in request.headers])
    return len(request.body) + len(request.query) + headers


def _event_size(event: Event) -> int:
    names = (
        text_size(event.source) * 2
        + text_size(event.id) * 2
        + text_size(event.type)
        + text_size(to_text(event.note))
    )
    return EVENT_ROW + names + (event.size or size_of(event.document))


def _starts_size(made: Application) -> int:
    """Bytes of the calls, cancelled errands and failures."""
    failures = [size_of([one.rule, one.key, one.path, to_json(one.reason)]) for one in made.failures]
    cancels = [ERRAND_ROW + text_size(one.rule + one.account + one.key) for one in made.cancels]
    return (
        FAILURE * len(failures)
        + sum(failures)
        + sum(cancels)
        + sum([_call_size(start) for start in made.starts])
    )


def _call_size(start: BotStart) -> int:
    to = start.recipient
    names = text_size(start.rule) + text_size(start.account) + text_size(to.key)
    own = size_of([to.user_id, to.channel_id]) if to.user_id else 0
    errand = ERRAND_ROW + text_size(start.errand.key) if start.errand else 0
    return CALL_ROW + names + own + errand + size_of(start.variables)


def _brief(mapping: MappingFile, made: Application) -> Application:
    reported = tuple([verdict for verdict in made.verdicts if verdict.match in _REPORTED])
    return replace(made, verdicts=reported, rules=mapping.index.names)
