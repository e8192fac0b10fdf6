"""Claiming: which queued calls may go now, taken by one owner under a lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from bridge.model import Call, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.store.db import bulk
from bridge.store.db.dialects import Statement
from bridge.store.db.tables import FOR_EVER, calls
from bridge.store.queue import pauses, recipient_order
from bridge.store.queue.rows import bot_prefix, call_of
from bridge.store.reports import counters

LEASE_MS = 60_000
"""How long an owner may keep a call without a sign of life."""
EXPIRED = to_text(Reason(CallCode.EXPIRED))
"""Of a call that ends so, as its column holds it."""
_LOOK_AT = 100
"""Calls at a time, once some of them cannot go."""
_ROUNDS = 20
_ANY = 2**31 - 1
"""More resends than a call can have."""

_OF_CALL = ("id", "source", "rule", "account", "recipient", "state", "due_at", "expires_at")
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
   WHERE p.account = c.account AND p.recipient = c.recipient AND p.id < c.id
     AND p.state IN ('queued', 'uncertain') AND p.held_by >= 0
     AND (p.holds_until > :now OR (p.state = 'queued' AND p.due_at <= :now))
   ORDER BY p.id LIMIT 1) AS earlier
FROM c ORDER BY due_at, id
""",  # noqa: S608 (our own words)
    columns=_CANDIDATE,
)
_BLOCKERS = Statement("SELECT id, state, holds_until, due_at FROM calls WHERE id IN :ids <lock_free>", "ids")
_TAKE = Statement(
    """
UPDATE calls SET state = 'claimed', owner = :owner, attempt = attempt + 1, lease_until = :lease
WHERE id IN :ids AND state = 'queued' RETURNING <columns>
""",
    "ids",
    columns=calls.columns.keys(),
)
_EXPIRE = (
    "UPDATE calls SET state = 'expired', reason = ?, settled_at = ?, "
    "held_by = 0, held_until = 0 WHERE id = ? AND state = 'queued'"
)


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """Which queued calls a claim looks at."""

    resends: int = _ANY
    bots: tuple[int, ...] = ()
    """Bots whose calls are left out."""


def ready(
    connection: Connection,
    now: int,
    account: str,
    limit: int,
    paused: frozenset[tuple[str, str]],
    avoided: tuple[int, ...] | None = None,
) -> list[int]:
    """Up to `limit` calls that may go now, oldest first, one per recipient; `paused` as `pauses.held_back`.

    Calls that must wait for another of their recipient, or that are paused, are set aside on the way, and
    expired ones end: it looks on then. `avoided`: what goes now may well be in doubt soon. Calls of these
    bots are taken only where there is no other, and last come calls that were in doubt before and had their
    one resend.
    """
    ways = [_Narrowed()]
    if avoided is not None:
        ways = [*[_Narrowed(0, bots) for bots in dict.fromkeys((avoided, ()))], *ways]
    for way in ways:
        found = _ready(connection, now, account, limit, paused, way)
        if found:
            return found
    return []


def _ready(
    connection: Connection,
    now: int,
    account: str,
    limit: int,
    paused: frozenset[tuple[str, str]],
    way: _Narrowed,
) -> list[int]:
    free: list[int] = []
    look_at = limit
    for _ in range(_ROUNDS):
        found = _candidates(connection, now, account, look_at, way)
        look_at = max(limit, _LOOK_AT)
        if pauses.set_aside(connection, paused, found):
            continue
        free = [
            row.id for row in found if row.in_flight is None and row.earlier is None and row.expires_at > now
        ]
        moved = _end_expired(connection, now, found) or _set_aside(connection, now, found)
        if not moved or len(free) >= limit:
            break
    return free[:limit]


def claim(connection: Connection, now: int, owner: str, ids: Sequence[int]) -> list[Call]:
    """Take calls that are `ready`, of one account or of several, for `LEASE_MS`.

    None when another process has just taken a call of one of their recipients: the schema forbids two.
    """
    if not ids:
        return []
    try:
        with connection.begin_nested():
            rows = connection.execute(
                _TAKE.of(connection), {"owner": owner, "lease": now + LEASE_MS, "ids": ids}
            ).all()
    except IntegrityError:
        return []
    place = {number: index for index, number in enumerate(ids)}
    return [call_of(row) for row in sorted(rows, key=lambda row: place[row.id])]


def _candidates(
    connection: Connection, now: int, account: str, many: int, way: _Narrowed
) -> Sequence[Row[Any]]:
    parameters = {"account": account, "now": now, "many": many, "resends": way.resends}
    bots = {f"bot_{n}": f"{bot_prefix(bot)}%" for n, bot in enumerate(way.bots)}
    statement = _candidates_but(len(bots)) if bots else _CANDIDATES
    return connection.execute(statement.of(connection), {**parameters, **bots}).all()


@lru_cache
def _candidates_but(bots: int) -> Statement:
    """The candidates without the calls of so many bots."""
    others = "".join(f" AND request NOT LIKE :bot_{number}" for number in range(bots))
    sql = _CANDIDATES.sql.replace("AND resends <= :resends", f"AND resends <= :resends{others}")
    return Statement(sql, columns=_CANDIDATE)


def _end_expired(connection: Connection, now: int, found: Sequence[Row[Any]]) -> int:
    late = [row for row in found if row.expires_at <= now]
    bulk.each(connection, _EXPIRE, [(EXPIRED, now, row.id) for row in late])
    counters.add_moves(connection, now, late, State.EXPIRED)
    recipient_order.moved(connection, [(row.account, row.recipient) for row in late])
    return len(late)


def _set_aside(connection: Connection, now: int, found: Sequence[Row[Any]]) -> int:
    """Mark what cannot go as held; gives how many.

    The blocking call is locked first, and passed over when it cannot be: a call must never be marked as held
    by one that is moving on at this moment and would not let it go.
    """
    waits = {row.id: row.in_flight or row.earlier for row in found if row.in_flight or row.earlier}
    if not waits:
        return 0
    rows = connection.execute(_BLOCKERS.of(connection), {"ids": sorted(set(waits.values()))})
    until = {row.id: _holds_until(row, now) for row in rows}
    held = [
        (blocker, until[blocker], call_id)
        for call_id, blocker in waits.items()
        if until.get(blocker, 0) > now
    ]
    recipient_order.hold(connection, held)
    return len(held)


def _holds_until(row: Row[Any], now: int) -> int:
    """Until when this call holds later ones of its lane; 0 when it does not."""
    if row.state in ("claimed", "sending"):
        return FOR_EVER
    if row.state == "queued" and row.due_at <= now:
        return FOR_EVER
    return int(row.holds_until) if row.state in ("queued", "uncertain") else 0
