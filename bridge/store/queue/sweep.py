"""Periodic work on calls: recovers those with an expired lease, expires others, releases held ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from bridge.model import DIED, WATCHDOG, Call, Outcome, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.store.db import bulk
from bridge.store.db.bulk import insertion
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import FOR_EVER, attempts, calls
from bridge.store.queue import pauses, recipient_order
from bridge.store.queue.claims import EXPIRED, LEASE_MS
from bridge.store.queue.rows import call_of
from bridge.store.reports import counters

LAPSED = Reason(CallCode.LAPSED)
HUNG = Reason(CallCode.HUNG)


@dataclass(frozen=True, slots=True)
class Swept:
    """The results of a sweep: calls that may have run, and how many were queued, expired and released."""

    uncertain: tuple[Call, ...] = ()
    queued: int = 0
    expired: int = 0
    released: int = 0


_LEASES = Statement(
    "SELECT <columns> FROM calls <calls_by_lease> "
    "WHERE state IN ('claimed', 'sending') AND lease_until <= :until "
    "ORDER BY lease_until, id LIMIT 1000 <lock_free>",
    columns=calls.columns.keys(),
)
_LEASES_OF = Statement(
    "SELECT <columns> FROM calls <calls_by_lease> "
    "WHERE state IN ('claimed', 'sending') AND owner = :owner "
    "ORDER BY lease_until, id LIMIT 1000 <lock_free>",
    columns=calls.columns.keys(),
)
# A waiting call never expires, but the partial index is used only with its own condition.
_LATE = Statement(
    "SELECT <columns> FROM calls <calls_by_end> "
    "WHERE state IN ('queued', 'waiting') AND expires_at <= :until "
    "ORDER BY expires_at, id LIMIT 1000 <lock_free>",
    columns=calls.columns.keys(),
)
_QUEUE = "UPDATE calls SET state = 'queued', owner = '', lease_until = 0 WHERE id = ? AND state = 'claimed'"
_DOUBT = (
    "UPDATE calls SET state = 'uncertain', had_uncertain = (1 = 1), reason = ?, cause = ?, lease_until = 0, "
    "holds_until = CASE WHEN order_mode = 'strict' THEN holds_until ELSE 0 END "
    "WHERE id = ? AND state = 'sending'"
)
_EXPIRE = (
    "UPDATE calls SET state = 'expired', reason = ?, settled_at = ?, held_by = 0, held_until = 0 "
    "WHERE id = ? AND state IN ('queued', 'waiting')"
)
_LEASES_AHEAD = Statement(
    "UPDATE calls <calls_by_lease> SET lease_until = :furthest "
    "WHERE state IN ('claimed', 'sending') AND lease_until > :furthest"
)
_DUE_AHEAD = Statement(
    "UPDATE calls <calls_by_state> SET due_at = :now "
    "WHERE state = 'queued' AND due_at > :now AND (created_at > :now OR sent_at > :now)"
)
_ATTEMPT = insertion(attempts, "ON CONFLICT (call_id, number) DO NOTHING")


def sweep(connection: Connection, now: int) -> Swept:
    """Recover, expire and release calls, a bounded number of each. Run it every second or so."""
    uncertain, queued = recover(connection, now)
    expired = expire(connection, now)
    released = recipient_order.release_expired(connection, now) + pauses.release_ended(connection)
    return Swept(uncertain, queued, expired, released)


def set_back(connection: Connection, now: int) -> None:
    """Correct times after the clock was set back: long leases are shortened, future calls are due at once."""
    _LEASES_AHEAD.change(connection, furthest=now + LEASE_MS)
    _DUE_AHEAD.change(connection, now=now)


def recover(
    connection: Connection, now: int, *, everyone: bool = False, owner: str = "", cause: str = DIED
) -> tuple[tuple[Call, ...], int]:
    """Recover calls whose lease has expired: claimed ones are queued, those being sent become uncertain.

    Returns the latter with their previous state, and the number of queued ones. `everyone` ignores the time
    of leases: when the only dispatcher starts, all previous owners are dead. With `owner`, all calls of this
    one are recovered, which is dead by the `cause`.
    """
    if owner:
        rows = _LEASES_OF.run(connection, owner=owner)
    else:
        rows = _LEASES.run(connection, until=FOR_EVER if everyone else now)
    why = to_text(lost_reason(cause))
    claimed = [row for row in rows if row.state == "claimed"]
    sending = [row for row in rows if row.state == "sending"]
    bulk.each(connection, _QUEUE, [(row.id,) for row in claimed])
    bulk.each(connection, _DOUBT, [(why, cause, row.id) for row in sending])
    _ATTEMPT.run(connection, [_lost(row, now, why, cause) for row in sending])
    counters.add_moves(connection, now, sending, State.UNCERTAIN)
    recipient_order.release_next(connection, [(row.account, row.recipient) for row in rows])
    return tuple(call_of(row) for row in sending), len(claimed)


def expire(connection: Connection, now: int) -> int:
    """End queued calls whose time has expired; returns how many."""
    rows = _LATE.run(connection, until=now)
    bulk.each(connection, _EXPIRE, [(EXPIRED, now, row.id) for row in rows])
    counters.add_moves(connection, now, rows, State.EXPIRED)
    recipient_order.release_next(connection, [(row.account, row.recipient) for row in rows])
    return len(rows)


def lost_reason(cause: str) -> Reason:
    """Why a call is uncertain whose dispatcher is gone by this cause."""
    return HUNG if cause == WATCHDOG else LAPSED


def _lost(row: AnyRow, now: int, why: str, cause: str) -> tuple[Any, ...]:
    """The row of an attempt whose end was not recorded."""
    times = (row.sent_at, max(now, row.sent_at))
    shown = (Outcome.UNCERTAIN.value, why, "", None, "", "", None, cause)
    return (row.id, row.attempt, row.owner, *times, *shown)
