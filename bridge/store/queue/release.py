"""Queues waiting calls that are due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from bridge.model import State
from bridge.reasons.stored import to_text
from bridge.store.db.bulk import update
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import calls
from bridge.store.queue.rows import SHADOW, start_of
from bridge.store.reports import counters

MOST: Final = 500
"""Calls that one transaction releases."""
_FIELDS: Final = (
    *("id", "source", "rule", "item", "account", "request", "order_mode", "on_uncertain", "state"),
    *("recipient", "attempt"),
)
_DUE = Statement(
    f"""
SELECT {", ".join(_FIELDS)} FROM calls <calls_waiting>
WHERE state = 'waiting' AND due_at <= :now ORDER BY due_at, id LIMIT {MOST} <lock_free>
"""  # noqa: S608 (our own words)
)
_QUEUE = update(
    calls,
    "state = 'queued', place = ?, expires_at = ?",
    "id = ? AND state = 'waiting'",
    *("bigint", "bigint", "bigint"),
)
_END_SHADOW = update(
    calls,
    "state = 'cancelled', reason = ?, settled_at = ?",
    "id = ? AND state = 'waiting'",
    *("text", "bigint", "bigint"),
)


def release(connection: Connection, now: int) -> int:
    """waiting → queued for calls that are due, oldest due time first; returns how many of at most `MOST`.

    Their place in the order of their recipient, and their time until they expire, begin now. A shadow call
    ends instead.
    """
    due = _DUE.run(connection, now=now)
    live: list[tuple[AnyRow, int]] = []
    shadow: list[AnyRow] = []
    for row in due:
        start = start_of(row)
        if start.shadow:
            shadow.append(row)
        else:
            live.append((row, now + start.expires * 1000))
    _queue(connection, now, live)
    _END_SHADOW.run(connection, [(to_text(SHADOW), now, row.id) for row in shadow])
    counters.add_moves(connection, now, shadow, State.CANCELLED)
    return len(due)


def _queue(connection: Connection, now: int, released: Sequence[tuple[AnyRow, int]]) -> None:
    places = take_ids(connection, "calls", len(released))
    rows = [(place, expires, row.id) for place, (row, expires) in zip(places, released, strict=True)]
    _QUEUE.run(connection, rows)
    counters.add_moves(connection, now, [row for row, _ in released], State.QUEUED)
