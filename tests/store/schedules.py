"""Two transactions on connections of their own, in every order of their statements that their locks allow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bridge.store.db import driver
from bridge.store.db.engine import Store

Work = Callable[[Connection], object]
NOWHERE = 10**6
"""The number of no statement."""
PATIENCE = 20.0


class Gate:
    """Counts a transaction's statements, its commit as the last, and stops it before one of them."""

    def __init__(self, stop_before: int = NOWHERE) -> None:
        self.stop_before = stop_before
        self.count = 0
        self.backend = 0
        """Its process on PostgreSQL; 0 before its first statement, and on SQLite."""
        self.arrived, self.go = threading.Event(), threading.Event()

    @property
    def reached(self) -> bool:
        return self.count >= self.stop_before

    def before_statement(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            self.backend = getattr(connection.connection.driver_connection, "info").backend_pid  # noqa: B009 (psycopg's)
        self.count += 1
        if self.count == self.stop_before:
            self.arrived.set()
            assert self.go.wait(PATIENCE)


GATES: dict[int, Gate] = {}
"""By thread."""


def watch(monkeypatch: pytest.MonkeyPatch, *stores: Store) -> None:
    """Lead each statement through the gate of its thread, if it has one."""

    def stop(connection: Connection, *_: object) -> None:
        gate = GATES.get(threading.get_ident())
        if gate:
            gate.before_statement(connection)

    def driver_of(connection: Connection) -> Any:
        found = before(connection)
        stop(connection)
        return found

    before = driver.driver_of
    monkeypatch.setattr(driver, "driver_of", driver_of)
    for store in stores:
        event.listen(store.writing, "before_cursor_execute", stop)


class Transaction(threading.Thread):
    """A transaction on its own connection, with a gate."""

    def __init__(self, store: Store, work: Work, stop_before: int = NOWHERE) -> None:
        super().__init__(daemon=True)
        self.store, self.work, self.gate = store, work, Gate(stop_before)
        self.found: object = None
        self.failed: Exception | None = None
        self.ended = threading.Event()

    def run(self) -> None:
        GATES[threading.get_ident()] = self.gate
        try:
            with self.store.transaction(PATIENCE) as connection:
                self.found = self.work(connection)
                self.gate.before_statement(connection)
        except Exception as error:
            self.failed = error
        finally:
            del GATES[threading.get_ident()]
            self.ended.set()
            self.gate.arrived.set()

    def finish(self) -> None:
        self.gate.go.set()
        self.join(PATIENCE)
        assert self.failed is None, self.failed
        assert not self.is_alive()

    def statements(self) -> int:
        """Run it alone; how many it has."""
        self.start()
        self.finish()
        return self.gate.count


def interleave(first: Transaction, second: Transaction) -> bool:
    """The first up to its gate, the second up to its own, the rest of the first, the rest of the second.

    Where one waits for a lock of the other, the other goes on. Returns whether both stood at their gates at
    the same time.
    """
    first.start()
    assert first.gate.arrived.wait(PATIENCE)
    assert not first.ended.is_set(), "the first has no such statement"
    second.start()
    together = _comes(second, second.gate.arrived, first)
    first.gate.go.set()
    _comes(first, first.ended, second)
    second.finish()
    first.finish()
    return together and second.gate.reached


def _comes(one: Transaction, there: threading.Event, other: Transaction) -> bool:
    """Wait until it is there; False once it is known to wait for a lock of the other."""
    deadline = time.monotonic() + PATIENCE
    while not there.wait(0.002):
        if _waits(one, other):
            return False
        assert time.monotonic() < deadline, "it neither went on nor waited for a lock"
    return True


def _waits(one: Transaction, other: Transaction) -> bool:
    if one.store.embedded:
        return not one.gate.count and not other.ended.is_set()
    asked = f"SELECT {other.gate.backend} = ANY(pg_blocking_pids({one.gate.backend}))"
    with one.store.read() as connection:
        return bool(connection.exec_driver_sql(asked).scalar_one())
