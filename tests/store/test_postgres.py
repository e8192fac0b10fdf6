from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from bridge.errors import BridgeError, StoreUnavailable
from bridge.store.db.engine import Store, open_store
from bridge.store.db.postgres import TimedConnection
from tests.support.postgres import Postgres


@pytest.fixture
def database(postgres: Postgres, postgres_template: str) -> str:
    return postgres.create(postgres_template)


def test_a_server_that_hangs_times_out(
    database: str, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(postgres.url(database))
    store.check()
    backends = postgres.run(f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'")
    monkeypatch.setattr(TimedConnection, "answer_s", 0.2)
    for (pid,) in backends:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(StoreUnavailable):
            hang_on(store)
    finally:
        for (pid,) in backends:
            os.kill(pid, signal.SIGCONT)
    assert time.monotonic() - began < 5
    store.check()
    store.close()


def hang_on(store: Store) -> None:
    """Until the pool has no connection left that stands still: it replaces those it finds dead."""
    with store.read() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        os.kill(pid, signal.SIGSTOP)
        try:
            connection.exec_driver_sql("SELECT 1")
        finally:
            os.kill(pid, signal.SIGCONT)


def test_a_statement_that_takes_too_long_is_ended(database: str, postgres: Postgres) -> None:
    store = open_store(postgres.url(database))
    slow = "SET statement_timeout = 20; SELECT pg_sleep(10)"
    with pytest.raises(StoreUnavailable) as caught, store.transaction() as connection:
        connection.exec_driver_sql(slow)
    assert caught.value.message == "database error: canceling statement due to statement timeout"
    store.close()


def test_every_connection_has_its_limits(database: str, postgres: Postgres) -> None:
    store = open_store(postgres.url(database))
    with store.transaction() as connection:
        found = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("statement_timeout", "lock_timeout", "timezone", "application_name")
        }
    assert found == {
        "statement_timeout": "5s",
        "lock_timeout": "5s",
        "timezone": "UTC",
        "application_name": "leadbridge",
    }
    store.close()


def test_without_the_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bridge.store.db.postgres", raising=False)
    monkeypatch.delattr("bridge.store.db.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(BridgeError) as caught:
        open_store("postgres://me@db/x")
    assert caught.value.message == "PostgreSQL needs the package psycopg"
    assert caught.value.hint == 'python -m pip install "leadbridge[postgres]"'


def test_no_password_is_shown(database: str, postgres: Postgres) -> None:
    store = open_store("postgres://bridge:s3cret@127.0.0.1:1/x")
    assert "s3cret" not in repr(store)
    with pytest.raises(StoreUnavailable) as caught, store.read():
        pass
    assert "s3cret" not in str(caught.value)
    assert postgres.url(database)
    store.close()
