"""Keeps the order of calls per account and recipient: one in flight at a time, by their `place`.

A queued call that must wait for another is marked as held by it, so that claims skip it. When a call changes
its state, the first held call of its recipient is released, and considered again. So a claim never reads
through thousands of calls that wait for one recipient.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from bridge.store.db import bulk
from bridge.store.db.bulk import AllRows
from bridge.store.db.dialects import Statement

AccountRecipient = tuple[str, str]
"""Account and recipient."""

_RELEASE_NEXT = AllRows(
    """
WITH moved (account, recipient) AS ({rows})
UPDATE calls SET held_by = 0, held_until = 0 WHERE id IN (
  SELECT (
    SELECT c.id FROM calls c <calls_held> WHERE c.account = moved.account AND c.recipient = moved.recipient
      AND c.state = 'queued' AND c.held_by <> 0 AND c.held_by > 0 ORDER BY c.place LIMIT 1
  ) FROM moved
) AND state = 'queued' RETURNING id
""",
    *("text", "text"),
)
_RELEASE_EXPIRED = Statement("""
UPDATE calls SET held_by = 0, held_until = 0 WHERE id IN (
  SELECT id FROM calls <calls_by_release> WHERE state = 'queued' AND held_by <> 0 AND held_until <= :now
  ORDER BY held_until LIMIT 1000
) AND state = 'queued'
""")
_HOLD = "UPDATE calls SET held_by = ?, held_until = ? WHERE id = ? AND state = 'queued'"


def release_next(connection: Connection, recipients: Iterable[AccountRecipient]) -> None:
    """Release the next held call of each recipient, after calls of theirs have changed their state."""
    _RELEASE_NEXT.run(connection, sorted(set(recipients)))


def release_expired(connection: Connection, now: int) -> int:
    """Release calls that were held until now or earlier; returns how many."""
    return _RELEASE_EXPIRED.change(connection, now=now)


def hold(connection: Connection, held: Sequence[tuple[int, int, int]]) -> None:
    """Mark calls as held; each tuple is the blocking call, until when it blocks, and the held call."""
    bulk.each(connection, _HOLD, held)
