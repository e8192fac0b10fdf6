"""What makes a repeat of an event, and events that are known though their key is another now."""

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
"""What makes a repeat: source, the sender's id, type and content of an event."""
Same: TypeAlias = Callable[[Event, Event], bool]
"""Whether a stored event and another are one, as their source and its rules read both now."""

LONGEST_TYPE: Final = 100
"""Characters of a type in a key; PostgreSQL limits what one key may hold."""

NEW_KEYS = AllRows(
    "INSERT INTO dedup AS d (source, key, type, content, event_id, expires_at) {rows} "
    "ON CONFLICT (source, key, type, content) DO UPDATE "
    "SET event_id = excluded.event_id, expires_at = excluded.expires_at "
    "WHERE d.expires_at <= ? RETURNING source, key, type, content",
    *("text", "text", "text", "text", "bigint", "bigint"),
)
"""Claims keys that nobody holds at this moment, and gives them."""
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
"""Not by the former key of an event that came with an id of its own already."""


class Known(NamedTuple):
    """A stored event, and the reply to its webhook where that was stored."""

    event_id: int
    reply: Reply | None


def key_of(event: Event) -> EventKey:
    """What makes a repeat of an event."""
    kind = plain(event.type)
    if len(kind) > LONGEST_TYPE:
        digest = hashlib.sha256(kind.encode()).hexdigest()
        kind = f"{kind[: LONGEST_TYPE - len(digest) - 1]}:{digest}"
    return plain(event.source), plain(event.id), kind, event.content


def former_keys(event: Event) -> list[tuple[EventKey, int]]:
    """The keys of an event by the `event:` of before, each with its `dedup_within`."""
    return [
        (key_of(replace(event, id=own, type=kind)), within)
        for own, kind, within in event.former
        if within > 0
    ]


def holder(connection: Connection, event: Event) -> int:
    """The event that has this one's key and came within its `dedup_within` of it; 0 where none has."""
    for row in _HOLDERS.run(connection, [key_of(event)]):
        if abs(row.received_at - event.received_at) < event.dedup_within * 1000:
            return int(row.id)
    return 0


def hold(connection: Connection, now: int, number: int, event: Event) -> int:
    """Let the key of an event lead to its row `number`; gives the event that the key leads to."""
    found = holder(connection, event)
    if not found and event.dedup_within > 0:
        until = event.received_at + event.dedup_within * 1000
        NEW_KEYS.run(connection, [(*key_of(event), number, until)], now)
        found = holder(connection, event)
    return found or number


def of_its_id(connection: Connection, event: Event) -> list[tuple[int, Event]]:
    """The stored events of its id and type, the last 50 with their numbers, whatever their content."""
    rows = _BY_ID.run(connection, [key_of(event)[:3]], event.received_at)
    return [(row.event_id, event_of(row, event)) for row in rows if row.document is not None]


def known_otherwise(connection: Connection, now: int, event: Event, same: Same) -> Known | None:
    """The stored event that this one repeats under another key.

    Its source had another `event:` when that came, or its rules have changed since, and with them the digest
    of its content. Two events that a former id did not tell apart are two now.
    """
    keys = [key[:3] for key, _ in former_keys(event)] + ([key_of(event)[:3]] if event.content else [])
    for row in _BY_ID.run(connection, keys, now):
        if row.document is not None and same(event_of(row, event), event):
            return Known(row.event_id, reply_of(row.reply))
    return None
