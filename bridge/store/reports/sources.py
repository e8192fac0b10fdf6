"""What is known of each source: from its newest event and from the tallies, however many events there are."""

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
"""A jump from each source's newest event to the next source's, along `events_by_source`: its cost grows with
the sources, not with the events. PostgreSQL would go through all events for the newest of one source."""


def last_heard(connection: Connection) -> dict[str, int]:
    """When the newest event of each source came, in unix milliseconds, by the source's name."""
    return {row.source: row.received_at for row in connection.execute(_NEWEST)}


@dataclass(frozen=True, slots=True)
class SourceUse:
    """How a source fares. Times are unix milliseconds."""

    source: str
    last_at: int | None
    """When its newest event came; None where it has none."""
    received: Rates
    """Events."""
    refused: Rates
    """Rejected webhooks that are kept."""

    def silence(self, now: int) -> int | None:
        """For how many milliseconds it has sent nothing; None where it never did."""
        return None if self.last_at is None else max(now - self.last_at, 0)


def in_use(connection: Connection, now: int) -> tuple[SourceUse, ...]:
    """Every source that has events or was refused in the last week, by name."""
    heard = last_heard(connection)
    received, refused = trends.received(connection, now), trends.refused(connection, now)
    none = Rates()
    return tuple(
        SourceUse(name, heard.get(name), received.get(name, none), refused.get(name, none))
        for name in sorted({*heard, *received, *refused})
    )
