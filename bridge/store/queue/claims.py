"""Finds queued calls that may be sent now, and marks them as being sent by one owner, under a lease."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bridge.model import Call, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.store.db import bulk
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import FOR_EVER, calls
from bridge.store.queue import pauses, recipient_order
from bridge.store.queue.rows import bot_prefix, call_of
from bridge.store.reports import counters

LEASE_MS = 60_000
"""How long an owner may hold a call without renewing its lease."""
EXPIRED = to_text(Reason(CallCode.EXPIRED))
"""The reason of an expired call, as stored."""
_MORE_CANDIDATES = 100
"""Candidates per query after some calls could not be sent."""
_ROUNDS = 20
_ANY = 2**31 - 1
"""More resends than a call can have."""

_OF_CALL = ("id", "source", "rule", "account", "recipient", "state", "due_at", "expires_at", "place")
_CANDIDATE = (*_OF_CALL, "in_flight", "earlier")
_CANDIDATES = Statement(
    f"""
WITH c AS MATERIALIZED (
  SELECT {", ".join(_OF_CALL)} FROM calls <calls_ready>
  WHERE account = :account AND state = 'queued' AND held_by = 0 AND due_at <= :now AND resends <= :resends
  ORDER BY due_at, id LIMIT :many <lock_free>
)
SELECT c.*,
  (SELECT p.id FROM calls p <calls_in_flight>
   WHERE p.account = c.account AND p.recipient = c.recipient AND p.state IN ('claimed', 'sending')
   LIMIT 1) AS in_flight,
  (SELECT p.id FROM calls p <calls_in_lane>
   WHERE p.account = c.account AND p.recipient = c.recipient AND p.place < c.place
     AND p.state IN ('queued', 'uncertain') AND p.held_by >= 0
     AND (p.holds_until > :now OR (p.state = 'queued' AND p.due_at <= :now))
   ORDER BY p.place LIMIT 1) AS earlier
FROM c ORDER BY due_at, id
""",  # noqa: S608 (our own words)
    columns=_CANDIDATE,
)
_BLOCKERS = Statement(
    "SELECT id, state, holds_until, due_at FROM calls WHERE id IN :ids <lock_free>",
)
_TAKE = Statement(
    """
UPDATE calls SET state = 'sending', owner = :owner, attempt = attempt + 1, sent_at = :now,
  lease_until = :lease
WHERE id IN :ids AND state = 'queued' RETURNING <columns>
""",
    columns=calls.columns.keys(),
)
_EXPIRE = (
    "UPDATE calls SET state = 'expired', reason = ?, settled_at = ?, "
    "held_by = 0, held_until = 0 WHERE id = ? AND state = 'queued'"
)


@dataclass(frozen=True, slots=True)
class _Selection:
    """The queued calls that a claim considers."""

    resends: int = _ANY
    bots: tuple[int, ...] = ()
    """Bots whose calls are excluded."""


def ready(
    connection: Connection,
    now: int,
    account: str,
    limit: int,
    paused: frozenset[tuple[str, str]],
    avoided: tuple[int, ...] | None = None,
) -> list[int]:
    """Up to `limit` calls that may be sent now, oldest first, one per recipient; `paused` as in `pauses`.

    Calls that must wait for another of their recipient, or are paused, are marked as held, and expired calls
    end; then the search goes on. `avoided` is given while calls are likely to become uncertain: calls of
    these bots are taken only if there is no other, and last those that were uncertain and resent before.
    """
    selections = [_Selection()]
    if avoided is not None:
        selections = [*[_Selection(0, bots) for bots in dict.fromkeys((avoided, ()))], *selections]
    for selection in selections:
        found = _ready(connection, now, account, limit, paused, selection)
        if found:
            return found
    return []


def _ready(
    connection: Connection,
    now: int,
    account: str,
    limit: int,
    paused: frozenset[tuple[str, str]],
    selection: _Selection,
) -> list[int]:
    free: list[int] = []
    many = limit
    for _ in range(_ROUNDS):
        found = _candidates(connection, now, account, many, selection)
        many = max(limit, _MORE_CANDIDATES)
        if pauses.hold_paused(connection, paused, found):
            continue
        free = [
            row.id for row in found if row.in_flight is None and row.earlier is None and row.expires_at > now
        ]
        moved = _end_expired(connection, now, found) or _hold_blocked(connection, now, found)
        if not moved or len(free) >= limit:
            break
    return free[:limit]


def claim(connection: Connection, now: int, owner: str, ids: Sequence[int]) -> list[Call]:
    """queued → sending, for calls that are `ready`, of one account or of several; the lease is `LEASE_MS`.

    Commit before the first byte is sent. Returns no call if another process has just claimed a call of one of
    their recipients: a unique index allows one per recipient.
    """
    if not ids:
        return []
    # The writer has the whole embedded database: nobody has claimed anything since these were found ready.
    alone = connection.dialect.name == "sqlite"
    try:
        with nullcontext() if alone else connection.begin_nested():
            rows = _TAKE.run(connection, owner=owner, now=now, lease=now + LEASE_MS, ids=list(ids))
    except IntegrityError:
        return []
    place = {number: index for index, number in enumerate(ids)}
    return [call_of(row) for row in sorted(rows, key=lambda row: place[row.id])]


def _candidates(
    connection: Connection, now: int, account: str, many: int, selection: _Selection
) -> Sequence[AnyRow]:
    parameters = {"account": account, "now": now, "many": many, "resends": selection.resends}
    bots = {f"bot_{n}": f"{bot_prefix(bot)}%" for n, bot in enumerate(selection.bots)}
    statement = _candidates_without(len(bots)) if bots else _CANDIDATES
    return statement.run(connection, **parameters, **bots)


@lru_cache
def _candidates_without(bots: int) -> Statement:
    """The statement for candidates that excludes the calls of so many bots."""
    others = "".join(f" AND request NOT LIKE :bot_{number}" for number in range(bots))
    sql = _CANDIDATES.sql.replace("AND resends <= :resends", f"AND resends <= :resends{others}")
    return Statement(sql, columns=_CANDIDATE)


def _end_expired(connection: Connection, now: int, found: Sequence[AnyRow]) -> int:
    late = [row for row in found if row.expires_at <= now]
    bulk.each(connection, _EXPIRE, [(EXPIRED, now, row.id) for row in late])
    counters.add_moves(connection, now, late, State.EXPIRED)
    recipient_order.release_next(connection, [(row.account, row.recipient) for row in late])
    return len(late)


def _hold_blocked(connection: Connection, now: int, found: Sequence[AnyRow]) -> int:
    """Mark blocked calls as held; returns how many.

    The blocking call is locked first, and skipped if it is locked already: it may be changing its state now,
    and would not release a call that is marked as held afterwards.
    """
    waits = {row.id: row.in_flight or row.earlier for row in found if row.in_flight or row.earlier}
    if not waits:
        return 0
    rows = _BLOCKERS.run(connection, ids=sorted(set(waits.values())))
    until = {row.id: _holds_until(row, now) for row in rows}
    held = [
        (blocker, until[blocker], call_id)
        for call_id, blocker in waits.items()
        if until.get(blocker, 0) > now
    ]
    recipient_order.hold(connection, held)
    return len(held)


def _holds_until(row: AnyRow, now: int) -> int:
    """Until when this call blocks later calls of its recipient; 0 if it does not."""
    if row.state in ("claimed", "sending"):
        return FOR_EVER
    if row.state == "queued" and row.due_at <= now:
        return FOR_EVER
    return int(row.holds_until) if row.state in ("queued", "uncertain") else 0
