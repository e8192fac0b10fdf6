"""What the store remembers of itself, by name."""

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
_HOLD = text(
    "INSERT INTO notes (name, text) VALUES (:name, :text) "
    "ON CONFLICT (name) DO UPDATE SET text = notes.text RETURNING text"
)
_FORGET = text("DELETE FROM notes WHERE substr(name, 1, :length) = :beginning AND text < :before")
_LIVE = text("SELECT COUNT(*) FROM calls WHERE state IN ('queued', 'claimed', 'sending', 'waiting')")
_TARGET = "target"
REAL, SANDBOX = "LeadConverter", "the sandbox"


def read(connection: Connection, name: str) -> str | None:
    """What is noted under a name; None where nothing is."""
    noted: str | None = connection.execute(_READ, {"name": name}).scalar_one_or_none()
    return noted


def write(connection: Connection, name: str, noted: str) -> None:
    """Note it, in place of what was noted before."""
    connection.execute(_WRITE, {"name": name, "text": noted})


def hold(connection: Connection, name: str, first: str) -> str:
    """What is noted under a name, `first` where nothing was; nobody else's until the transaction ends."""
    return str(connection.execute(_HOLD, {"name": name, "text": first}).scalar_one())


def forget(connection: Connection, beginning: str, before: str) -> None:
    """Forget the notes whose names begin so, and whose texts come before that one."""
    connection.execute(_FORGET, {"beginning": beginning, "length": len(beginning), "before": before})


def aim(store: Store, *, sandboxed: bool) -> None:
    """Remember where this store's calls go; raises BridgeError while calls wait to go elsewhere.

    A call that was tried out must never reach a customer, and a real one must not end in the sandbox.
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
