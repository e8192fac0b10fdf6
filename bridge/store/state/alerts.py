"""Pending alerts by kind, limited across all processes: at most one per kind every ten minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from sqlalchemy import Connection, text

from bridge.model import Failure
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text, to_text
from bridge.store.reports.event_views import failures_of

EVERY_MS = 600_000
"""Between two alerts of one kind."""
SOON_MS = 60_000
"""Before an alert that was not delivered is retried."""

_NOTE = text("""
INSERT INTO alerts AS a (name, sent_at, since, pending, detail, mark)
VALUES (:name, 0, :now, :many, :detail, 0)
ON CONFLICT (name) DO UPDATE SET
  since = CASE WHEN a.pending = 0 THEN excluded.since ELSE a.since END,
  pending = a.pending + excluded.pending,
  detail = excluded.detail
""")
_DUE = text(
    "SELECT name, sent_at, since, pending, detail FROM alerts "
    "WHERE pending > 0 AND sent_at <= :before ORDER BY name"
)
_TAKE = text("UPDATE alerts SET sent_at = :now WHERE name = :name AND sent_at = :seen AND pending >= :many")
_SENT = text(
    "UPDATE alerts SET pending = pending - :many, since = :now WHERE name = :name AND pending >= :many"
)
_RETRY = text("UPDATE alerts SET sent_at = :then WHERE name = :name AND sent_at = :taken")
_MARK = text("SELECT mark, since FROM alerts WHERE name = :name")
_MARKS = text("SELECT name, mark FROM alerts WHERE name >= :first AND name < :last")
_FIRST_MARK = text("""
INSERT INTO alerts (name, sent_at, since, pending, detail, mark) VALUES (:name, 0, :now, 0, '', :mark)
ON CONFLICT (name) DO NOTHING
""")
_MOVE = text("UPDATE alerts SET mark = :mark WHERE name = :name AND mark = :seen")
_TROUBLES = text("""
SELECT id, source, received_at, error, failures FROM events
WHERE result = :result AND result <> 'matched' AND id > :after ORDER BY id LIMIT 500
""")
_NEWEST = text("SELECT max(id) FROM events")


@dataclass(frozen=True, slots=True)
class Pending:
    """Things of one kind that no alert has reported yet. Times are unix milliseconds."""

    kind: str
    many: int
    since: int
    detail: Reason | None
    """The last of them."""
    sent_at: int
    """When the last alert of this kind was sent."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The id of the last checked event, and since when events are checked."""

    at: int
    since: int


def note(connection: Connection, now: int, happened: Mapping[str, Sequence[Reason]]) -> None:
    """Record things to report, by kind; in sorted order, so that no two processes wait for each other."""
    for kind, details in sorted(happened.items()):
        if details:
            row = {"name": kind, "now": now, "many": len(details), "detail": to_text(details[-1])}
            connection.execute(_NOTE, row)


def due(connection: Connection, now: int) -> list[Pending]:
    """The alerts to send now."""
    rows = connection.execute(_DUE, {"before": now - EVERY_MS})
    return [Pending(row.name, row.pending, row.since, from_text(row.detail), row.sent_at) for row in rows]


def take(connection: Connection, now: int, one: Pending) -> bool:
    """Claim an alert for this process; False if another process has claimed it.

    No process sends alerts of this kind for `EVERY_MS`. If this process dies before it has sent the alert,
    another one sends it after that time.
    """
    row = {"now": now, "name": one.kind, "seen": one.sent_at, "many": one.many}
    return connection.execute(_TAKE, row).rowcount == 1


def mark_sent(connection: Connection, now: int, one: Pending) -> None:
    """Record that the alert was delivered."""
    connection.execute(_SENT, {"now": now, "name": one.kind, "many": one.many})


def retry_soon(connection: Connection, now: int, one: Pending, taken_at: int) -> None:
    """Retry an alert that was not delivered after `SOON_MS`."""
    then = now - EVERY_MS + SOON_MS
    connection.execute(_RETRY, {"then": then, "name": one.kind, "taken": taken_at})


def mark(connection: Connection, name: str) -> Mark | None:
    """The mark of this name; None if there is none."""
    row = connection.execute(_MARK, {"name": name}).one_or_none()
    return None if row is None else Mark(row.mark, row.since)


def marks(connection: Connection, prefix: str) -> dict[str, int]:
    """Where the marks are whose names begin so, by the rest of their names."""
    rows = connection.execute(_MARKS, {"first": prefix, "last": f"{prefix}\U0010ffff"})
    return {row.name.removeprefix(prefix): row.mark for row in rows}


def begin(connection: Connection, now: int, name: str, at: int) -> None:
    """Set a first mark: events up to `at` are not checked."""
    connection.execute(_FIRST_MARK, {"name": name, "now": now, "mark": at})


def move(connection: Connection, name: str, seen: int, at: int) -> bool:
    """Move the mark from `seen` to `at`; False if another process has moved it already."""
    return connection.execute(_MOVE, {"name": name, "seen": seen, "mark": at}).rowcount == 1


@dataclass(frozen=True, slots=True)
class Trouble:
    """An event that a person should look at."""

    event_id: int
    source: str
    error: Reason | None
    """Why its body could not be read."""
    failures: tuple[Failure, ...]


def troubles(connection: Connection, result: str, after: int, before: int) -> list[Trouble]:
    """Events with the result "failed" or "unreadable" and an id above `after`, up to 500.

    Events received after `before`, in unix milliseconds, are left for later: on PostgreSQL a transaction with
    smaller ids may still be uncommitted.
    """
    rows = connection.execute(_TROUBLES, {"result": result, "after": after})
    settled = takewhile(lambda row: row.received_at <= before, rows)
    return [Trouble(row.id, row.source, from_text(row.error), failures_of(row.failures)) for row in settled]


def newest_event(connection: Connection) -> int:
    """The id of the newest event; 0 if there is none."""
    return int(connection.execute(_NEWEST).scalar_one() or 0)
