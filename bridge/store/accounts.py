"""What the processes share about an account: pace, pause and health."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from bridge.store import audit
from bridge.store.bulk import insertion
from bridge.store.tables import accounts
from bridge.store.texts import plain


@dataclass(frozen=True, slots=True)
class AccountState:
    """One row of `accounts`. Times are unix milliseconds."""

    name: str
    tat: float = 0.0
    """When the next call may go by the account's pace."""
    slow: float = 0.0
    """Until when the pace is reduced."""
    paused_at: int = 0
    """0 while it is not paused."""
    paused_by: str = ""
    paused_reason: str = ""
    token_mark: str = ""
    """A digest of the token with which it was paused: another token ends the pause."""
    health: str = ""
    """What dispatch remembers of it, in its own words."""

    @property
    def kind(self) -> audit.Kind:
        return "account"

    @property
    def paused(self) -> bool:
        return self.paused_at > 0


_ONE = select(accounts).where(accounts.c.name == bindparam("wanted")).with_for_update()
_ALL = select(accounts).order_by(accounts.c.name)
_MAKE = insertion(accounts, "ON CONFLICT DO NOTHING")
_CHANGE = update(accounts).where(accounts.c.name == bindparam("wanted"))


def ensure(connection: Connection, names: Iterable[str]) -> None:
    """Make rows for accounts that have none."""
    rows = [tuple(_row(AccountState(name)).values()) for name in sorted(set(names))]
    _MAKE.run(connection, rows)


def lock(connection: Connection, name: str) -> AccountState:
    """The account's row, nobody else's until the transaction ends; made when there is none."""
    row = connection.execute(_ONE, {"wanted": name}).one_or_none()
    if row is None:
        ensure(connection, [name])
        row = connection.execute(_ONE, {"wanted": name}).one()
    return _state(row)


def save(connection: Connection, state: AccountState) -> None:
    """Write back a row that `lock` gave."""
    connection.execute(_CHANGE, {"wanted": state.name, **_row(state)})


def all_states(connection: Connection) -> dict[str, AccountState]:
    """Every account that ever had a call, by name."""
    return {row.name: _state(row) for row in connection.execute(_ALL)}


def pause(connection: Connection, now: int, name: str, *, who: str, why: str, token_mark: str = "") -> bool:
    """Stop claiming for the account; False when it was paused already, which stays as it is."""
    state = lock(connection, name)
    if state.paused:
        return False
    values = {"paused_at": now, "paused_by": who, "paused_reason": plain(why), "token_mark": token_mark}
    connection.execute(_CHANGE, {"wanted": name, **values})
    audit.record(connection, now, who=who, what="pause", why=why, kind="account", target=name)
    return True


def resume(connection: Connection, now: int, name: str, *, who: str, why: str) -> bool:
    """Let the account's calls go again; False when it was not paused."""
    if not lock(connection, name).paused:
        return False
    values = {"paused_at": 0, "paused_by": "", "paused_reason": "", "token_mark": ""}
    connection.execute(_CHANGE, {"wanted": name, **values})
    audit.record(connection, now, who=who, what="resume", why=why, kind="account", target=name)
    return True


def _row(state: AccountState) -> dict[str, Any]:
    return {column.name: getattr(state, column.name) for column in accounts.columns}


def _state(row: Row[Any]) -> AccountState:
    return AccountState(**row._mapping)
