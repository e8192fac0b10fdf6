"""Reads stored events in bulk, decoded as the rules get them, without raw bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Application, BotStart, Cancellation, Event
from bridge.store.db.tables import calls, events
from bridge.store.queue.rows import start_of
from bridge.store.reports import cancellations
from bridge.store.reports.event_views import failures_of, joined
from bridge.store.reports.pagination import Selection


@dataclass(frozen=True, slots=True)
class PastEvent:
    """A stored event with what the rules made of it."""

    number: int
    event: Event
    made: Application | None
    """Its starts and failures, without verdicts; None if not requested."""


def past_events(
    connection: Connection, wanted: Selection, after: int, limit: int, *, with_made: bool = False
) -> tuple[PastEvent, ...]:
    """Matching events that have a document, with an id above `after`, oldest first, at most `limit`."""
    rest = wanted.within(after + 1)
    query = (
        _query().where(*rest.conditions, events.c.document.is_not(None)).order_by(events.c.id).limit(limit)
    )
    rows = connection.execute(query).all()
    made = _made(connection, rows) if with_made else {}
    return tuple(PastEvent(row.id, _event(row), made.get(row.id)) for row in rows)


def before_newest(connection: Connection, wanted: Selection, limit: int) -> int:
    """The id above which at most `limit` events match."""
    query = select(events.c.id).where(*wanted.conditions).order_by(events.c.id.desc())
    return connection.execute(query.offset(limit).limit(1)).scalar_one_or_none() or 0


def _query() -> Select[Any]:
    """A query for an event's row with the headers of its webhook."""
    holder = events.alias("holder")
    shared = events.outerjoin(holder, (holder.c.id == events.c.delivery) & (events.c.delivery != events.c.id))
    columns = [events.c[name] for name in ("id", "source", "key", "type", "received_at", "document")]
    headers = func.coalesce(events.c.headers, holder.c.headers).label("headers")
    return select(*columns, events.c.parameters, events.c.failures, headers).select_from(shared)


def _event(row: Row[Any]) -> Event:
    return Event(
        source=row.source,
        id=row.key,
        type=row.type,
        received_at=row.received_at,
        document=from_json(row.document),
        headers=joined(from_json(row.headers)) if row.headers else {},
        query=from_json(row.parameters),
    )


def _made(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, Application]:
    """What the rules made of each event; if a start was called again, by the latest call."""
    numbers = [row.id for row in rows]
    latest: dict[int, dict[tuple[str, int], BotStart]] = {}
    query = select(calls).where(calls.c.event_id.in_(numbers)).order_by(calls.c.id)
    for row in connection.execute(query):
        start = start_of(row)
        latest.setdefault(row.event_id, {})[start.rule, start.item] = start
    cancels: dict[int, dict[tuple[str, int], Cancellation]] = {}
    for one in cancellations.of_events(connection, numbers):
        key = one.cancellation.rule, one.cancellation.item
        cancels.setdefault(one.event_id, {}).setdefault(key, one.cancellation)
    return {
        row.id: Application(
            tuple(latest.get(row.id, {}).values()),
            failures_of(row.failures),
            (),
            cancels=tuple(cancels.get(row.id, {}).values()),
        )
        for row in rows
    }
