"""Adds and updates calls. Every change of state is one guarded UPDATE."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bridge.frozen import frozen
from bridge.model import FINAL, Attempt, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text
from bridge.store.db.bulk import insertion, update
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import attempts, calls
from bridge.store.db.texts import plain
from bridge.store.queue import recipient_order
from bridge.store.queue.effects import not_retried
from bridge.store.queue.rows import Beginning, NewCall, beginning, call_row
from bridge.store.reports import counters
from bridge.store.reports.counters import Counts

_SENT = frozenset({State.DONE, State.REFUSED, State.UNCERTAIN, State.QUEUED, State.EXHAUSTED, State.EXPIRED})
AFTER = {State.SENDING: _SENT, State.UNCERTAIN: frozenset({State.DONE, State.REFUSED, State.QUEUED})}
"""The states that an attempt may end in: from `sending`, or later from `uncertain` by the same attempt."""
_OVER = frozenset({State.EXPIRED, State.EXHAUSTED})
_NOT_RUN = _OVER | {State.QUEUED}


@frozen
class Settlement:
    """The new state of a call after an attempt; owner and attempt number guard the update."""

    call_id: int
    owner: str
    number: int
    shown: Attempt
    state: State
    reason: Reason | None
    due_at: int = 0
    """When to retry, if it is queued; unix milliseconds."""
    holds_until: int | None = None
    """Until when later calls of its recipient wait while it is queued; None for no change."""
    answered: bool = False
    """Whether the attempt counts towards the allowed number."""
    resend: bool = False
    """Whether it is queued although it may have run."""


_INSERT = insertion(calls)
_INSERT_ATTEMPT = insertion(
    attempts,
    "ON CONFLICT (call_id, number) DO UPDATE SET "
    + ", ".join(f"{c.name} = excluded.{c.name}" for c in attempts.columns if not c.primary_key),
)
_LOCK = Statement(
    "SELECT id, state, owner, attempt, lease_until, source, account, recipient, order_mode, had_uncertain, "
    "errand, cancelled_by "
    "FROM calls WHERE id IN :ids ORDER BY id <lock>",
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


def add(connection: Connection, now: int, new_calls: Sequence[NewCall]) -> list[int]:
    """Add and count new calls without regard to errands; returns their ids."""
    counts: Counts = Counter()
    ids = put(connection, now, new_calls, counts)
    counters.add(connection, now, counts)
    return ids


def put(connection: Connection, now: int, new_calls: Sequence[NewCall], counts: Counts) -> list[int]:
    """Add new calls without regard to errands, adding to the caller's `counts`; returns their ids."""
    ids = take_ids(connection, "calls", len(new_calls))
    insert(connection, now, ids, new_calls, [beginning(one, now) for one in new_calls], counts)
    return ids


def insert(
    connection: Connection,
    now: int,
    ids: Sequence[int],
    new_calls: Sequence[NewCall],
    begin: Sequence[Beginning],
    counts: Counts,
) -> None:
    """Insert new calls that begin in these states, adding to the caller's `counts`."""
    made = Counter(
        [
            (one.source, one.start.account, begins.state, begins.reason.code if begins.reason else None)
            for one, begins in zip(new_calls, begin, strict=True)
        ]
    )
    for (source, account, state, code), many in made.items():
        counters.move(counts, None, state, source, account, many)
        counters.cancelled(counts, code, source, account, many)
    rows = [
        call_row(number, now, one, begins) for number, one, begins in zip(ids, new_calls, begin, strict=True)
    ]
    _INSERT.run(connection, rows)


def settle(connection: Connection, now: int, settlements: Sequence[Settlement]) -> list[Settlement | None]:
    """End attempts, each with its row; returns the settlements as they were applied, None for a dropped one.

    A settlement of a former owner or attempt is dropped. A late answer to an uncertain call counts if it is
    definite. A call whose errand was cancelled in the meantime ends as cancelled if it did not run.
    """
    rows = _lock_rows(connection, [one.call_id for one in settlements])
    applied: list[Settlement | None] = []
    steps: list[tuple[Settlement, AnyRow, str]] = []
    for one in settlements:
        row = rows.get(one.call_id)
        settlement = _applicable(one, row) if row else None
        applied.append(settlement)
        if row and settlement:
            steps.append((settlement, rows.pop(one.call_id), to_text(one.shown.reason)))
    _SETTLE.run(connection, [_settle_row(*step, now) for step in steps])
    _INSERT_ATTEMPT.run(connection, [_attempt_row(one, shown) for one, _, shown in steps])
    not_retried(connection, [row for one, row, _ in steps if one.state is State.CANCELLED])
    counts: Counts = Counter()
    moves = Counter([(row.state, one.state, row.source, row.account) for one, row, _ in steps])
    for (before, after, source, account), many in moves.items():
        counters.move(counts, State(before), after, source, account, many)
        if after is State.CANCELLED:
            counters.cancelled(counts, CallCode.CANCELLED_BY_EVENT, source, account, many)
    counters.add(connection, now, counts)
    recipient_order.release_next(connection, [(row.account, row.recipient) for _, row, _ in steps])
    return applied


def _lock_rows(connection: Connection, ids: Sequence[int]) -> dict[int, AnyRow]:
    rows = _LOCK.run(connection, ids=ids) if ids else ()
    return {row.id: row for row in rows}


def _applicable(one: Settlement, row: AnyRow) -> Settlement | None:
    """The settlement as it applies to the call's current state; None if it does not apply any more.

    If a late answer says that the last allowed attempt did not run, the call is queued, and expires there.
    """
    if row.owner != one.owner or row.attempt != one.number or row.state not in AFTER:
        return None
    if row.state == State.UNCERTAIN and one.state in _OVER:
        one = replace(one, state=State.QUEUED)
    if one.state not in AFTER[State(row.state)]:
        return None
    if row.cancelled_by and one.state in _NOT_RUN:
        one = _ended(one, row)
    # An answer that leaves the doubt which was recorded before is dropped.
    return None if one.state == row.state else one


def _ended(one: Settlement, row: AnyRow) -> Settlement:
    """The end of a call whose errand was cancelled, instead of another try."""
    if one.resend:
        return replace(one, state=State.UNCERTAIN, reason=one.shown.reason, holds_until=None, resend=False)
    why = Reason(CallCode.CANCELLED_BY_EVENT, event=row.cancelled_by, doubt=ran_before(row))
    return replace(one, state=State.CANCELLED, reason=why)


def ran_before(row: AnyRow) -> Reason | None:
    """What to append to the reason of a call that ends: an earlier attempt may have run."""
    return Reason(CallCode.RAN_BEFORE) if row and row.had_uncertain else None


def _settle_row(one: Settlement, row: AnyRow, shown: str, now: int) -> tuple[Any, ...]:
    """The values of `_SETTLE`; `shown` is the reason of the attempt as a text."""
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
    reason = shown if one.reason is one.shown.reason else to_text(one.reason)
    return (one.state.value, reason, one.due_at, holds, *counts, owner, settled, cause, *guard)


def _attempt_row(one: Settlement, reason: str) -> tuple[Any, ...]:
    shown = one.shown
    return (
        one.call_id,
        one.number,
        one.owner,
        shown.started_at,
        shown.ended_at,
        shown.outcome.value,
        reason,
        shown.phase,
        shown.status,
        plain(shown.content_type),
        plain(shown.answer),
        shown.retry_after,
        shown.cause,
    )
