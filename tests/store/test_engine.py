from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Timer

import pytest

from bridge.errors import BridgeError, StoreUnavailable
from bridge.store.db.engine import Store, open_store
from bridge.store.db.postgres import conninfo
from bridge.store.db.sqlite import path_of
from tests.conftest import Clock
from tests.store.given import rows
from tests.support.postgres import Postgres, running_postgres


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/bridge.db", "var/bridge.db"),
        ("sqlite:////srv/bridge.db", "/srv/bridge.db"),
        ("sqlite:///var/a%20b.db", "var/a%20b.db"),
        ("sqlite+pysqlite:///x.db?timeout=3", "x.db"),
    ],
)
def test_a_sqlite_url_names_a_file_relative_to_the_working_directory(
    url: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_of(url) == tmp_path / path


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://host/file.db", "sqlite:///?x=1"])
def test_a_sqlite_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(BridgeError) as caught:
        open_store(url)
    assert caught.value.message == (
        "DATABASE_URL names no file, expected sqlite:///var/bridge.db or sqlite:////absolute/path.db"
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgres+asyncpg"])
def test_every_spelling_of_a_postgres_url_is_understood(scheme: str) -> None:
    assert (
        conninfo(f"{scheme}://me:p%40ss@db/x?sslmode=require")
        == "postgresql://me:p%40ss@db/x?sslmode=require"
    )


def test_another_database_is_refused() -> None:
    with pytest.raises(BridgeError) as caught:
        open_store("mysql://root@localhost/x")
    assert caught.value.message == (
        'DATABASE_URL begins with "mysql", expected sqlite:///path/to/file.db or postgres://user@host/database'
    )


def test_the_folder_of_the_embedded_database_is_made(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/new/deep/bridge.db")
    store.migrate()
    store.close()
    assert (tmp_path / "new" / "deep" / "bridge.db").exists()


def test_a_folder_that_cannot_be_made_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BridgeError) as caught:
        open_store(f"sqlite:///{tmp_path}/file/bridge.db")
    assert caught.value.message == (
        f"the folder of the database {tmp_path}/file/bridge.db cannot be used: File exists"
    )


def test_the_embedded_database_keeps_what_it_accepts(sqlite_store: Store) -> None:
    with sqlite_store.transaction() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "wal_autocheckpoint")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 4000}


def test_a_reader_of_the_embedded_database_can_change_nothing(sqlite_store: Store) -> None:
    with pytest.raises(StoreUnavailable) as caught, sqlite_store.read() as connection:
        connection.exec_driver_sql("DELETE FROM events")
    assert caught.value.message == "database error: attempt to write a readonly database"


def test_a_reader_of_postgres_can_change_nothing(postgres: Postgres, postgres_template: str) -> None:
    store = open_store(postgres.url(postgres.create(postgres_template)))
    with pytest.raises(StoreUnavailable) as caught, store.read() as connection:
        connection.exec_driver_sql("DELETE FROM events")
    assert caught.value.message == "database error: cannot execute DELETE in a read-only transaction"
    store.close()


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO dedup VALUES ('a', 'b', '', '', 1, 1)")
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        fail()
    assert rows(store, "SELECT * FROM dedup") == []


def test_a_transaction_that_ends_is_seen_by_readers_at_once(store: Store) -> None:
    with store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO dedup VALUES ('a', 'b', '', '', 1, 1)")
        assert rows(store, "SELECT * FROM dedup") == []
    assert rows(store, "SELECT * FROM dedup") == [("a", "b", "", "", 1, 1)]


def test_a_reader_sees_one_moment_throughout(sqlite_store: Store) -> None:
    with sqlite_store.read() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM dedup").scalar_one() == 0
        with sqlite_store.transaction() as writer:
            writer.exec_driver_sql("INSERT INTO dedup VALUES ('a', 'b', '', '', 1, 1)")
        assert reader.exec_driver_sql("SELECT count(*) FROM dedup").scalar_one() == 0


def test_a_writer_waits_for_another_process_and_gives_up_in_time(
    sqlite_store: Store, sqlite_url: str
) -> None:
    other = open_store(sqlite_url)
    with (
        other.transaction(),
        pytest.raises(StoreUnavailable) as caught,
        sqlite_store.transaction(timeout=0.05),
    ):
        pass
    assert caught.value.message == "the database was busy for 0.05 s, another process holds its lock"
    with sqlite_store.transaction(timeout=0.05):
        pass
    other.close()


def test_threads_of_one_process_take_turns(store: Store) -> None:
    with store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO dedup VALUES ('a', 'b', '', '', 0, 1)")

    def add() -> None:
        for _ in range(20):
            with store.transaction() as connection:
                connection.exec_driver_sql("UPDATE dedup SET event_id = event_id + 1")

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(store, "SELECT event_id FROM dedup") == [(80,)]


def test_a_store_is_not_carried_over_a_fork(sqlite_url: str) -> None:
    program = (
        "import os, sys\n"
        "from bridge.store.db.engine import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "store.check()\n"
        "if os.fork() == 0:\n"
        "    try:\n"
        "        store.check()\n"
        "    except RuntimeError as error:\n"
        "        print(error, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, sqlite_url], capture_output=True, text=True, check=True
    )
    assert done.stdout == "a store was carried over a fork, expected each process to open its own\n"


def test_the_time_is_the_given_clocks(store: Store, clock: Clock) -> None:
    with store.read() as connection:
        assert store.now(connection) == 1_800_000_000_000
        clock.advance(1.5)
        assert store.now(connection) == 1_800_000_001_500


def test_on_postgres_the_time_is_the_databases(postgres: Postgres, postgres_template: str) -> None:
    store = open_store(postgres.url(postgres.create(postgres_template)))
    with store.transaction() as connection:
        first = store.now(connection)
        connection.exec_driver_sql("SELECT pg_sleep(0.01)")
        assert 10 <= store.now(connection) - first < 5000
    store.close()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_postgres_that_may_forget_is_refused(name: str, postgres: Postgres) -> None:
    database = postgres.create()
    if name != "synchronous_commit":
        with running_postgres(**{name: "off"}) as forgetful:
            found = refusal(forgetful.url("postgres"))
    else:
        postgres.run(f"ALTER DATABASE {database} SET synchronous_commit = off")
        found = refusal(postgres.url(database))
    assert found.message == f"PostgreSQL runs with {name} = off, expected on"
    assert found.hint == (
        "an accepted webhook could vanish with the next power cut: set it on and reload PostgreSQL"
    )


def refusal(url: str) -> BridgeError:
    store = open_store(url)
    with pytest.raises(BridgeError) as caught:
        store.check()
    store.close()
    return caught.value


def test_a_postgres_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    store = open_store(f"postgres://bridge@/x?host={tmp_path}")
    with pytest.raises(StoreUnavailable), store.transaction():
        pass
    with pytest.raises(StoreUnavailable):
        store.check()
    store.close()


def test_a_connection_that_postgres_ended_is_replaced(postgres: Postgres, postgres_template: str) -> None:
    database = postgres.create(postgres_template)
    store = open_store(postgres.url(database))
    store.check()
    ended = postgres.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    )
    assert ended == [(True,)]
    store.check()
    store.close()


def test_a_checkpoint_empties_the_log(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO dedup VALUES ('a', 'b', '', '', 1, 1)")
    log = tmp_path / "bridge.db-wal"
    assert log.stat().st_size > 0
    sqlite_store.checkpoint()
    assert log.stat().st_size == 0
    assert rows(sqlite_store, "SELECT * FROM dedup") == [("a", "b", "", "", 1, 1)]


def test_a_store_that_was_never_used_closes(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/x.db").close()
    assert set(os.listdir(tmp_path)) == {"x.db.lock", "x.db.turn"}


def test_a_program_that_ignores_the_file_lock_is_waited_for_in_small_steps(
    sqlite_store: Store, tmp_path: Path
) -> None:
    with closing(
        sqlite3.connect(tmp_path / "bridge.db", isolation_level=None, check_same_thread=False)
    ) as rude:
        rude.execute("BEGIN IMMEDIATE")
        Timer(0.3, lambda: rude.execute("COMMIT")).start()
        with sqlite_store.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO dedup VALUES ('a', 'b', '', '', 1, 1)")
    assert rows(sqlite_store, "SELECT * FROM dedup") == [("a", "b", "", "", 1, 1)]


def test_readers_in_plenty_leave_a_connection_to_the_writer(
    postgres: Postgres, postgres_template: str
) -> None:
    store = open_store(postgres.url(postgres.create(postgres_template)))
    with ExitStack() as readers:
        for _ in range(12):
            readers.enter_context(store.read())
        with pytest.raises(StoreUnavailable, match="every connection to the database is in use"):
            readers.enter_context(store.read())
        with store.transaction() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    store.close()


def test_a_store_closes_though_another_process_is_writing(sqlite_url: str) -> None:
    first, second = open_store(sqlite_url), open_store(sqlite_url)
    first.check()
    with second.transaction():
        first.close()
        with pytest.raises(StoreUnavailable, match="the store is closed"):
            first.check()
    second.close()
