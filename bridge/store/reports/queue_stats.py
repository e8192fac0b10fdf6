"""Counts calls in the database for metrics and the console, at a bounded cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from bridge.model import State
from bridge.store.queue import due_calls
from bridge.store.queue.accounts import AccountState
from bridge.store.queue.due_calls import AccountView
from bridge.store.reports import trends
from bridge.store.reports.call_views import Doubt, doubts

COUNTED = 50_000
"""Counts go up to one more than this."""
KEYED = 5_000
"""Of the waiting calls, so many that are due first are read for their rules."""
OPEN = (State.CLAIMED, State.SENDING)

_IN_STATE = text(
    "SELECT count(*) FROM (SELECT id FROM calls WHERE state = :state ORDER BY id LIMIT :most) AS few"
)
_READY = text(
    "SELECT count(*) FROM (SELECT id FROM calls "
    "WHERE account = :account AND state = 'queued' AND held_by = 0 LIMIT :most) AS few"
)
_HELD = text(
    "SELECT count(*) FROM (SELECT id FROM calls "
    "WHERE account = :account AND state = 'queued' AND held_by <> 0 LIMIT :most) AS few"
)
_DUE = text(
    "SELECT count(*) FROM (SELECT id FROM calls WHERE state = 'waiting' AND due_at <= :now "
    "ORDER BY due_at, id LIMIT :most) AS few"
)
_UNDER_KEYS = text(
    "SELECT source, rule, count(*) AS many FROM (SELECT source, rule, errand FROM calls "
    "WHERE state = 'waiting' ORDER BY due_at, id LIMIT :most) AS few "
    "WHERE errand <> '' GROUP BY source, rule ORDER BY source, rule"
)
_FIRST = text(
    "SELECT created_at FROM calls WHERE account = :account AND state = 'queued' AND held_by = 0 "
    "ORDER BY due_at, id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Queue:
    """One account and its queued calls."""

    account: AccountState
    queued: int
    oldest_ms: int
    """Milliseconds since the first due call was accepted; 0 if none is queued."""
    late_ms: int
    """Milliseconds since the first due call was due; 0 if none is."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The calls that wait until they are due."""

    sources: Mapping[str, int]
    """How many, by source; exact."""
    due: int
    """Calls that are due and not released yet."""
    due_at: int | None
    """When the first is due, in unix milliseconds; None if none waits."""
    cancelled: Mapping[tuple[str, str], int]
    """Calls that were cancelled in the last day because of their key or time, by source and cause."""

    @property
    def many(self) -> int:
        """How many wait."""
        return sum(self.sources.values())

    def late_ms(self, now: int) -> int:
        """Milliseconds since the first was due; 0 if none is."""
        return 0 if self.due_at is None else max(now - self.due_at, 0)


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Counts of calls at one moment."""

    now: int
    """Unix milliseconds."""
    queues: tuple[Queue, ...]
    states: Mapping[State, int]
    """Calls that are neither queued nor final, by state."""
    doubts: tuple[Doubt, ...]
    """Uncertain calls by account and cause."""
    waiting: Waiting

    @property
    def queued(self) -> int:
        return sum(queue.queued for queue in self.queues)


def under_keys(connection: Connection) -> list[tuple[str, str, int]]:
    """The rules of calls that wait under a key, as source, rule and number of calls; of the first `KEYED`."""
    rows = connection.execute(_UNDER_KEYS, {"most": KEYED})
    return [(row.source, row.rule, row.many) for row in rows]


def count(connection: Connection, now: int) -> QueueStats:
    """Count the calls of all accounts."""
    states = {state: _count(connection, _IN_STATE, state=state.value) for state in OPEN}
    doubtful = doubts(connection)
    states[State.UNCERTAIN] = sum(one.many for one in doubtful)
    found = due_calls.view(connection)
    queues = tuple(_queue(connection, view, now) for view in found.accounts)
    return QueueStats(now, queues, states, doubtful, _waiting(connection, now, found.waiting_at))


def _waiting(connection: Connection, now: int, due_at: int | None) -> Waiting:
    due = 0 if due_at is None or due_at > now else _count(connection, _DUE, now=now)
    return Waiting(trends.waiting(connection), due, due_at, trends.cancelled(connection, now))


def _queue(connection: Connection, view: AccountView, now: int) -> Queue:
    name = view.state.name
    queued = sum(_count(connection, statement, account=name) for statement in (_READY, _HELD))
    accepted = connection.execute(_FIRST, {"account": name}).scalar_one_or_none()
    oldest = 0 if accepted is None else max(now - accepted, 0)
    late = 0 if view.due_at is None else max(now - view.due_at, 0)
    return Queue(view.state, queued, oldest, late)


def _count(connection: Connection, statement: TextClause, **wanted: str | int) -> int:
    return int(connection.execute(statement, {**wanted, "most": COUNTED + 1}).scalar_one())
