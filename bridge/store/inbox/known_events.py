"""Deduplication keys of events, and events that are known by a former key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import Connection

from bridge.model import Event, Reply
from bridge.store.db.bulk import AllRows
from bridge.store.db.texts import plain
from bridge.store.inbox.repeats import event_of
from bridge.store.inbox.replies import reply_of

EventKey: TypeAlias = tuple[str, str, str, str]
"""Identifies repeats: source, the sender's id, type and content of an event."""
Same: TypeAlias = Callable[[Event, Event], bool]
"""Whether a stored event and another are the same, as their source and its rules read both now."""

LONGEST_TYPE: Final = 100
"""Characters of a type in a key; PostgreSQL limits what one key may hold."""

NEW_KEYS = AllRows(
    "INSERT INTO dedup AS d (source, key, type, content, event_id, expires_at) {rows} "
    "ON CONFLICT (source, key, type, content) DO UPDATE "
    "SET event_id = excluded.event_id, expires_at = excluded.expires_at "
    "WHERE d.expires_at <= ? RETURNING source, key, type, content",
    *("text", "text", "text", "text", "bigint", "bigint"),
)
"""Claims the keys that no event holds now, and returns them."""
_HOLDERS = AllRows(
    "SELECT e.id, e.received_at FROM dedup d JOIN events e ON e.id = d.event_id "
    "WHERE (d.source, d.key, d.type, d.content) IN ({rows})",
    *("text", "text", "text", "text"),
)
_BY_ID = AllRows(
    "SELECT d.event_id, w.reply, e.document, e.parameters, e.received_at FROM dedup d "
    "JOIN events e ON e.id = d.event_id LEFT JOIN events w ON w.id = e.delivery "
    "WHERE (d.source, d.key, d.type) IN ({rows}) AND d.expires_at > ? "
    "AND (e.key = d.key OR substr(e.key, 1, 5) = 'body:') ORDER BY d.event_id DESC LIMIT 50",
    *("text", "text", "text"),
)
"""Not by the former key of an event whose sender gave it another id."""


class KnownEvent(NamedTuple):
    """A stored event, and the reply to its webhook if it was stored."""

    event_id: int
    reply: Reply | None


def key_of(event: Event) -> EventKey:
    """The key that repeats of an event share."""
    kind = plain(event.type)
    if len(kind) > LONGEST_TYPE:
        digest = hashlib.sha256(kind.encode()).hexdigest()
        kind = f"{kind[: LONGEST_TYPE - len(digest) - 1]}:{digest}"
    return plain(event.source), plain(event.id), kind, event.content


def former_keys(event: Event) -> list[tuple[EventKey, int]]:
    """The keys of an event by former values of `event:`, each with its `dedup_within`."""
    return [
        (key_of(replace(event, id=own, type=kind)), within)
        for own, kind, within in event.former
        if within > 0
    ]


def event_of_key(connection: Connection, event: Event) -> int:
    """The id of the event with this key that was received within `dedup_within`; 0 if there is none."""
    for row in _HOLDERS.run(connection, [key_of(event)]):
        if abs(row.received_at - event.received_at) < event.dedup_within * 1000:
            return int(row.id)
    return 0


def claim_key(connection: Connection, now: int, number: int, event: Event) -> int:
    """Claim the key of an event for its row `number`; returns the id of the event that has the key."""
    found = event_of_key(connection, event)
    if not found and event.dedup_within > 0:
        until = event.received_at + event.dedup_within * 1000
        NEW_KEYS.run(connection, [(*key_of(event), number, until)], now)
        found = event_of_key(connection, event)
    return found or number


def with_same_id(connection: Connection, event: Event) -> list[tuple[int, Event]]:
    """The last 50 stored events with the same id and type, of any content, with their row ids."""
    rows = _BY_ID.run(connection, [key_of(event)[:3]], event.received_at)
    return [(row.event_id, event_of(row, event)) for row in rows if row.document is not None]


def find_by_other_key(connection: Connection, now: int, event: Event, same: Same) -> KnownEvent | None:
    """The stored event that this one repeats under another key.

    The source's `event:` has changed since, or its rules, and with them the digest of the content. Two events
    that had the same former id are different events.
    """
    keys = [key[:3] for key, _ in former_keys(event)] + ([key_of(event)[:3]] if event.content else [])
    for row in _BY_ID.run(connection, keys, now):
        if row.document is not None and same(event_of(row, event), event):
            return KnownEvent(row.event_id, reply_of(row.reply))
    return None
