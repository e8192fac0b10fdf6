"""Connections to SQLite: a single one that writes, and read-only ones."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from bridge.errors import BridgeError
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.database_files import DatabaseFiles
from bridge.store.db.dialects import Statement
from bridge.store.db.lock_files import make_private

BUSY_MS = 5000
_WRITER_BUSY_MS = 20
"""Only a program that ignores the file lock makes SQLite wait. It waits in small steps, so that a stop is not
delayed."""
_STEP_S = 0.01
_WAL_PAGES = 4000
_WAL_BYTES = 64 * 1024 * 1024
_CACHE_KIB = 16 * 1024
_LENGTH = Statement("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size")


def path_of(url: str) -> Path:
    """The file of a `sqlite:///` URL: three slashes before a relative path, four before an absolute one."""
    rest = url.partition("://")[2]
    if not rest.startswith("/") or not rest[1:].split("?")[0]:
        raise BridgeError(Reason(ErrorCode.DATABASE_URL_WITHOUT_FILE))
    return Path(rest[1:].split("?")[0]).absolute()


def writing_engine(path: Path, files: DatabaseFiles) -> Engine:
    """The process's single writing connection; every transaction takes the write lock as it begins."""

    def connect() -> sqlite3.Connection:
        files.require_same()
        files.require_free()
        make_private(path)
        connection = _connect(f"file:{quote(str(path))}")
        _expect(connection, "journal_mode", "WAL", "wal")
        _expect(connection, "synchronous", "FULL", 2)
        _expect(connection, "wal_autocheckpoint", str(_WAL_PAGES), _WAL_PAGES)
        _expect(connection, "journal_size_limit", str(_WAL_BYTES), _WAL_BYTES)
        # SQLite opens log and index on the first read. From then on no other process removes them.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _expect(connection, "busy_timeout", str(_WRITER_BUSY_MS), _WRITER_BUSY_MS)
        files.opened_for_writing()
        return connection

    engine = _engine(connect, "BEGIN IMMEDIATE", pool_size=1)
    event.listen(engine, "close", lambda *_: files.closed_for_writing())
    return engine


def reading_engine(path: Path, files: DatabaseFiles) -> Engine:
    """A pool of read-only connections, each of which reads a consistent snapshot."""

    def connect() -> sqlite3.Connection:
        files.require_same()
        files.require_free()
        connection = _connect(f"file:{quote(str(path))}?mode=ro")
        _expect(connection, "query_only", "ON", 1)
        files.opened()
        return connection

    return _engine(connect, "BEGIN", pool_size=4)


def checkpoint(writing: Engine) -> bool:
    """Write the log into the database; whether all of it was written.

    The caller holds the file lock, outside of any transaction.
    """
    connection = writing.raw_connection()
    try:
        busy, _, _ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    return not busy


def length(connection: Connection) -> int:
    """The database's length in bytes, by SQLite's count."""
    return int(_LENGTH.run(connection)[0].bytes)


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _expect(connection: sqlite3.Connection, name: str, wanted: str, expected: str | int) -> None:
    """Set a PRAGMA and check the value afterwards: SQLite silently ignores what it cannot do."""
    connection.execute(f"PRAGMA {name} = {wanted}")
    found = connection.execute(f"PRAGMA {name}").fetchone()[0]
    if found != expected:
        connection.close()
        raise BridgeError(
            Reason(ErrorCode.SQLITE_FORGETFUL, name=name, found=str(found), expected=str(expected))
        )


def _engine(connect: Any, begin: str, pool_size: int) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        # Errors are logged; without this they would contain webhooks' data.
        hide_parameters=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        deadline = time.monotonic() + BUSY_MS / 1000
        while True:
            try:
                connection.exec_driver_sql(begin)
            except exc.OperationalError as error:
                if "locked" not in str(error.orig) or time.monotonic() >= deadline:
                    raise
                time.sleep(_STEP_S)
            else:
                return

    return engine
