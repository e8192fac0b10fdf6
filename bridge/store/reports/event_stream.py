"""Reading through stored events in bulk: what rules saw, without the bytes as they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Application, BotStart, Event
from bridge.store.db.tables import calls, events
from bridge.store.queue.rows import start_of
from bridge.store.reports.event_views import failures_of, joined
from bridge.store.reports.pagination import Fitting


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event as the rules saw it."""

    number: int
    event: Event
    made: Application | None
    """Where it was asked for: its starts as they were called, and its failures; no verdicts."""


def past_events(
    connection: Connection, wanted: Fitting, after: int, limit: int, *, with_made: bool = False
) -> tuple[PastEvent, ...]:
    """Events that fit and have a document, with an id above `after`, oldest first, at most so many."""
    rest = wanted.within(after + 1)
    query = (
        _query().where(*rest.conditions, events.c.document.is_not(None)).order_by(events.c.id).limit(limit)
    )
    rows = connection.execute(query).all()
    made = _made(connection, rows) if with_made else {}
    return tuple(PastEvent(row.id, _event(row), made.get(row.id)) for row in rows)


def before_newest(connection: Connection, wanted: Fitting, limit: int) -> int:
    """An id above which at most `limit` events fit, the newest."""
    query = select(events.c.id).where(*wanted.conditions).order_by(events.c.id.desc())
    return connection.execute(query.offset(limit).limit(1)).scalar_one_or_none() or 0


def _query() -> Select[Any]:
    """The event's own row, and the headers of the webhook that it came in."""
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
    """Of a start that was called again, the latest call."""
    numbers = [row.id for row in rows]
    latest: dict[int, dict[tuple[str, int], BotStart]] = {}
    query = select(calls).where(calls.c.event_id.in_(numbers)).order_by(calls.c.id)
    for row in connection.execute(query):
        start = start_of(row)
        latest.setdefault(row.event_id, {})[start.rule, start.item] = start
    return {
        row.id: Application(
            tuple(latest.get(row.id, {}).values()),
            failures_of(row.failures),
            (),
        )
        for row in rows
    }
