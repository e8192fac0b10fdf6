"""Stored webhooks, and lists of what was made of them, as they may be shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bridge.mapping.author.backtest import Backtest
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Call
from bridge.operations.redact import shown
from bridge.store.inbox.refusals import KeptRefusal, Refusal
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports.event_views import EventLine, StoredEvent, StoredSecrets, with_secrets
from bridge.webhook.redaction.redact import Redaction, redaction
from bridge.webhook.redaction.secrets import Secrets, read_places

Sources = Mapping[str, MappingFile]
"""By name, as they are in use now."""


def of_event(stored: StoredEvent, sources: Sources) -> Redaction:
    """What is to be hidden of an event, and of all that was made of it."""
    line, event = stored.line, stored.event
    kept = StoredSecrets(line.source, line.verified, line.secrets, stored.request, event and event.document)
    return _of_stored(kept, _secrets(sources, line.source))


def of_refusal(refusal: Refusal, sources: Sources) -> Redaction:
    """What is to be hidden of a webhook that was refused: its token may be nearly the right one."""
    now = _secrets(sources, refusal.source)
    places = (*read_places(refusal.secrets or "[]"), *now.places)
    found = redaction(places, now.values, refusal.request)
    unknown = refusal.secrets is None and refusal.source not in sources
    return replace(found, everything=True) if unknown else found


def of_events(
    connection: Transaction, events: Iterable[tuple[int, str]], sources: Sources
) -> Mapping[int, Redaction]:
    """By the event's number, for lists of events or calls; given are the numbers with their sources."""
    found = {number: Redaction(_secrets(sources, name).values) for number, name in events}
    kept = with_secrets(connection, {*found})
    return found | {number: _of_stored(one, _secrets(sources, one.source)) for number, one in kept.items()}


def shown_calls(connection: Transaction, calls: Sequence[Call], sources: Sources) -> tuple[Call, ...]:
    """Calls of a list, with the secrets of their events hidden."""
    hidden = of_events(connection, ((one.event_id, one.source) for one in calls), sources)
    return tuple(shown(hidden[one.event_id], one) for one in calls)


def shown_lines(
    connection: Transaction, lines: Sequence[EventLine], sources: Sources
) -> tuple[EventLine, ...]:
    """Events of a list, with their secrets hidden."""
    hidden = of_events(connection, ((one.id, one.source) for one in lines), sources)
    return tuple(shown(hidden[one.id], one) for one in lines)


def shown_refusals(kept: Sequence[KeptRefusal], sources: Sources) -> tuple[KeptRefusal, ...]:
    """Refused webhooks, with their secrets hidden."""
    return tuple(shown(of_refusal(one.refusal, sources), one) for one in kept)


def shown_backtest(connection: Transaction, found: Backtest, sources: Sources) -> Backtest:
    """The same backtest, with the secrets of its examples' events hidden."""
    examples = [
        (one.event, source)
        for (source, _), tally in found.tallies.items()
        for kept in tally.examples.values()
        for one in kept
    ]
    hidden = of_events(connection, examples, sources)
    for tally in found.tallies.values():
        for kind, kept in tally.examples.items():
            tally.examples[kind] = [shown(hidden[one.event], one) for one in kept]
    return found


def _of_stored(kept: StoredSecrets, now: Secrets) -> Redaction:
    """By the places of then and of now.

    Where those of then are not known, and the sender was verified otherwise than now, everything is hidden.
    """
    places = (*read_places(kept.places or "[]"), *now.places)
    found = redaction(places, now.values, kept.request, kept.document)
    unknown = kept.places is None and kept.verified not in now.proofs
    return replace(found, everything=True) if unknown else found


def _secrets(sources: Sources, name: str) -> Secrets:
    mapping = sources.get(name)
    return Secrets() if mapping is None else mapping.source.secrets
