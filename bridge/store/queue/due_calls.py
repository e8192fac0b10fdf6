"""Reads the state of all accounts and when the next calls are due, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from bridge.model import Call
from bridge.store.db.dialects import Statement
from bridge.store.db.tables import accounts, calls
from bridge.store.queue.accounts import AccountState, state_of
from bridge.store.queue.rows import call_of

Transaction: TypeAlias = Connection
"""A connection in a transaction; for modules that pass it on without importing SQLAlchemy."""

_VIEWS = Statement(
    """
SELECT <columns> FROM (
  SELECT a.*, (
    SELECT min(c.due_at) FROM calls c <calls_ready>
    WHERE c.account = a.name AND c.state = 'queued' AND c.held_by = 0
  ) AS due_at, (
    SELECT min(w.due_at) FROM calls w <calls_waiting> WHERE w.state = 'waiting'
  ) AS waiting_at FROM accounts a
) AS looked ORDER BY name
""",
    columns=(*accounts.columns.keys(), "due_at", "waiting_at"),
)


_OF_OWNER = Statement(
    "SELECT <columns> FROM calls <calls_by_lease> "
    "WHERE state IN ('claimed', 'sending') AND owner = :owner ORDER BY id",
    columns=calls.columns.keys(),
)


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, and when its next call is due; None if none is queued."""

    state: AccountState
    due_at: int | None


@dataclass(frozen=True, slots=True)
class QueueView:
    """Every account that has a row, by name, and when the first waiting call is due; None if none waits."""

    accounts: tuple[AccountView, ...]
    waiting_at: int | None


def view(connection: Connection) -> QueueView:
    """Look at the queue."""
    rows = _VIEWS.run(connection)
    accounts = tuple([AccountView(state_of(row), row.due_at) for row in rows])
    return QueueView(accounts, rows[0].waiting_at if rows else None)


def calls_of_owner(connection: Connection, owner: str) -> list[Call]:
    """The calls that this owner has claimed or is sending."""
    return [call_of(row) for row in _OF_OWNER.run(connection, owner=owner)]
