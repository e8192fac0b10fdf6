"""Key-value pairs of the store, in the table `notes`."""

from __future__ import annotations

from sqlalchemy import Connection, text

from bridge.errors import BridgeError
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store

_READ = text("SELECT text FROM notes WHERE name = :name")
_WRITE = text(
    "INSERT INTO notes (name, text) VALUES (:name, :text) "
    "ON CONFLICT (name) DO UPDATE SET text = excluded.text"
)
_READ_LOCKED = text(
    "INSERT INTO notes (name, text) VALUES (:name, :text) "
    "ON CONFLICT (name) DO UPDATE SET text = notes.text RETURNING text"
)
_DELETE = text("DELETE FROM notes WHERE substr(name, 1, :length) = :beginning AND text < :before")
_LIVE = text("SELECT COUNT(*) FROM calls WHERE state IN ('waiting', 'queued', 'claimed', 'sending')")
_TARGET = "target"
REAL, SANDBOX = "LeadConverter", "the sandbox"


def read(connection: Connection, name: str) -> str | None:
    """The value of a name; None if there is none."""
    value: str | None = connection.execute(_READ, {"name": name}).scalar_one_or_none()
    return value


def write(connection: Connection, name: str, value: str) -> None:
    """Set the value of a name."""
    connection.execute(_WRITE, {"name": name, "text": value})


def read_locked(connection: Connection, name: str, first: str) -> str:
    """The value of a name, set to `first` if there is none; its row is locked until the transaction ends."""
    return str(connection.execute(_READ_LOCKED, {"name": name, "text": first}).scalar_one())


def delete(connection: Connection, beginning: str, before: str) -> None:
    """Delete pairs whose names start with `beginning` and whose values sort before `before`."""
    connection.execute(_DELETE, {"beginning": beginning, "length": len(beginning), "before": before})


def set_target(store: Store, *, sandboxed: bool) -> None:
    """Record where this store's calls are sent; raises BridgeError while calls for the other target wait.

    A call made for the sandbox must never reach a customer, and a real one must not end in the sandbox.
    """
    target = SANDBOX if sandboxed else REAL
    with store.transaction() as connection:
        before = read(connection, _TARGET)
        if before not in (None, target):
            _require_none_live(connection, str(before))
        if before != target:
            write(connection, _TARGET, target)


def _require_none_live(connection: Connection, before: str) -> None:
    live = connection.execute(_LIVE).scalar_one()
    if live:
        code = ErrorCode.CALLS_FOR_SANDBOX if before == SANDBOX else ErrorCode.CALLS_FOR_LEADCONVERTER
        raise BridgeError(Reason(code, number=live), Reason(ErrorCode.FINISH_OR_OTHER_DATABASE))
