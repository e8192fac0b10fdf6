"""The state of accounts that all processes share: pace, pause and health."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.db.bulk import insertion, update
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import accounts
from bridge.store.reports import audit


@dataclass(frozen=True, slots=True)
class AccountState:
    """One row of `accounts`. Times are unix milliseconds."""

    name: str
    tat: float = 0.0
    """When the account's pace allows the next call."""
    slow: float = 0.0
    """Until when the pace is reduced."""
    paused_at: int = 0
    """0 if it is not paused."""
    paused_by: str = ""
    paused_reason: Reason | str = ""
    """A reason if the bridge paused it, else a person's text."""
    token_mark: str = ""
    """A digest of the token with which it was paused: another token ends the pause."""
    health: str = ""
    """State that dispatch stores as text: breaker and error counts."""

    @property
    def kind(self) -> audit.Kind:
        return "account"

    @property
    def paused(self) -> bool:
        return self.paused_at > 0


_LOCK = Statement(
    "SELECT <columns> FROM accounts WHERE name IN :names ORDER BY name <lock>",
    columns=accounts.columns.keys(),
)
_ALL = Statement("SELECT <columns> FROM accounts ORDER BY name", columns=accounts.columns.keys())
_MAKE = insertion(accounts, "ON CONFLICT DO NOTHING")
_SAVE = update(
    accounts,
    "tat = ?, slow = ?, paused_at = ?, paused_by = ?, paused_reason = ?, token_mark = ?, health = ?",
    "name = ?",
    *("double precision", "double precision", "bigint", "text", "text", "text", "text", "text"),
)


def ensure(connection: Connection, names: Iterable[str]) -> None:
    """Insert rows for accounts that have none."""
    rows = [tuple(_row(AccountState(name)).values()) for name in sorted(set(names))]
    _MAKE.run(connection, rows)


def lock(connection: Connection, name: str) -> AccountState:
    """The account's row, locked until the transaction ends; inserted if there is none."""
    return lock_all(connection, [name])[name]


def lock_all(connection: Connection, names: Collection[str]) -> dict[str, AccountState]:
    """Lock several rows, in the order of names, so that no two transactions wait for each other."""
    states = _locked(connection, names)
    if len(states) < len(names):
        ensure(connection, names)
        states = _locked(connection, names)
    return states


def save(connection: Connection, states: Iterable[AccountState]) -> None:
    """Update locked rows."""
    rows = [tuple(_row(state).values()) for state in states]
    _SAVE.run(connection, [(*values, name) for name, *values in rows])


def all_states(connection: Connection) -> dict[str, AccountState]:
    """The state of every account that ever had a call, by name."""
    return {row.name: state_of(row) for row in _ALL.run(connection)}


def pause(
    connection: Connection, now: int, name: str, *, who: str, why: Reason | str, token_mark: str = ""
) -> bool:
    """Pause the account; False if it was paused already, which changes nothing."""
    state = lock(connection, name)
    if state.paused:
        return False
    save(connection, [replace(state, paused_at=now, paused_by=who, paused_reason=why, token_mark=token_mark)])
    what = Reason(ActionCode.PAUSE)
    audit.record(connection, now, who=who, what=what, why=why, kind="account", target=name)
    return True


def resume(connection: Connection, now: int, name: str, *, who: str, why: Reason | str) -> bool:
    """End the account's pause; False if it was not paused."""
    state = lock(connection, name)
    if not state.paused:
        return False
    save(connection, [replace(state, paused_at=0, paused_by="", paused_reason="", token_mark="")])
    audit.record(
        connection, now, who=who, what=Reason(ActionCode.RESUME), why=why, kind="account", target=name
    )
    return True


def state_of(row: AnyRow) -> AccountState:
    """The account that a row holds."""
    reason = audit.why_of(row.paused_by, row.paused_reason)
    return AccountState(
        row.name, row.tat, row.slow, row.paused_at, row.paused_by, reason, row.token_mark, row.health
    )


def _locked(connection: Connection, names: Collection[str]) -> dict[str, AccountState]:
    rows = _LOCK.run(connection, names=list(names)) if names else ()
    return {row.name: state_of(row) for row in rows}


def _row(state: AccountState) -> dict[str, Any]:
    values = {column.name: getattr(state, column.name) for column in accounts.columns}
    return {**values, "paused_reason": audit.why_text(state.paused_reason)}
