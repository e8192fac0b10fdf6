"""Searches events, calls and recipients by one text.

`exact_matches` finds ids and keys by indexes; `in_payloads` reads documents, newest first, a bounded number
per page.
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
from bridge.store.reports.event_views import LINE_COLUMNS, EventFilter, EventLine, event_selection, lines
from bridge.store.reports.pagination import Listing, Page, Selection, newest

_DIGITS = 18
"""Digits of the largest number that both databases can hold."""
_KEYED = 20
_CHANNELS_IN = 5_000
"""A messenger's user is searched in the channels of so many of the newest calls."""


@dataclass(frozen=True, slots=True)
class ExactMatches:
    """What the text is the id or key of."""

    event: EventLine | None = None
    """The event with that id."""
    call: Call | None = None
    """The call with that id."""
    keyed: tuple[EventLine, ...] = ()
    """The newest events with that sender's id."""
    recipients: tuple[str, ...] = ()
    """Keys of recipients with calls: a subscriber, or a user of a messenger's channel."""


def exact_matches(connection: Connection, wanted: str) -> ExactMatches:
    """The event, call and recipients that the text identifies."""
    text = plain(wanted.strip())
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0
    same_key = Selection(events, events.c.received_at, by=(events.c.key == text,))
    keyed = newest(connection, LINE_COLUMNS, same_key, Page(limit=_KEYED)).items if text else ()
    event = connection.execute(select(*LINE_COLUMNS).where(events.c.id == number)).all()
    call = connection.execute(select(calls).where(calls.c.id == number)).one_or_none()
    return ExactMatches(
        event=next(iter(lines(connection, event)), None),
        call=call_of(call) if call else None,
        keyed=lines(connection, keyed),
        recipients=tuple(key for key in _keys(connection, text) if _has_calls(connection, key)),
    )


def in_payloads(connection: Connection, wanted: EventFilter, page: Page) -> Listing[EventLine]:
    """Matching events with `wanted.search` in their document or as their sender's id.

    The case of letters and the spelling of phone numbers do not matter. If `reached_at` is set, the search
    stopped there; the next page continues from `more`.
    """
    found = newest(connection, LINE_COLUMNS, event_selection(connection, wanted), page)
    return Listing(lines(connection, found.items), found.more, found.reached_at)


def _keys(connection: Connection, text: str) -> Iterator[str]:
    """Keys of recipients that the text may mean."""
    if text.startswith(("subscriber:", "messenger:")):
        yield text
    if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        yield recipient_key(str(int(text)))
    if text and not any(sign.isspace() for sign in text):
        for channel in _channels(connection):
            yield f"{channel}/{quote(text, safe='')}"


def _channels(connection: Connection) -> list[str]:
    """The prefixes of messengers' keys: one per channel."""
    few = select(calls.c.recipient).order_by(calls.c.id.desc()).limit(_CHANNELS_IN).subquery()
    known = connection.execute(select(few.c.recipient).where(few.c.recipient.like("messenger:%")).distinct())
    return sorted({key.partition("/")[0] for key in known.scalars()})


def _has_calls(connection: Connection, key: str) -> bool:
    query = select(calls.c.id).where(calls.c.recipient == key).limit(1)
    return connection.execute(query).one_or_none() is not None
