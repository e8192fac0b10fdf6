"""Reads the activity of sources from their newest events and from counters, fast for any number of events."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from bridge.store.reports import trends
from bridge.store.reports.trends import Rates

_NEWEST = text("""
WITH RECURSIVE newest(id) AS (
  SELECT (SELECT id FROM events ORDER BY source DESC, id DESC LIMIT 1)
  UNION ALL
  SELECT (
    SELECT e.id FROM events e WHERE e.source < (SELECT source FROM events WHERE id = newest.id)
    ORDER BY e.source DESC, e.id DESC LIMIT 1
  ) FROM newest WHERE newest.id IS NOT NULL
)
SELECT e.source, e.received_at FROM newest JOIN events e ON e.id = newest.id
""")
"""Jumps from each source's newest event to the next source's, along the index `events_by_source`: the cost
grows with sources, not with events. For a simple GROUP BY, PostgreSQL would read all events."""


def last_received(connection: Connection) -> dict[str, int]:
    """When each source's newest event was received, in unix milliseconds, by source."""
    return {row.source: row.received_at for row in connection.execute(_NEWEST)}


@dataclass(frozen=True, slots=True)
class SourceUse:
    """The activity of a source. Times are unix milliseconds."""

    source: str
    last_at: int | None
    """When its newest event was received; None if it has none."""
    received: Rates
    """Stored events."""
    refused: Rates
    """Rejected webhooks that are kept."""

    def silence(self, now: int) -> int | None:
        """Milliseconds since its newest event; None if it has none."""
        return None if self.last_at is None else max(now - self.last_at, 0)


def in_use(connection: Connection, now: int) -> tuple[SourceUse, ...]:
    """Every source with events, or with webhooks refused in the last week, by name."""
    last = last_received(connection)
    received, refused = trends.received(connection, now), trends.refused(connection, now)
    none = Rates()
    return tuple(
        SourceUse(name, last.get(name), received.get(name, none), refused.get(name, none))
        for name in sorted({*last, *received, *refused})
    )
