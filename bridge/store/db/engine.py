"""One store, two databases: SQLite beside the process, or PostgreSQL for any number of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from sqlalchemy import Connection, Engine, event, exc, text

from bridge.errors import BridgeError, DatabaseLost, StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db import revision, sqlite
from bridge.store.db.database_files import DatabaseFiles
from bridge.store.db.lock_files import FileLock, refuse_network

Clock = Callable[[], float]
"""Unix seconds."""

_MOUNTS = Path("/proc/self/mountinfo")
_DATABASE_NOW = text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)")


@dataclass(slots=True)
class Store:
    """The database of one process. Not to be carried over a fork: open it in each process anew."""

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
    others_first: Callable[[], None] = lambda: None
    """Called before each transaction, each read and each of its statements."""
    closed: bool = False

    def __post_init__(self) -> None:
        event.listen(self.reading, "before_cursor_execute", lambda *_: self.others_first())

    @property
    def embedded(self) -> bool:
        return self.path is not None

    @contextmanager
    def transaction(self, timeout: float = 5.0) -> Iterator[Connection]:
        """Everything inside is committed and on disk when the block ends, or nothing is.

        `timeout` is how many seconds to wait for other writers of the embedded database. Raises
        StoreUnavailable when the database cannot be reached, written or had in time, and DatabaseLost when
        what was committed may not be in the files that the next process opens.
        """
        self.others_first()
        with self._intact(), self._turn(timeout), _available(), self._on(self.writing) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot that changes nothing; raises StoreUnavailable when the database cannot be reached."""
        self._require_usable()
        self.others_first()
        with self._intact(), _available(), self.reading.connect() as connection:
            yield connection

    def now(self, connection: Connection) -> int:
        """Unix milliseconds by the clock that all processes share."""
        if self.clock is None and not self.embedded:
            return int(connection.execute(_DATABASE_NOW).scalar_one())
        return int((self.clock or time.time)() * 1000)

    def migrate(self) -> None:
        """Bring the tables up to date; any number of processes may do so at once."""
        with self._intact(), self._turn(3600), _available(), self._on(self.migrating) as connection:
            if revision.found(connection) != revision.NEWEST:
                _upgrade(connection)

    def check(self) -> None:
        """Raise StoreUnavailable or BridgeError when the store cannot do its work now."""
        with self.read() as connection:
            revision.require_newest(connection)

    def checkpoint(self) -> None:
        """Fold the write-ahead log of the embedded database into its file and cut it to nothing."""
        if self.embedded:
            with self._intact(), self._turn(5.0), _available():
                self._require_files()
                sqlite.checkpoint(self.writing)

    def close(self) -> None:
        """Let go of every connection. The last one out of a SQLite file checkpoints it, hence the turn.

        A thread that uses the store later gets StoreUnavailable: a connection that it made would stay open.
        """
        if self.closed:
            return
        turn, self.closed = self._turn(2.0), True
        self.reading.dispose()
        with suppress(StoreUnavailable), turn:
            self.writing.dispose()
        self.migrating.dispose()
        if self.files:
            self.files.close()
        if self.lock:
            self.lock.close()

    def _turn(self, timeout: float) -> AbstractContextManager[None]:
        self._require_usable()
        return self.lock.held(timeout) if self.lock else nullcontext()

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """Before anything else: the database's files are at their paths. A log that is not is saved."""
        try:
            if self.files:
                self.files.require_same()
            yield
        except DatabaseLost:
            self._save_log()
            raise

    def _save_log(self) -> None:
        """Only the processes that have a removed log open can still write its content into the database."""
        if self.files and self.files.log_to_save:
            with suppress(StoreUnavailable, exc.DBAPIError, exc.TimeoutError), self._turn(2.0):
                if sqlite.checkpoint(self.writing):
                    self.files.log_saved()

    @contextmanager
    def _on(self, engine: Engine) -> Iterator[Connection]:
        """A transaction on files that are the right ones before it and after its commit."""
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


def open_store(
    url: str, *, clock: Clock | None = None, others_first: Callable[[], None] = lambda: None
) -> Store:
    """The store that DATABASE_URL names; no connection is made yet.

    `others_first` lets others of the same thread go on, where a process has many things to do in one: a read
    of the embedded database stops them all. `clock` stands in for the database's clock in tests. Raises
    BridgeError for a URL of no known kind, a file on a network file system, or a missing driver.
    """
    scheme = url.partition("://")[0].partition("+")[0]
    if scheme == "sqlite":
        return _open_sqlite(url, clock, others_first)
    if scheme in ("postgres", "postgresql"):
        return _open_postgres(url, clock, others_first)
    raise BridgeError(Reason(ErrorCode.DATABASE_URL_KIND, scheme=scheme))


def _open_sqlite(url: str, clock: Clock | None, others_first: Callable[[], None]) -> Store:
    path = sqlite.path_of(url)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        refuse_network(path.parent.resolve(), _MOUNTS.read_text() if _MOUNTS.exists() else "")
        lock = FileLock(path)
    except OSError as error:
        reason = Reason(ErrorCode.DATABASE_FOLDER, path=str(path), detail=error.strerror)
        raise BridgeError(reason) from error
    files = DatabaseFiles(path)
    writing, reading = sqlite.writing_engine(path, files), sqlite.reading_engine(path, files)
    return Store(url, path, writing, reading, writing, lock, files, clock, os.getpid(), others_first)


def _open_postgres(url: str, clock: Clock | None, others_first: Callable[[], None]) -> Store:
    postgres = postgres_module()
    # Apart, so that many readers at once cannot keep a webhook from being written.
    reading = postgres.pooled_engine(url).execution_options(postgresql_readonly=True)
    writing, migrating = postgres.pooled_engine(url), postgres.leisurely_engine(url)
    return Store(url, None, writing, reading, migrating, None, None, clock, os.getpid(), others_first)


def _upgrade(connection: Connection) -> None:
    """Alembic takes a third of a second to import, and a database needs it once in a version."""
    from bridge.store.db.migrate import upgrade

    upgrade(connection)


def postgres_module() -> ModuleType:
    """`bridge.store.db.postgres`, which needs the extra; raises BridgeError when that is not installed."""
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
        raise StoreUnavailable(Reason(ErrorCode.DATABASE_ERROR, detail=_first_line(error))) from error
    except exc.TimeoutError as error:
        raise StoreUnavailable(Reason(ErrorCode.DATABASE_CONNECTIONS)) from error
    except exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", "") != "42P01":
            raise
        reason = Reason(ErrorCode.DATABASE_WITHOUT_TABLES, detail=_first_line(error))
        raise StoreUnavailable(reason) from error
    except exc.DatabaseError as error:
        # SQLite has no class of its own for a file that is damaged, or no database.
        if type(error) is not exc.DatabaseError:
            raise
        raise StoreUnavailable(
            Reason(ErrorCode.DATABASE_UNREADABLE, detail=_first_line(error)),
            Reason(ErrorCode.RESTORE_BACKUP),
        ) from error


def _first_line(error: exc.DBAPIError) -> str:
    return str(error.orig).strip().partition("\n")[0]
