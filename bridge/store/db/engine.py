"""Opens the store: SQLite in a local file, or PostgreSQL for any number of machines."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from sqlalchemy import Connection, Engine, exc

from bridge.errors import BridgeError, DatabaseLost, Deadlock, StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db import revision, sqlite
from bridge.store.db.database_files import DatabaseFiles
from bridge.store.db.dialects import Statement
from bridge.store.db.lock_files import FileLock, mounts, refuse_network

Clock = Callable[[], float]
"""Unix seconds."""

_DEADLOCK = "40P01"
_DATABASE_NOW = Statement("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)")


@dataclass(slots=True)
class Store:
    """The database connections of one process. Do not carry it over a fork: open it in each process."""

    url: str = field(repr=False)
    path: Path | None
    """The file of the embedded database; None on PostgreSQL."""
    writing: Engine
    reading: Engine
    migrating: Engine
    lock: FileLock | None
    files: DatabaseFiles | None
    clock: Clock | None
    process: int
    closed: bool = False

    @property
    def embedded(self) -> bool:
        return self.path is not None

    @contextmanager
    def transaction(self, timeout: float = 5.0) -> Iterator[Connection]:
        """Commit everything inside the block to disk when it ends, or nothing.

        `timeout` is how many seconds to wait for other writers of the embedded database. Raises
        StoreUnavailable if the database cannot be reached, written or locked in time, and DatabaseLost if
        what was committed may not be in the files that the next process opens.
        """
        with self._intact(), self._file_lock(timeout), _available(), self._on(self.writing) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Read from a consistent snapshot; raises StoreUnavailable if the database cannot be reached."""
        self._require_usable()
        with self._intact(), _available(), self.reading.connect() as connection:
            yield connection

    def now(self, connection: Connection) -> int:
        """Unix milliseconds by the clock that all processes share: the database's on PostgreSQL."""
        if self.clock is None and not self.embedded:
            return int(_DATABASE_NOW.run(connection)[0][0])
        return int((self.clock or time.time)() * 1000)

    def migrate(self) -> None:
        """Upgrade the tables to the newest revision; any number of processes may do so at once.

        Raises StoreUnavailable if a newer version of this program has upgraded them.
        """
        with self._intact(), self._file_lock(3600), _available(), self._on(self.migrating) as connection:
            if (revision.found(connection) or "") < revision.NEWEST:
                _upgrade(connection)
            revision.require_newest(connection)

    def check(self) -> None:
        """Raise StoreUnavailable or BridgeError if the store cannot be used now."""
        with self.read() as connection:
            revision.require_newest(connection)

    def checkpoint(self) -> None:
        """Write the embedded database's write-ahead log into the database file, and truncate it."""
        if self.embedded:
            with self._intact(), self._file_lock(5.0), _available():
                self._require_files()
                sqlite.checkpoint(self.writing)

    def close(self) -> None:
        """Close every connection, under the file lock: the last one to a SQLite file checkpoints it.

        A thread that uses the store later gets StoreUnavailable: a connection that it made would stay open.
        """
        if self.closed:
            return
        file_lock, self.closed = self._file_lock(2.0), True
        self.reading.dispose()
        with suppress(StoreUnavailable), file_lock:
            self.writing.dispose()
        self.migrating.dispose()
        if self.files:
            self.files.close()
        if self.lock:
            self.lock.close()

    def _file_lock(self, timeout: float) -> AbstractContextManager[None]:
        self._require_usable()
        return self.lock.held(timeout) if self.lock else nullcontext()

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """Check first that the database's files are at their paths. Save the content of a log that is not."""
        try:
            if self.files:
                self.files.require_same()
            yield
        except DatabaseLost:
            self._save_log()
            raise

    def _save_log(self) -> None:
        """Checkpoint a removed log: only a process that has it open can still do so."""
        if self.files and self.files.log_to_save:
            with suppress(StoreUnavailable, exc.DBAPIError, exc.TimeoutError), self._file_lock(2.0):
                if sqlite.checkpoint(self.writing):
                    self.files.log_saved()

    @contextmanager
    def _on(self, engine: Engine) -> Iterator[Connection]:
        """Run a transaction, checking the database's files before it and after its commit."""
        with engine.begin() as connection:
            self._require_files()
            if self.files:
                self.files.require_length(lambda: sqlite.length(connection))
            yield connection
        self._require_files()

    def _require_files(self) -> None:
        if self.files:
            self.files.require_whole()

    def _require_usable(self) -> None:
        if self.closed:
            raise StoreUnavailable(Reason(ErrorCode.STORE_CLOSED))
        if os.getpid() != self.process:
            raise RuntimeError("a store was carried over a fork, expected each process to open its own")


def open_store(url: str, *, clock: Clock | None = None) -> Store:
    """The store that DATABASE_URL names; no connection is made yet.

    `clock` replaces the database's clock in tests. Raises BridgeError for an unknown kind of URL, a file on a
    network file system, or a missing driver.
    """
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme == "sqlite":
        return _open_sqlite(url, clock)
    if scheme in ("postgres", "postgresql"):
        return _open_postgres(url, clock)
    raise BridgeError(Reason(ErrorCode.DATABASE_URL_KIND, scheme=scheme))


def _open_sqlite(url: str, clock: Clock | None) -> Store:
    path = sqlite.path_of(url)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_network(path.parent.resolve(), mounts())
        lock = FileLock(path)
    except OSError as error:
        reason = Reason(ErrorCode.DATABASE_FOLDER, path=str(path), detail=error.strerror)
        raise BridgeError(reason) from error
    files = DatabaseFiles(path)
    writing, reading = sqlite.writing_engine(path, files), sqlite.reading_engine(path, files)
    return Store(url, path, writing, reading, writing, lock, files, clock, os.getpid())


def _open_postgres(url: str, clock: Clock | None) -> Store:
    postgres = postgres_module()
    # Separate pools, so that many readers at once cannot keep a webhook from being written.
    reading = postgres.pooled_engine(url).execution_options(postgresql_readonly=True)
    writing, migrating = postgres.pooled_engine(url), postgres.migration_engine(url)
    return Store(url, None, writing, reading, migrating, None, None, clock, os.getpid())


def _upgrade(connection: Connection) -> None:
    """Upgrade the tables. Imports Alembic late: it takes 0.3 s, and a database needs it once per version."""
    from bridge.store.db.migrate import upgrade

    upgrade(connection)


def postgres_module() -> ModuleType:
    """Import `bridge.store.db.postgres`; raises BridgeError if the extra is not installed."""
    try:
        from bridge.store.db import postgres
    except ModuleNotFoundError as error:
        raise BridgeError(
            Reason(ErrorCode.POSTGRES_PACKAGE, package=error.name), Reason(ErrorCode.INSTALL_POSTGRES)
        ) from error
    return postgres


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError) as error:
        kind = Deadlock if getattr(error.orig, "sqlstate", "") == _DEADLOCK else StoreUnavailable
        raise kind(Reason(ErrorCode.DATABASE_ERROR, detail=_first_line(error))) from error
    except exc.TimeoutError as error:
        raise StoreUnavailable(Reason(ErrorCode.DATABASE_CONNECTIONS)) from error
    except exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != "42P01":
            raise
        reason = Reason(ErrorCode.DATABASE_WITHOUT_TABLES, detail=_first_line(error))
        raise StoreUnavailable(reason) from error
    except exc.DatabaseError as error:
        # SQLite raises the base class for a damaged file, or a file that is no database.
        if type(error) is not exc.DatabaseError:
            raise
        raise StoreUnavailable(
            Reason(ErrorCode.DATABASE_UNREADABLE, detail=_first_line(error)),
            Reason(ErrorCode.RESTORE_BACKUP),
        ) from error


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
