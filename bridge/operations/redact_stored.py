"""Redacts stored webhooks, and lists of events, calls and rejected webhooks."""

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
"""The current mapping files, by source."""


def of_event(stored: StoredEvent, sources: Sources) -> Redaction:
    """The redaction for an event and its results."""
    line, event = stored.line, stored.event
    kept = StoredSecrets(line.source, line.verified, line.secrets, stored.request, event and event.document)
    return _of_stored(kept, _secrets(sources, line.source))


def of_refusal(refusal: Refusal, sources: Sources) -> Redaction:
    """The redaction for a rejected webhook: its token may be almost the right one."""
    now = _secrets(sources, refusal.source)
    places = (*read_places(refusal.secrets or "[]"), *now.places)
    found = redaction(places, now.values, refusal.request)
    unknown = refusal.secrets is None and refusal.source not in sources
    return replace(found, everything=True) if unknown else found


def of_events(
    connection: Transaction, events: Iterable[tuple[int, str]], sources: Sources
) -> Mapping[int, Redaction]:
    """The redactions for events of a list, by number; `events` are numbers with sources."""
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
    """Rejected webhooks, with their secrets hidden."""
    return tuple(shown(of_refusal(one.refusal, sources), one) for one in kept)


def shown_backtest(connection: Transaction, found: Backtest, sources: Sources) -> Backtest:
    """The backtest, with the secrets in its examples hidden."""
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
    """The redaction by the places that were stored with the event and the current ones.

    If none were stored and the sender is now verified in another way, everything is hidden.
    """
    places = (*read_places(kept.places or "[]"), *now.places)
    found = redaction(places, now.values, kept.request, kept.document)
    unknown = kept.places is None and kept.verified not in now.proofs
    return replace(found, everything=True) if unknown else found


def _secrets(sources: Sources, name: str) -> Secrets:
    mapping = sources.get(name)
    return Secrets() if mapping is None else mapping.source.secrets
