"""Lanes: per account and recipient, one call in flight, in the order of acceptance.

A queued call that must wait for another is marked as held by it, which takes it out of the claimers' sight;
whenever a call of a lane moves, the first held one is let go to be looked at again. So a claim never wades
through calls that cannot go, however many wait behind one recipient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from bridge.store.db import bulk
from bridge.store.db.bulk import AllRows
from bridge.store.db.dialects import Statement

Lane = tuple[str, str]
"""Account and recipient."""

_LET_GO = AllRows(
    """
WITH lanes (account, recipient) AS ({rows})
UPDATE calls SET held_by = 0, held_until = 0 WHERE id IN (
  SELECT (
    SELECT c.id FROM calls c <calls_held> WHERE c.account = lanes.account AND c.recipient = lanes.recipient
      AND c.state = 'queued' AND c.held_by <> 0 AND c.held_by > 0 ORDER BY c.id LIMIT 1
  ) FROM lanes
) AND state = 'queued' RETURNING id
""",
    *("text", "text"),
)
_LAPSED = Statement("""
UPDATE calls SET held_by = 0, held_until = 0 WHERE id IN (
  SELECT id FROM calls <calls_by_release> WHERE state = 'queued' AND held_by <> 0 AND held_until <= :now
  ORDER BY held_until LIMIT 1000
) AND state = 'queued'
""")
_HOLD = "UPDATE calls SET held_by = ?, held_until = ? WHERE id = ? AND state = 'queued'"


def moved(connection: Connection, lanes: Iterable[Lane]) -> None:
    """Calls of these lanes changed their state: let the next held one of each be looked at again."""
    _LET_GO.run(connection, sorted(set(lanes)))


def let_go_lapsed(connection: Connection, now: int) -> int:
    """Let go of calls that were held until a time which has come; gives how many."""
    return connection.execute(_LAPSED.of(connection), {"now": now}).rowcount


def hold(connection: Connection, held: Sequence[tuple[int, int, int]]) -> None:
    """Mark calls as held: by which, until when, and the call itself."""
    bulk.each(connection, _HOLD, held)
