"""What a dispatcher must know of all accounts before it claims: one statement, however many calls wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection, text

from bridge.store.accounts import AccountState

Transaction: TypeAlias = Connection
"""What `Store.transaction` gives, for those who hand it on."""

_LOOK = text("""
SELECT a.*, (
  SELECT min(c.due_at) FROM calls c WHERE c.account = a.name AND c.state = 'queued' AND c.held_by = 0
) AS due_at
FROM accounts a ORDER BY a.name
""")


@dataclass(frozen=True, slots=True)
class View:
    """An account and the time at which its next call is due; None when none waits to be claimed."""

    state: AccountState
    due_at: int | None


def look(connection: Connection) -> list[View]:
    """Every account that has a row, by name."""
    views = []
    for row in connection.execute(_LOOK):
        values = dict(row._mapping)
        due_at = values.pop("due_at")
        views.append(View(AccountState(**values), due_at))
    return views
