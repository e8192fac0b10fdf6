"""The store's own code on one SQLite in memory, every step of every call written down by its triggers."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, cast

from sqlalchemy import Connection, Engine, bindparam, create_engine, event, select
from sqlalchemy.pool import StaticPool

from bridge.model import Call
from bridge.store.db import migrate
from bridge.store.db.engine import Store
from bridge.store.db.tables import IDS, calls, metadata
from bridge.store.queue.rows import call_of

_TRIGGERS = """
CREATE TEMP TABLE steps (
  number INTEGER PRIMARY KEY, call INTEGER, was TEXT, state TEXT, owner TEXT, attempt INTEGER,
  due_at INTEGER, resends INTEGER, answered INTEGER, lease_until INTEGER, same_request INTEGER, reason TEXT);
CREATE TEMP TRIGGER born AFTER INSERT ON main.calls BEGIN
  INSERT INTO steps VALUES (NULL, NEW.id, '', NEW.state, NEW.owner, NEW.attempt,
    NEW.due_at, NEW.resends, NEW.answered, NEW.lease_until, 1, NEW.reason);
END;
CREATE TEMP TRIGGER stepped AFTER UPDATE OF state, owner, attempt, request, resends, lease_until, due_at
ON main.calls BEGIN
  INSERT INTO steps VALUES (NULL, NEW.id, OLD.state, NEW.state, NEW.owner, NEW.attempt,
    NEW.due_at, NEW.resends, NEW.answered, NEW.lease_until, NEW.request = OLD.request, NEW.reason);
END;
"""
_CALL = select(calls).where(calls.c.id == bindparam("number"))


class Step(NamedTuple):
    """One row of `calls` changed, in a transaction that was committed."""

    number: int
    call: int
    was: str
    """The state before; empty when the call was made."""
    state: str
    owner: str
    attempt: int
    due_at: int
    resends: int
    answered: int
    lease_until: int
    same_request: int
    reason: str


class Ended(NamedTuple):
    """A cancellation of an errand that was committed."""

    number: int
    event: int
    account: str
    key: str
    shadow: int
    lasts: int
    effects: dict[int, str]
    """What it says that it did, by call."""


class Crash(BaseException):
    """The process that runs at this moment dies here: no handler of its own may see it."""


Fate = Callable[[str], None]
"""Asked at "before commit" and "after commit"; may raise Crash or StoreUnavailable."""


@dataclass(slots=True)
class FatefulStore(Store):
    """A process's view of the database, with a fate at each commit."""

    fate: Fate = lambda _: None
    committed: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        """All processes share one connection, which has no events to listen to."""

    @contextmanager
    def transaction(self, timeout: float = 5.0) -> Iterator[Connection]:
        with super(FatefulStore, self).transaction(timeout) as connection:
            yield connection
            self.fate("before commit")
        self.committed()
        self.fate("after commit")


class OneConnection:
    """What a store needs of an engine, without the work of making a connection each time."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with self.connection.begin():
            yield self.connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        try:
            yield self.connection
        finally:
            self.connection.rollback()

    def dispose(self) -> None:
        self.connection.close()


class Memory:
    """One database for many histories, emptied between them."""

    def __init__(self) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.engine = cast(Engine, OneConnection(_engine(self.raw).connect()))
        with self.engine.begin() as connection:
            migrate.upgrade(connection)
        self.raw.executescript(_TRIGGERS)
        self.changes = 0
        self.tables = [table.name for table in metadata.sorted_tables]

    def empty(self) -> None:
        """Forget the last history."""
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")
        for name in (*self.tables, "steps"):
            self.raw.execute(f"DELETE FROM {name}")
        self.raw.executemany("INSERT INTO sequences (name, value) VALUES (?, 0)", [(name,) for name in IDS])

    def store(self, clock: Callable[[], float], fate: Fate, committed: Callable[[], None]) -> FatefulStore:
        """The database as one process has it."""
        engine, url = self.engine, "sqlite:///:memory:"
        return FatefulStore(
            url, None, engine, engine, engine, None, None, clock, os.getpid(), fate=fate, committed=committed
        )

    def changed(self) -> bool:
        """Whether any row was written since this was last asked."""
        before, self.changes = self.changes, self.raw.total_changes
        return self.changes > before

    def steps(self) -> list[Step]:
        """What happened since this was last asked; inside a transaction, only what was committed before."""
        found = [Step(*row) for row in self.raw.execute("SELECT * FROM steps ORDER BY number")]
        if found:
            self.raw.execute("DELETE FROM steps")
        return found

    def cancellations(self, after: int) -> list[Ended]:
        """Those that were committed after the one of that number."""
        found = self.raw.execute(
            "SELECT id, event_id, account, key, shadow, lasts, effects FROM cancellations WHERE id > ? "
            "ORDER BY id",
            (after,),
        )
        return [Ended._make((*row[:-1], dict(json.loads(row[-1])))) for row in found]

    def events(self) -> Counter[str]:
        """How many events are stored, by result."""
        return Counter(dict(self.raw.execute("SELECT result, count(*) FROM events GROUP BY result")))

    def tallies(self) -> Counter[tuple[str, str]]:
        """What the counters say of all time, by kind and name."""
        found = self.raw.execute("SELECT kind, name, sum(many) FROM tallies GROUP BY kind, name")
        return Counter({(kind, name): many for kind, name, many in found})

    def call(self, number: int) -> Call:
        """One call as committed."""
        with self.engine.connect() as connection:
            return call_of(connection.execute(_CALL, {"number": number}).one())

    def close(self) -> None:
        self.engine.dispose()
        self.raw.close()


def _engine(raw: sqlite3.Connection) -> Engine:
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool, pool_reset_on_return=None)

    @event.listens_for(engine, "begin")
    def _begin(_: Connection) -> None:
        raw.execute("BEGIN IMMEDIATE")

    return engine
