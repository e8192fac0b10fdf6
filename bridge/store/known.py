"""What makes a repeat of an event, and events that are known though their key is another now."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import Connection

from bridge.model import Event, Reply
from bridge.store.bulk import Together
from bridge.store.repeats import event_of
from bridge.store.replies import reply_of
from bridge.store.texts import plain

EventKey: TypeAlias = tuple[str, str, str, str]
"""What makes a repeat: source, the sender's id, type and content of an event."""
Same: TypeAlias = Callable[[Event, Event], bool]
"""Whether a stored event and another are one, as their source and its rules read both now."""

LONGEST_TYPE: Final = 100
"""Characters of a type in a key; PostgreSQL limits what one key may hold."""

_FOUND = (
    "SELECT d.event_id, w.reply, e.document, e.parameters, e.received_at FROM dedup d "
    "JOIN events e ON e.id = d.event_id LEFT JOIN events w ON w.id = e.delivery WHERE "
)
_BY_KEY = Together(
    _FOUND + "(d.source, d.key, d.type, d.content) IN ({rows}) AND d.expires_at > ?",
    *("text", "text", "text", "text"),
)
_BY_ID = Together(
    _FOUND + "(d.source, d.key, d.type) IN ({rows}) AND d.expires_at > ? ORDER BY d.event_id DESC LIMIT 50",
    *("text", "text", "text"),
)


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


def known_otherwise(connection: Connection, now: int, event: Event, same: Same) -> Known | None:
    """The stored event that this one repeats under another key.

    Its source had another `event:` when that came, or its rules have changed since, and with them the digest
    of its content. Two events that a former id did not tell apart are two now.
    """
    keys = [key_of(replace(event, id=own, type=kind)) for own, kind in event.former]
    rows = _BY_KEY.run(connection, keys, now)
    if event.content:
        rows += _BY_ID.run(connection, [key_of(event)[:3]], now)
    for row in rows:
        if row.document is not None and same(event_of(row, event), event):
            return Known(row.event_id, reply_of(row.reply))
    return None
