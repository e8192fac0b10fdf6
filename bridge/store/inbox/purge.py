"""Deletes old data: first the bodies of finished events, later the rows. Unfinished events are kept.

Each step is a separate transaction over a few hundred rows, so that webhooks are stored in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, bindparam, text

from bridge.store.db.bulk import AllRows
from bridge.store.db.dialects import Statement
from bridge.store.db.engine import Store
from bridge.store.reports import counters

DAY_MS = 86_400_000
BODY_DAYS = 30
ROW_DAYS = 90
_STEP = 300


@dataclass(frozen=True, slots=True)
class Purged:
    """The numbers of purged bodies, events, deduplication keys, and errands."""

    bodies: int = 0
    events: int = 0
    dedup: int = 0
    errands: int = 0


_FINAL = "('done', 'refused', 'exhausted', 'expired', 'cancelled')"
_FINISHED = f"""
SELECT e.id FROM events e WHERE e.id > :after AND e.received_at < :before {{more}}
  AND NOT EXISTS (
    SELECT 1 FROM calls c WHERE c.event_id = e.id AND (c.state NOT IN {_FINAL} OR c.settled_at >= :before))
  AND NOT EXISTS (
    SELECT 1 FROM events s JOIN calls c ON c.event_id = s.id
    WHERE s.delivery = e.id AND s.delivery <> s.id
      AND (c.state NOT IN {_FINAL} OR c.settled_at >= :before))
ORDER BY e.id LIMIT {_STEP}
"""  # noqa: S608 (our own words)
_WITH_BODIES = text(_FINISHED.format(more="AND (e.headers IS NOT NULL OR e.document IS NOT NULL)"))
_ANY = text(_FINISHED.format(more=""))
_EXPIRED_KEYS = text(f"""
DELETE FROM dedup WHERE (source, key, type, content) IN (
  SELECT source, key, type, content FROM dedup WHERE expires_at <= :now ORDER BY expires_at LIMIT {_STEP})
""")  # noqa: S608 (our own words)


def _of_ids(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("ids", expanding=True))


_DELETE_BODIES = _of_ids(
    "UPDATE events SET query = NULL, headers = NULL, body = NULL, document = NULL, parameters = NULL, "
    "reply = NULL WHERE id IN :ids"
)
_REPEATS_WITH_BODIES = text(f"""
SELECT id FROM repeats WHERE id > :after AND received_at < :before AND headers IS NOT NULL
ORDER BY id LIMIT {_STEP}
""")  # noqa: S608 (our own words)
_DELETE_REPEATED = _of_ids("UPDATE repeats SET query = NULL, headers = NULL, body = NULL WHERE id IN :ids")
_DELETE_ROWS = (
    _of_ids("DELETE FROM attempts WHERE call_id IN (SELECT id FROM calls WHERE event_id IN :ids)"),
    _of_ids("DELETE FROM calls WHERE event_id IN :ids"),
    _of_ids("DELETE FROM repeats WHERE event_id IN :ids"),
    _of_ids("DELETE FROM cancellations WHERE event_id IN :ids"),
    _of_ids("DELETE FROM events WHERE id IN :ids"),
)


_UNUSED_ERRANDS = Statement(f"""
SELECT e.account, e.key FROM errands e WHERE e.mark_until <= :now AND e.shadow_until <= :now
  AND (e.account, e.key) > (:account, :key)
  AND NOT EXISTS (
    SELECT 1 FROM calls c <calls_by_errand> WHERE c.account = e.account AND c.errand = e.key
      AND c.errand <> '' AND c.state IN ('waiting', 'queued', 'claimed', 'sending', 'uncertain'))
ORDER BY e.account, e.key LIMIT {_STEP} <lock_free>
""")  # noqa: S608 (our own words)
_DELETE_ERRANDS = AllRows(
    "DELETE FROM errands WHERE (account, key) IN ({rows})",
    *("text", "text"),
)


def purge(store: Store, body_days: float = BODY_DAYS, row_days: float = ROW_DAYS) -> Purged:
    """Delete bodies of events finished for `body_days`, and events finished for `row_days`.

    The body of a batch stays while any of its events is unfinished. Counters are merged into longer periods
    with age, and deleted after 90 days.
    """
    _fold_counters(store)
    _delete_in_steps(store, _REPEATS_WITH_BODIES, body_days, (_DELETE_REPEATED,))
    return Purged(
        bodies=_delete_in_steps(store, _WITH_BODIES, body_days, (_DELETE_BODIES,)),
        events=_delete_in_steps(store, _ANY, row_days, _DELETE_ROWS),
        dedup=_delete_keys(store),
        errands=_delete_errands(store),
    )


def _delete_in_steps(store: Store, finished: TextClause, days: float, delete: Sequence[TextClause]) -> int:
    after, found = 0, 0
    while True:
        with store.transaction() as connection:
            ids = _next_ids(connection, finished, after, store.now(connection) - round(days * DAY_MS))
            for statement in delete if ids else ():
                connection.execute(statement, {"ids": ids})
        if not ids:
            return found
        after, found = ids[-1], found + len(ids)


def _next_ids(connection: Connection, finished: TextClause, after: int, before: int) -> list[int]:
    return list(connection.execute(finished, {"after": after, "before": before}).scalars())


def _delete_keys(store: Store) -> int:
    found = 0
    while True:
        with store.transaction() as connection:
            gone = connection.execute(_EXPIRED_KEYS, {"now": store.now(connection)}).rowcount
        if not gone:
            return found
        found += gone


def _delete_errands(store: Store) -> int:
    """Delete errands without calls that have not ended and without a mark that lasts."""
    found, after = 0, ("", "")
    while True:
        with store.transaction() as connection:
            place = {"account": after[0], "key": after[1]}
            rows = _UNUSED_ERRANDS.run(connection, now=store.now(connection), **place)
            _DELETE_ERRANDS.run(connection, [tuple(row) for row in rows])
        if not rows:
            return found
        found, after = found + len(rows), tuple(rows[-1])


def _fold_counters(store: Store) -> None:
    made = True
    while made:
        with store.transaction() as connection:
            made = bool(counters.fold(connection, store.now(connection)))
    with store.transaction() as connection:
        counters.delete_old(connection, store.now(connection))
