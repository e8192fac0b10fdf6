"""What the embedded database needs of the machine: one lock among processes, a local disk, private files."""

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
"""Seconds between looks at a lock that another process holds; a sleep lets other greenlets work."""

Identity: TypeAlias = tuple[int, int]
"""Device and inode: what a file is, wherever its path leads now."""

_FOREIGN: Final[list[FileIO]] = []
"""File objects whose descriptor other code closed. Its number may be another file's by now, so they are
never collected: that would close it once more."""

_NETWORK = re.compile(
    r"afs|beegfs|ceph|cifs|davfs|glusterfs|lustre|ncpfs|nfs4?|ocfs2|smb3|smbfs|"
    r"fuse\.(ceph|davfs2|gcsfuse|glusterfs|goofys|rclone|s3fs|sshfs)"
)


class FileLock:
    """Excludes every other thread and process that locks the same file; released when its holder dies.

    Two files, so that nobody starves: who waits first takes the turnstile, and whoever has just released
    must queue behind it.
    """

    def __init__(self, path: Path) -> None:
        self._thread = Lock()
        self._lock = LockFile(path.with_name(path.name + ".lock"))
        self._turnstile = LockFile(path.with_name(path.name + ".turn"))

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Hold the lock. Raises StoreUnavailable when it is not free within `timeout` seconds, and at the
        end of the block when the lock did not exclude others all the time."""
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
        """Closing again does nothing. A holder that does not end keeps the files open."""
        if not self._thread.acquire(timeout=_CLOSE_S):
            return
        try:
            self._lock.close()
            self._turnstile.close()
        finally:
            self._thread.release()


class LockFile:
    """A file that one holder at a time has locked. The lock is bound to the open file, not to its path.

    Whoever removes the file makes the next opener lock another one, so the two are compared: a lock counts
    only while the locked file is the one at the path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._address = str(path)
        self._open()

    def take(self, deadline: float, timeout: float) -> None:
        """Wait until the file at the path is locked. Raises StoreUnavailable at the `deadline`."""
        looks = 0
        while not self.try_take():
            if time.monotonic() >= deadline:
                raise _busy(timeout)
            time.sleep(_PAUSES[min(looks, len(_PAUSES) - 1)])
            looks += 1

    def share(self) -> None:
        """Keep the lock together with others."""
        self._require_open()
        fcntl.flock(self._file.fileno(), fcntl.LOCK_SH)

    def require_held(self) -> None:
        """Raise StoreUnavailable unless this holder still has the lock, on the file at the path."""
        if not (self._is_own() and identity(self._address) == self._opened and self._lock()):
            raise StoreUnavailable(
                Reason(ErrorCode.LOCK_LOST, name=self.path.name), Reason(ErrorCode.LEAVE_LOCK_ALONE)
            )

    def release(self) -> None:
        """Let others have it."""
        if not self._file.closed and self._is_own():
            fcntl.flock(self._file.fileno(), fcntl.LOCK_UN)

    def close(self) -> None:
        """Closing again does nothing."""
        if not self._file.closed and not self._is_own():
            _FOREIGN.append(self._file)
        else:
            self._file.close()

    def try_take(self) -> bool:
        """Lock the file at the path without waiting; False while another holder has it."""
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
        """Whether the descriptor is still that of the file that was opened."""
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
    """A dispatcher's presence at the embedded database, seen by others while its process lives."""

    def __init__(self, path: Path) -> None:
        self._file = LockFile(path.with_name(path.name + ".dispatchers"))
        self.alone = self._file.try_take()
        """Nobody else is there, and whoever comes waits until `settled`."""

    def settled(self) -> None:
        """Let others in."""
        self._file.share()

    def close(self) -> None:
        """Be there no more."""
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
    """Make an empty database that only its owner may read, unless it is there; its log gets the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def open_to_others(path: Path) -> str:
    """The command that keeps other users of this machine out of the database `path`; empty where none can.

    What an older version made is left as it is: its owner may have opened it on purpose.
    """
    names = [path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))]
    files = [str(one) for one in names if one.exists() and one.stat().st_mode & 0o077]
    if not files or not path.parent.stat().st_mode & 0o011:
        return ""
    return f"chmod 600 {shlex.join(files)}"


def refuse_network(path: Path, mounts: str) -> None:
    """Raise BridgeError when `path` is on a file system that other machines can mount too.

    `mounts` is the text of /proc/self/mountinfo, empty where there is none. SQLite's write-ahead log needs
    memory shared by all its users, which no network file system gives.
    """
    found = file_system(path, mounts)
    if _NETWORK.fullmatch(found):
        raise BridgeError(
            Reason(ErrorCode.DATABASE_ON_NETWORK, path=str(path), kind=found),
            Reason(ErrorCode.LOCAL_DISK_OR_POSTGRES),
        )


def file_system(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`; empty when `mounts` does not tell."""
    best, found = -1, ""
    for line in mounts.splitlines():
        left, dash, right = line.partition(" - ")
        fields = left.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = Path(fields[4].encode().decode("unicode_escape"))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), right.split(" ")[0]
    return found
