"""Compares the embedded database's open files with the files at their paths.

An open file outlives its name: a commit to a file that was removed or replaced succeeds, and is lost when
the last process closes the file. So a commit counts only while each open file is still the one at its path.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Final

from bridge.errors import DatabaseLost, StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db import open_files
from bridge.store.db.lock_files import Identity, LockFile, identity

_LOG: Final = "-wal"
_WAL_SUFFIXES: Final = (_LOG, "-shm")
_MARK: Final = ".lost"
_HEADER: Final = 32
_MAGIC: Final = b"\x37\x7f\x06"
_SALTS: Final = slice(16, 24)
"""In the log's header (https://sqlite.org/fileformat2.html#the_wal_file); new whenever the log restarts."""


class DatabaseFiles:
    """The open files of one store: the database, its write-ahead log and the log's index."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._paths = {suffix: f"{path}{suffix}" for suffix in ("", *_WAL_SUFFIXES)}
        self._known: dict[str, Identity] = {}
        self._log: FileIO | None = None
        self._salts = b""
        self._invalid = b""
        """A header that was invalid when the log was opened: SQLite takes such a log for empty."""
        self._length = 0
        self._size = 0
        self._lost: DatabaseLost | None = None
        """What happened to log or index. Never reset: a new connection would hide it."""
        self._to_save = False
        """The log is gone from its path, and parts of its content are not in the database yet."""
        self._mark: LockFile | None = None
        """Locked from a loss until this process ends, so that no other process opens new files before."""

    def require_free(self) -> None:
        """Raise DatabaseLost while another process may still have the previous files open.

        A second log for an index or a database in use would corrupt both.
        """
        require_database(self.path)
        if self._mark:
            return
        # The mark exists only after a process has noticed the loss; /proc shows it before.
        if not self._known and (
            open_files.removed([self._at(suffix) for suffix in self._paths]) or self._is_cut_in_use()
        ):
            raise self._in_use()
        path = self._at(_MARK)
        if not path.exists():
            return
        with contextlib.suppress(OSError), contextlib.closing(LockFile(path)) as mark:
            if not mark.try_take():
                raise self._in_use()
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Release the mark after the connections are closed: others may open the files that are there now."""
        if self._mark:
            self._mark.close()

    def opened(self) -> None:
        """Record the database file of a new connection. Raises DatabaseLost if the store had another file."""
        self.require_same()
        self._remember("")

    def opened_for_writing(self) -> None:
        """Record all files of the writing connection: while it is open, SQLite keeps log and index."""
        self.opened()
        for suffix in _WAL_SUFFIXES:
            self._remember(suffix)
        if _LOG in self._known:
            self._log = self._at(_LOG).open("rb", buffering=0)
            header = self._header(self._log)
            self._invalid = b"" if header.startswith(_MAGIC) else header

    def closed_for_writing(self) -> None:
        """Drop the records of log and index: the last connection of all processes removes both on close."""
        for suffix in _WAL_SUFFIXES:
            self._known.pop(suffix, None)
        if self._log:
            self._log.close()
        self._log, self._salts, self._length = None, b"", 0

    @property
    def log_to_save(self) -> bool:
        """Whether only a checkpoint by this process can save the log's content."""
        return self._to_save

    def log_saved(self) -> None:
        """Record that a checkpoint has written the whole log into the database."""
        self._to_save = False
        if self._lost:
            cure = Reason(ErrorCode.RESTART_SAVED, path=str(self.path))
            self._lost = DatabaseLost(self._lost.reason, cure)

    def require_same(self) -> None:
        """Raise DatabaseLost unless the file at each path is the one that is open."""
        if self._lost:
            raise DatabaseLost(self._lost.reason, self._lost.cure)
        for suffix, known in tuple(self._known.items()):
            # Check again: another thread that closes its connection drops the records of log and index first.
            if identity(self._paths[suffix]) != known and self._known.get(suffix) == known:
                raise self._wal_lost(suffix) if suffix else self._database_lost(known)

    def require_whole(self) -> None:
        """Raise DatabaseLost also if another program has truncated the log. The caller holds the file lock.

        SQLite only appends to the log, until it restarts it with other salts. An empty log was emptied by a
        checkpoint.
        """
        self.require_same()
        if self._log is None:
            return
        length = os.fstat(self._log.fileno()).st_size
        header = self._header(self._log)
        shorter = header[_SALTS] == self._salts and length < self._length
        if header and header != self._invalid and (shorter or not header.startswith(_MAGIC)):
            raise self._cut(_LOG)
        self._salts, self._length = header[_SALTS], length

    def require_length(self, expected: Callable[[], int]) -> None:
        """Raise DatabaseLost if another program has overwritten the database: `cp backup bridge.db`.

        `expected` gives the length by SQLite's count, which is smaller than before after a VACUUM.
        """
        try:
            length = os.stat(self._paths[""]).st_size
        except OSError:
            self.require_same()
            raise
        if length < self._size <= expected():
            raise self._cut("")
        self._size = length

    def _remember(self, suffix: str) -> None:
        found = identity(self._paths[suffix])
        if found is not None:
            self._known[suffix] = found

    def _at(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    @staticmethod
    def _header(log: FileIO) -> bytes:
        return os.pread(log.fileno(), _HEADER, 0)

    def _is_cut_in_use(self) -> bool:
        """Whether the log has no valid header, and another process has it open."""
        path = self._at(_LOG)
        with contextlib.suppress(OSError), path.open("rb", buffering=0) as log:
            header = self._header(log)
            return bool(header) and not header.startswith(_MAGIC) and open_files.used_by_others(path)
        return False

    def _in_use(self) -> DatabaseLost:
        reason = Reason(ErrorCode.LOST_FILES_IN_USE, name=self.path.name)
        return DatabaseLost(reason, Reason(ErrorCode.STOP_EVERY_PROCESS))

    def _mark_lost(self) -> None:
        if self._mark is None:
            with contextlib.suppress(OSError, StoreUnavailable):
                self._mark = LockFile(self._at(_MARK))
                self._mark.share()

    def _wal_lost(self, suffix: str) -> DatabaseLost:
        self._mark_lost()
        self._to_save = suffix == _LOG
        self._lost = DatabaseLost(
            Reason(ErrorCode.DATABASE_FILE_REMOVED, name=self._at(suffix).name),
            Reason(ErrorCode.RESTART_GENTLY, path=str(self.path)),
        )
        return self._lost

    def _cut(self, suffix: str) -> DatabaseLost:
        self._mark_lost()
        self._lost = DatabaseLost(
            Reason(ErrorCode.DATABASE_FILE_CUT, name=self._at(suffix).name),
            Reason(ErrorCode.KILL_AND_COPY, path=str(self.path)),
        )
        return self._lost

    def _database_lost(self, known: Identity) -> DatabaseLost:
        name, path, old = self.path.name, str(self.path), self._at(".old")
        held = open_files.own(known)
        replaced = self.path.exists()
        if held and not held.removed and not replaced:
            return DatabaseLost(
                Reason(ErrorCode.DATABASE_MOVED, name=name),
                Reason(ErrorCode.MOVE_BACK, there=str(held.path), path=path),
            )
        self._mark_lost()
        if replaced:
            self._rename_log()
        copies = self._copies(known, old)
        if replaced:
            return DatabaseLost(
                Reason(ErrorCode.DATABASE_REPLACED, name=name), Reason(ErrorCode.COPY_OLD, commands=copies)
            )
        return DatabaseLost(
            Reason(ErrorCode.DATABASE_REMOVED, name=name),
            Reason(ErrorCode.COPY_OPEN, commands=copies, path=path, log=self._at(_LOG).name),
        )

    def _copies(self, known: Identity, old: Path) -> tuple[str, ...]:
        """The shell commands that copy database and log from where they are now."""
        log = self._known.get(_LOG)
        pairs = [(known, old)] + ([(log, old.with_name(old.name + _LOG))] if log else [])
        commands = []
        for wanted, to in pairs:
            held = open_files.own(wanted)
            if held and identity(to) != wanted:
                commands.append(f"cp {held.link if held.removed else held.path} {to}")
        return tuple(commands)

    def _rename_log(self) -> None:
        """Rename the old log: SQLite would apply it to the new database and corrupt it."""
        for suffix in _WAL_SUFFIXES:
            if suffix in self._known and identity(self._at(suffix)) == self._known[suffix]:
                with contextlib.suppress(OSError):
                    self._at(suffix).rename(self._at(".old" + suffix))


def require_database(path: Path) -> None:
    """Raise DatabaseLost for a log without its database: SQLite would delete the log with a new database."""
    log = path.with_name(path.name + _LOG)
    if _length(log) and not _length(path):
        raise DatabaseLost(
            Reason(ErrorCode.LOG_WITHOUT_DATABASE, name=log.name),
            Reason(ErrorCode.MOVE_DATABASE_BACK, path=str(path), log=str(log)),
        )


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
