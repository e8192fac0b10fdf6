"""Stores a webhook's events, deduplication keys and calls, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from bridge.frozen import frozen
from bridge.model import Application, Event, Match, Reply, Request
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_json
from bridge.store.db.bulk import AllRows, insertion
from bridge.store.db.engine import Store
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import events
from bridge.store.db.texts import document_text, plain, reason_text, verified_text
from bridge.store.inbox import repeats
from bridge.store.inbox.known_events import NEW_KEYS, EventKey, Same, find_by_other_key, former_keys, key_of
from bridge.store.inbox.refusals import Refusal, refuse
from bridge.store.inbox.repeats import Allowance, Compare, NewRepeat
from bridge.store.inbox.replies import reply_of, reply_text
from bridge.store.queue import errands
from bridge.store.queue.errand_rows import Change
from bridge.store.queue.rows import NewCall
from bridge.store.reports import counters
from bridge.store.reports.counters import Counts, Key

RESULTS = ("matched", "unmatched", "failed", "unreadable", "ignored")
"""The results of an event; `failed` also if only some of its rules failed."""


@frozen
class Delivery:
    """An authenticated webhook with its events and what the rules made of them."""

    source: str
    request: Request
    received_at: int
    verified: Reason | None
    """How its sender was verified; None if that is not known."""
    rules_version: str
    events: tuple[tuple[Event, Application], ...] = ()
    unreadable: Reason | None = None
    """Why the body could not be decoded; there are no events then."""
    ignored: Reason | None = None
    """Why a valid webhook has no events: a ping, a handshake."""
    reply: Reply | None = None
    """The reply to the sender, if a repeat would be answered differently; a repeat gets the stored one."""
    same: Same | None = None
    """Whether a stored event with another key is the same event."""
    compare: Compare | None = None
    """Compares a repeat with its event; without it no repeat is stored."""
    secrets: str | None = None
    """Where its source read secrets in it (`webhook.redaction.secrets.places_text`); None if not known."""


@frozen
class Stored:
    """A stored event. For a repeat: the event that it repeats, and no calls."""

    event_id: int
    duplicate: bool = False
    calls: int = 0
    result: str = field(default="", compare=False)
    """One of `RESULTS`, or "duplicate"."""
    reply: Reply | None = field(default=None, compare=False)
    """For a repeat: the reply to the first webhook, if it was stored."""


@dataclass(slots=True)
class _Entry:
    """An event that is being stored."""

    delivery: Delivery
    event: Event | None = None
    application: Application = field(default_factory=lambda: Application((), (), ()))
    item: int = 0
    """Its index in the webhook."""
    id: int = 0
    duplicate: bool = False
    result: str = "duplicate"
    reply: Reply | None = None
    key: EventKey | None = field(init=False)
    """Identifies repeats of it; None if repeats count as new events."""

    def __post_init__(self) -> None:
        event = self.event
        self.key = None if event is None or event.dedup_within <= 0 else key_of(event)


_MATCHED, _FAILED = Match.MATCHED, Match.FAILED
_INSERT = insertion(events)
_KNOWN_KEYS = AllRows(
    "SELECT d.source, d.key, d.type, d.content, d.event_id, w.reply FROM dedup d "
    "LEFT JOIN events e ON e.id = d.event_id LEFT JOIN events w ON w.id = e.delivery "
    "WHERE (d.source, d.key, d.type, d.content) IN ({rows})",
    *("text", "text", "text", "text"),
)


def accept(
    connection: Connection, now: int, deliveries: Sequence[Delivery], allowance: Allowance | None = None
) -> list[tuple[Stored, ...]]:
    """Store webhooks with their calls; returns the stored events per webhook.

    An event whose id, type and content its source has sent before, within `dedup_within`, is a repeat: it is
    stored with that event, within the `allowance`.
    """
    groups = [_entries(delivery) for delivery in deliveries]
    entries = [entry for group in groups for entry in group]
    first = _first_of_each(entries)
    fresh = _without_repeats(connection, now, list(first.values()))
    _insert(connection, now, fresh)
    for entry in entries:
        known = first[entry.key or id(entry)]
        if known is not entry:
            entry.duplicate, entry.id = True, known.id
            entry.reply = known.reply if known.duplicate else known.delivery.reply
    _keep_repeats(connection, now, [entry for entry in entries if entry.duplicate], allowance or Allowance())
    return [tuple(_stored(entry) for entry in group) for group in groups]


def _entries(delivery: Delivery) -> list[_Entry]:
    if not delivery.events:
        return [_Entry(delivery)]
    return [
        _Entry(delivery, event, application, item)
        for item, (event, application) in enumerate(delivery.events)
    ]


def _first_of_each(entries: Iterable[_Entry]) -> dict[object, _Entry]:
    first: dict[object, _Entry] = {}
    for entry in entries:
        first.setdefault(entry.key or id(entry), entry)
    return first


def _without_repeats(connection: Connection, now: int, entries: list[_Entry]) -> list[_Entry]:
    """Give each entry a new id, or that of the event it repeats; returns the new events.

    Keys are claimed in sorted order, so that two processes never wait for each other.
    """
    for entry, number in zip(entries, take_ids(connection, "events", len(entries)), strict=True):
        entry.id = number
    _find_by_other_keys(connection, now, entries)
    keyed = {entry.key: entry for entry in entries if entry.key}
    rows = [(*key, entry.id, now + _within(entry)) for key, entry in sorted(keyed.items()) if key]
    claimed = {tuple(row) for row in NEW_KEYS.run(connection, rows, now)}
    repeated = [key for key in keyed if key and key not in claimed]
    for *key, event_id, reply in _KNOWN_KEYS.run(connection, repeated):
        entry = keyed[tuple(key)]
        entry.id, entry.duplicate, entry.reply = event_id, True, reply_of(reply)
    fresh = [entry for entry in entries if not entry.duplicate]
    # For a process that still uses the former `event:` when the sender retries.
    former = {
        key: (entry.id, now + within * 1000)
        for entry in fresh
        if entry.key and entry.event
        for key, within in former_keys(entry.event)
    }
    NEW_KEYS.run(connection, [(*key, *rest) for key, rest in sorted(former.items())], now)
    return fresh


def _find_by_other_keys(connection: Connection, now: int, entries: Sequence[_Entry]) -> None:
    """Find entries that repeat an event with another key; few sources have such events."""
    for entry in entries:
        event, same = entry.event, entry.delivery.same
        if event is None or same is None or not entry.key or not (event.former or event.content):
            continue
        known = find_by_other_key(connection, now, event, same)
        if known is not None:
            entry.id, entry.duplicate, entry.reply = known.event_id, True, known.reply


def _keep_repeats(connection: Connection, now: int, entries: Sequence[_Entry], allowance: Allowance) -> None:
    again = [
        NewRepeat(
            entry.id, entry.event, entry.item, one.request, one.verified, one.rules_version, one.compare
        )
        for entry in entries
        if (one := entry.delivery).compare is not None and entry.event is not None
    ]
    granted = allowance.take(now, len(again)) if again else 0
    if granted:
        repeats.keep(connection, again[:granted])


def _within(entry: _Entry) -> int:
    return entry.event.dedup_within * 1000 if entry.event else 0


def _insert(connection: Connection, now: int, entries: Sequence[_Entry]) -> None:
    holders: dict[int, int] = {}
    rows = [_row(entry, holders.setdefault(id(entry.delivery), entry.id)) for entry in entries]
    _INSERT.run(connection, rows)
    counts = _counted(entries)
    changes: list[Change] = []
    for entry in entries:
        delivery, made = entry.delivery, entry.application
        new = [
            NewCall(entry.id, plain(delivery.source), start, 0, delivery.received_at) for start in made.starts
        ]
        changes += errands.in_order(entry.id, made, new) if made.cancels else new
    errands.put(connection, now, changes, counts)
    counters.add(connection, now, counts)


def _counted(entries: Sequence[_Entry]) -> Counts:
    """The counters that these events change. Optimised, since it runs for every webhook."""
    results = Counter([(entry.delivery.source, entry.result) for entry in entries])
    hits = Counter(
        [
            (entry.delivery.source, verdict.rule, verdict.match is _MATCHED)
            for entry in entries
            for verdict in entry.application.verdicts
            if verdict.match is _MATCHED or verdict.match is _FAILED
        ]
    )
    counts: Counts = Counter()
    for (source, result), many in results.items():
        counts[Key(f"event:{result}", plain(source))] += many
    for (source, rule, matched), many in hits.items():
        counts[Key("rule:matched" if matched else "rule:failed", plain(source), plain(rule))] += many
    return counts


def _stored(entry: _Entry) -> Stored:
    calls_made = 0 if entry.duplicate else len(entry.application.starts)
    return Stored(entry.id, entry.duplicate, calls_made, entry.result, entry.reply)


def _row(entry: _Entry, holder: int) -> tuple[Any, ...]:
    delivery, event, made = entry.delivery, entry.event, entry.application
    request = delivery.request
    entry.result = result_of(made) if event else ("unreadable" if delivery.unreadable else "ignored")
    raw = entry.id == holder
    return (
        entry.id,
        holder,
        plain(delivery.source),
        plain(event.id) if event else "",
        plain(event.type) if event else "",
        delivery.received_at,
        request.client,
        verified_text(delivery.verified),
        plain(request.method),
        plain(request.query) if raw else None,
        document_text(request.headers) if raw else None,
        request.body if raw else None,
        document_text(event.document) if event else None,
        document_text(event.query) if event else None,
        entry.result,
        reason_text(event.note if event else delivery.unreadable or delivery.ignored),
        delivery.rules_version,
        verdicts_text(made),
        failures_text(made),
        reply_text(delivery.reply) if raw else None,
        delivery.secrets,
    )


def result_of(made: Application) -> str:
    """The result of an event, one of `RESULTS`."""
    if made.failures:
        return "failed"
    return "matched" if made.starts or any(v.match is Match.MATCHED for v in made.verdicts) else "unmatched"


def verdicts_text(made: Application) -> str:
    """Verdicts as JSON: a list of fields per verdict; last the number of omitted verdicts, if any."""
    listed = [(v.rule, v.match, v.condition, v.code, v.found, v.line) for v in made.verdicts]
    return document_text([*listed, made.omitted] if made.omitted else listed)


def failures_text(made: Application) -> str:
    """Failures as JSON: a list of fields per failure."""
    return document_text([(f.rule, f.item, f.key, f.path, to_json(f.reason)) for f in made.failures])


def batch_writer(
    store: Store,
) -> Callable[[Connection, Sequence[Delivery | Refusal]], list[tuple[Stored, ...]]]:
    """A function for `Writer` that stores accepted and refused webhooks."""
    allowance = Allowance()

    def write(connection: Connection, items: Sequence[Delivery | Refusal]) -> list[tuple[Stored, ...]]:
        now = store.now(connection)
        refuse(connection, now, [one for one in items if isinstance(one, Refusal)])
        deliveries = [one for one in items if isinstance(one, Delivery)]
        stored = iter(accept(connection, now, deliveries, allowance))
        return [next(stored) if isinstance(one, Delivery) else () for one in items]

    return write
