"""One text box for everything: numbers and ids go by an index at once, other text through payloads.

`exactly` knows what the text names; `in_payloads` reads documents, newest first and a bounded number for each
page, and says how far it came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import Connection, select

from bridge.model import Call
from bridge.store.db.tables import calls, events
from bridge.store.db.texts import plain
from bridge.store.queue.rows import call_of
from bridge.store.reports.call_views import recipient_key
from bridge.store.reports.event_views import LINE_COLUMNS, EventFilter, EventLine, fitting_events, lines
from bridge.store.reports.pagination import Fitting, Listing, Page, newest

_DIGITS = 18
"""Of a number that both databases can hold."""
_KEYED = 20
_CHANNELS_IN = 5_000
"""A messenger's user is looked for in the channels to which so many of the newest calls went."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a text names."""

    event: EventLine | None = None
    """Of that number."""
    call: Call | None = None
    """Of that number."""
    keyed: tuple[EventLine, ...] = ()
    """The newest events to which their sender gave that id."""
    recipients: tuple[str, ...] = ()
    """Keys of recipients who have calls: a subscriber, or a user of a messenger's channel."""


def exactly(connection: Connection, wanted: str) -> Named:
    """What the text is the number, the id or the key of."""
    text = plain(wanted.strip())
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
    same_key = Fitting(events, events.c.received_at, by=(events.c.key == text,))
    keyed = newest(connection, LINE_COLUMNS, same_key, Page(limit=_KEYED)).items if text else ()
    event = connection.execute(select(*LINE_COLUMNS).where(events.c.id == number)).all()
    call = connection.execute(select(calls).where(calls.c.id == number)).one_or_none()
    return Named(
        event=next(iter(lines(connection, event)), None),
        call=call_of(call) if call else None,
        keyed=lines(connection, keyed),
        recipients=tuple(key for key in _keys(connection, text) if _has_calls(connection, key)),
    )


def in_payloads(connection: Connection, wanted: EventFilter, page: Page) -> Listing[EventLine]:
    """Events that fit and whose document has `wanted.search` in it, or that have it as their sender's id.

    Letters count in either case, a phone number however it is written. Where `reached_at` is set, that is how
    far back this page looked; the next one goes on from `more`.
    """
    found = newest(connection, LINE_COLUMNS, fitting_events(connection, wanted), page)
    return Listing(lines(connection, found.items), found.more, found.reached_at)


def _keys(connection: Connection, text: str) -> Iterator[str]:
    """Keys of recipients that this may be meant as."""
    if text.startswith(("subscriber:", "messenger:")):
        yield text
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        yield recipient_key(str(int(text)))
    if text and not any(sign.isspace() for sign in text):
        for channel in _channels(connection):
            yield f"{channel}/{quote(text, safe='')}"


def _channels(connection: Connection) -> list[str]:
    """The beginnings of keys in messengers."""
    few = select(calls.c.recipient).order_by(calls.c.id.desc()).limit(_CHANNELS_IN).subquery()
    known = connection.execute(select(few.c.recipient).where(few.c.recipient.like("messenger:%")).distinct())
    return sorted({key.partition("/")[0] for key in known.scalars()})


def _has_calls(connection: Connection, key: str) -> bool:
    query = select(calls.c.id).where(calls.c.recipient == key).limit(1)
    return connection.execute(query).one_or_none() is not None
