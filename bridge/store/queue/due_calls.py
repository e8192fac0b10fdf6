"""What a dispatcher must know of all accounts before it claims: one statement, however many calls wait."""

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
"""What `Store.transaction` gives, for those who hand it on."""

_LOOK = Statement(
    """
SELECT <columns> FROM (
  SELECT a.*, (
    SELECT min(c.due_at) FROM calls c <calls_ready>
    WHERE c.account = a.name AND c.state = 'queued' AND c.held_by = 0
  ) AS due_at FROM accounts a
) AS looked ORDER BY name
""",
    columns=(*accounts.columns.keys(), "due_at"),
)


_HELD = Statement(
    "SELECT <columns> FROM calls <calls_by_lease> "
    "WHERE state IN ('claimed', 'sending') AND owner = :owner ORDER BY id",
    columns=calls.columns.keys(),
)


@dataclass(frozen=True, slots=True)
class View:
    """An account and the time at which its next call is due; None when none waits to be claimed."""

    state: AccountState
    due_at: int | None


def look(connection: Connection) -> list[View]:
    """Every account that has a row, by name."""
    views = []
    for row in connection.execute(_LOOK.of(connection)):
        values = dict(row._mapping)
        due_at = values.pop("due_at")
        views.append(View(state_of(values), due_at))
    return views


def held(connection: Connection, owner: str) -> list[Call]:
    """Every call that is claimed or being sent in this owner's name."""
    return [call_of(row) for row in connection.execute(_HELD.of(connection), {"owner": owner})]
