"""File locks among processes, and checks of the embedded database's disk and file modes."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias

from bridge.errors import BridgeError, StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

log = logging.getLogger(__name__)

_CLOSE_S = 2.0
_PAUSES = (0.0002, 0.0005, 0.001, 0.002)
"""Seconds between tries of a lock that another process holds."""

Identity: TypeAlias = tuple[int, int]
"""Device and inode: identify a file even after its path has changed."""

_FOREIGN: Final[list[FileIO]] = []
"""File objects whose descriptor other code closed. The number may belong to another file by now, so they are
kept for ever: garbage collection would close that file."""

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = re.compile(
    r"afs|beegfs|ceph|cifs|davfs|glusterfs|lustre|ncpfs|nfs4?|ocfs2|smb3|smbfs|"
    r"fuse\.(ceph|davfs2|gcsfuse|glusterfs|goofys|rclone|s3fs|sshfs)"
)


class FileLock:
    """A lock among threads and processes, released when its holder dies.

    Two files, so that no process starves: the first to wait holds the turnstile, and a process that has just
    released the lock must queue for it.
    """

    def __init__(self, path: Path) -> None:
        self._thread = Lock()
        self._lock = LockFile(path.with_name(path.name + ".lock"))
        self._turnstile = LockFile(path.with_name(path.name + ".turn"))

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Hold the lock. Raises StoreUnavailable if it is not free within `timeout` seconds, and at the end
        of the block if the lock was lost meanwhile."""
        deadline = time.monotonic() + timeout
        if not self._thread.acquire(timeout=max(timeout, 0)):
            raise _busy(timeout)
        try:
            self._turnstile.take(deadline, timeout)
            try:
                self._lock.take(deadline, timeout)
            finally:
                self._turnstile.release()
            try:
                yield
                self._lock.require_held()
            finally:
                self._lock.release()
        finally:
            self._thread.release()

    def close(self) -> None:
        """Close both files, unless the lock is still held after two seconds. Closing again does nothing."""
        if not self._thread.acquire(timeout=_CLOSE_S):
            return
        try:
            self._lock.close()
            self._turnstile.close()
        finally:
            self._thread.release()


class LockFile:
    """A lock on a file, which one holder has at a time. It belongs to the open file, not to its path.

    If the file is removed, the next process would lock a new one. So a lock counts only while the locked file
    is the one at the path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._address = str(path)
        self._open()

    def take(self, deadline: float, timeout: float) -> None:
        """Wait until the file at the path is locked. Raises StoreUnavailable at the `deadline`."""
        tries = 0
        while not self.try_take():
            if time.monotonic() >= deadline:
                raise _busy(timeout)
            time.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    def share(self) -> None:
        """Hold a shared lock."""
        self._require_open()
        fcntl.flock(self._file.fileno(), fcntl.LOCK_SH)

    def require_held(self) -> None:
        """Raise StoreUnavailable unless the lock is still held, on the file at the path."""
        if not (self._is_own() and identity(self._address) == self._opened and self._lock()):
            raise StoreUnavailable(
                Reason(ErrorCode.LOCK_LOST, name=self.path.name), Reason(ErrorCode.LEAVE_LOCK_ALONE)
            )

    def release(self) -> None:
        """Release the lock."""
        if not self._file.closed and self._is_own():
            fcntl.flock(self._file.fileno(), fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, which releases the lock. Closing again does nothing."""
        if not self._file.closed and not self._is_own():
            _FOREIGN.append(self._file)
        else:
            self._file.close()

    def try_take(self) -> bool:
        """Lock the file at the path without waiting; False if another holder has it."""
        self._require_open()
        while self._lock():
            if identity(self._address) == self._opened:
                return True
            self._file.close()
            self._open_again()
        return False

    def _lock(self) -> bool:
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _require_open(self) -> None:
        if self._file.closed:
            raise StoreUnavailable(Reason(ErrorCode.LOCK_OF_CLOSED_STORE, name=self.path.name))
        if not self._is_own():
            log.error("the descriptor of %s was closed by other code; opening the file again", self.path)
            _FOREIGN.append(self._file)
            self._open_again()

    def _is_own(self) -> bool:
        """Whether the descriptor still refers to the file that was opened."""
        return identity(self._file.fileno()) == self._opened

    def _open_again(self) -> None:
        try:
            self._open()
        except OSError as error:
            reason = Reason(ErrorCode.LOCK_UNOPENED, name=self.path.name, detail=error.strerror)
            raise StoreUnavailable(reason) from error

    def _open(self) -> None:
        self._file = FileIO(self._address, "ab", opener=_private)
        self._opened = identity(self._file.fileno())


class Presence:
    """Marks a running dispatcher of the embedded database, visible to others while its process lives."""

    def __init__(self, path: Path) -> None:
        self._file = LockFile(path.with_name(path.name + ".dispatchers"))
        self.alone = self._file.try_take()
        """Whether this is the only dispatcher; if so, others wait until `settled`."""

    def settled(self) -> None:
        """Let other dispatchers start."""
        self._file.share()

    def close(self) -> None:
        """Remove the mark."""
        self._file.close()


def identity(file: Path | str | int) -> Identity | None:
    """Device and inode of the file at a path or behind a descriptor; None where there is none."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def _busy(timeout: float) -> StoreUnavailable:
    return StoreUnavailable(Reason(ErrorCode.DATABASE_BUSY, seconds=f"{timeout:g}"))


def make_private(path: Path) -> None:
    """Create an empty database with mode 0600, unless it exists; SQLite gives its log the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def open_to_others(path: Path) -> str:
    """The command that makes the database `path` private; empty if no other user of this machine can read it.

    The modes of existing files are not changed: their owner may have opened them on purpose.
    """
    names = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    files = [str(one) for one in names if one.exists() and one.stat().st_mode & 0o077]
    if not files or not path.parent.stat().st_mode & 0o011:
        return ""
    return f"chmod 600 {shlex.join(files)}"


def mounts() -> str:
    """The text of /proc/self/mountinfo; empty where there is none."""
    return _MOUNTS.read_text() if _MOUNTS.exists() else ""


def refuse_network(path: Path, mounted: str) -> None:
    """Raise BridgeError if `path` is on a network file system; `mounted` is from `mounts`.

    SQLite's write-ahead log needs memory shared by all processes, which network file systems do not provide.
    """
    found = file_system(path, mounted)
    if _NETWORK.fullmatch(found):
        raise BridgeError(
            Reason(ErrorCode.DATABASE_ON_NETWORK, path=str(path), kind=found),
            Reason(ErrorCode.LOCAL_DISK_OR_POSTGRES),
        )


def file_system(path: Path, mounted: str) -> str:
    """The type of the file system that holds `path`; empty if `mounted`, from `mounts`, does not list it."""
    best, found = -1, ""
    for line in mounted.splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), right.split(" ")[0]
    return found
