"""When each source was last heard of: from the newest event of each, however many there are."""

from __future__ import annotations

from sqlalchemy import Connection, text

_NEWEST = text("""
WITH RECURSIVE known(source) AS (
  SELECT min(source) FROM events
  UNION ALL
  SELECT (SELECT min(e.source) FROM events e WHERE e.source > known.source)
  FROM known WHERE known.source IS NOT NULL
)
SELECT source, (
  SELECT e.received_at FROM events e WHERE e.source = known.source ORDER BY e.id DESC LIMIT 1
) AS received_at
FROM known WHERE source IS NOT NULL
""")
"""A jump from name to name along `events_by_source`: its cost grows with the sources, not with the events."""


def last_heard(connection: Connection) -> dict[str, int]:
    """When the newest event of each source came, in unix milliseconds, by the source's name."""
    return {row.source: row.received_at for row in connection.execute(_NEWEST)}
