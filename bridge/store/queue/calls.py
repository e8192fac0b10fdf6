"""Calls at rest: every step of their life is one guarded update."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from bridge.model import FINAL, Attempt, Call, State
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.store.db import bulk
from bridge.store.db.bulk import AllRows, insertion, update
from bridge.store.db.dialects import Statement
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import attempts, calls
from bridge.store.db.texts import plain
from bridge.store.queue import recipient_order
from bridge.store.queue.claims import LEASE_MS
from bridge.store.queue.rows import Owed, call_row, first_state
from bridge.store.reports import counters
from bridge.store.reports.counters import Counts

_SENT = frozenset({State.DONE, State.REFUSED, State.UNCERTAIN, State.QUEUED, State.EXHAUSTED, State.EXPIRED})
AFTER = {State.SENDING: _SENT, State.UNCERTAIN: frozenset({State.DONE, State.REFUSED, State.QUEUED})}
"""Where an attempt's end may lead: from `sending`, or late from `uncertain` by the same owner and attempt."""
_OVER = frozenset({State.EXPIRED, State.EXHAUSTED})


@dataclass(frozen=True, slots=True)
class Settlement:
    """What becomes of one call after an attempt; owner and attempt number are its guard."""

    call_id: int
    owner: str
    number: int
    shown: Attempt
    state: State
    reason: Reason | None
    due_at: int = 0
    """When it may be tried again, should it be queued; unix milliseconds."""
    holds_until: int | None = None
    """Until when later calls of its recipient wait while it is queued; None leaves that as it is."""
    answered: bool = False
    """The attempt counts towards the tries allowed."""
    resend: bool = False
    """It is queued though it may have run."""


_INSERT = insertion(calls)
_INSERT_ATTEMPT = insertion(
    attempts,
    "ON CONFLICT (call_id, number) DO UPDATE SET "
    + ", ".join(f"{c.name} = excluded.{c.name}" for c in attempts.columns if not c.primary_key),
)
_STANDING = Statement(
    "SELECT id, state, owner, attempt, lease_until, source, account, recipient, order_mode "
    "FROM calls WHERE id IN :ids ORDER BY id <lock>",
    "ids",
)
_BEGIN = AllRows(
    "WITH mine (id, owner, attempt) AS ({rows}) "
    "UPDATE calls SET state = 'sending', sent_at = ?, lease_until = ? FROM mine "
    "WHERE calls.id = mine.id AND calls.owner = mine.owner AND calls.attempt = mine.attempt "
    "AND state = 'claimed' AND lease_until > ? RETURNING calls.id",
    *("bigint", "text", "integer"),
)
_RELEASE = (
    "UPDATE calls SET state = 'queued', owner = '', lease_until = 0 "
    "WHERE id = ? AND owner = ? AND attempt = ? AND state = 'claimed'"
)
_SETTLE = update(
    calls,
    "state = ?, reason = ?, due_at = ?, holds_until = COALESCE(?, holds_until), answered = answered + ?, "
    "resends = resends + ?, had_uncertain = (had_uncertain OR ?), owner = ?, lease_until = 0, "
    "settled_at = ?, cause = COALESCE(?, cause)",
    "id = ? AND owner = ? AND attempt = ? AND state = ?",
    *("text", "text", "bigint", "bigint", "integer", "integer", "boolean", "text", "bigint", "text"),
    *("bigint", "text", "integer", "text"),
)


def add(connection: Connection, now: int, owed: Sequence[Owed]) -> list[int]:
    """Queue new calls and count them; gives their ids."""
    counts: Counts = Counter()
    ids = put(connection, now, owed, counts)
    counters.add(connection, now, counts)
    return ids


def put(connection: Connection, now: int, owed: Sequence[Owed], counts: Counts) -> list[int]:
    """Queue new calls, for a caller who counts more than them; gives their ids."""
    ids = take_ids(connection, "calls", len(owed))
    made = Counter([(one.source, one.start.account, one.start.shadow) for one in owed])
    for (source, account, shadow), many in made.items():
        counters.move(counts, None, first_state(shadow=shadow), source, account, many)
    _INSERT.run(connection, [call_row(number, now, one) for number, one in zip(ids, owed, strict=True)])
    return ids


def begin(connection: Connection, now: int, claimed: Sequence[Call]) -> list[bool]:
    """claimed → sending, to be committed before the first byte goes out; per call, whether it may.

    False means that the lease lapsed or the call is no longer its owner's: it must not be sent.
    """
    mine = [(call.id, call.owner, call.attempt) for call in claimed]
    begun = {row[0] for row in _BEGIN.run(connection, mine, now, now + LEASE_MS, now)}
    return [call.id in begun for call in claimed]


def release(connection: Connection, claimed: Sequence[Call]) -> list[bool]:
    """claimed → queued, untried; per call, whether it was still its owner's."""
    standing = _standing(connection, [call.id for call in claimed])
    ready = [_is_owners(standing.get(call.id), call) for call in claimed]
    mine = [call for call, may in zip(claimed, ready, strict=True) if may]
    bulk.each(connection, _RELEASE, [(call.id, call.owner, call.attempt) for call in mine])
    recipient_order.moved(connection, [(call.start.account, call.start.recipient.key) for call in mine])
    return ready


def settle(connection: Connection, now: int, settlements: Sequence[Settlement]) -> list[bool]:
    """End attempts, each with its row; per settlement, whether it was taken.

    Dropped is what comes from an owner or an attempt that the call has moved on from. A late answer to an
    uncertain call counts when it is definite.
    """
    standing = _standing(connection, [one.call_id for one in settlements])
    taken: list[bool] = []
    steps: list[tuple[Settlement, Row[Any]]] = []
    for one in settlements:
        row = standing.get(one.call_id)
        landed = _landed(one, row) if row else None
        taken.append(landed is not None)
        if row and landed:
            steps.append((landed, standing.pop(one.call_id)))
    _SETTLE.run(connection, [_settle_row(one, row, now) for one, row in steps])
    _INSERT_ATTEMPT.run(connection, [_attempt_row(one) for one, _ in steps])
    counts: Counts = Counter()
    for one, row in steps:
        counters.move(counts, State(row.state), one.state, row.source, row.account)
    counters.add(connection, now, counts)
    recipient_order.moved(connection, [(row.account, row.recipient) for _, row in steps])
    return taken


def _standing(connection: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    rows = connection.execute(_STANDING.of(connection), {"ids": ids}) if ids else ()
    return {row.id: row for row in rows}


def _is_owners(row: Row[Any] | None, call: Call) -> bool:
    """Claimed by the owner that thinks so."""
    mine = (State.CLAIMED, call.owner, call.attempt)
    return row is not None and (row.state, row.owner, row.attempt) == mine


def _landed(one: Settlement, row: Row[Any]) -> Settlement | None:
    """The step as this call can take it; None when the call has moved on without it.

    Late word that the last try did not run goes by way of the queue, which ends what is over.
    """
    if row.owner != one.owner or row.attempt != one.number or row.state not in AFTER:
        return None
    if row.state == State.UNCERTAIN and one.state in _OVER:
        one = replace(one, state=State.QUEUED)
    return one if one.state in AFTER[State(row.state)] else None


def _settle_row(one: Settlement, row: Row[Any], now: int) -> tuple[Any, ...]:
    uncertain = one.state is State.UNCERTAIN
    holds = one.holds_until
    if uncertain and row.order_mode != "strict":
        holds = 0
    owner = one.owner if uncertain else ""
    doubted = uncertain or one.resend
    counts = (int(one.answered), int(one.resend), doubted)
    settled = now if one.state in FINAL else 0
    guard = (one.call_id, one.owner, one.number, row.state)
    cause = one.shown.cause if doubted else None
    return (one.state.value, to_text(one.reason), one.due_at, holds, *counts, owner, settled, cause, *guard)


def _attempt_row(one: Settlement) -> tuple[Any, ...]:
    shown = one.shown
    return (
        one.call_id,
        one.number,
        one.owner,
        shown.started_at,
        shown.ended_at,
        shown.outcome.value,
        to_text(shown.reason),
        shown.phase,
        shown.status,
        plain(shown.content_type),
        plain(shown.answer),
        shown.retry_after,
        shown.cause,
    )
