"""What the embedded database needs of the machine: one lock among processes, a local disk, private files."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from bridge.errors import BridgeError, StoreUnavailable

_PAUSES = (0.0002, 0.0005, 0.001, 0.002)
"""Seconds between looks at a lock that another process holds; a sleep lets other greenlets work."""

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
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._lock = os.open(path.with_name(path.name + ".lock"), flags, 0o600)
        self._turnstile = os.open(path.with_name(path.name + ".turn"), flags, 0o600)

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Hold the lock; raises StoreUnavailable when it cannot be had within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        if not self._thread.acquire(timeout=max(timeout, 0)):
            raise _busy(timeout)
        try:
            _take(self._turnstile, deadline, timeout)
            try:
                _take(self._lock, deadline, timeout)
            finally:
                fcntl.flock(self._turnstile, fcntl.LOCK_UN)
            try:
                yield
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)
        finally:
            self._thread.release()

    def close(self) -> None:
        os.close(self._lock)
        os.close(self._turnstile)


class Presence:
    """A dispatcher's presence at the embedded database, seen by others while its process lives."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(path.with_name(path.name + ".dispatchers"), flags, 0o600)
        self.alone = self._excludes_all()
        """Nobody else is there, and whoever comes waits until `settled`."""

    def settled(self) -> None:
        """Let others in."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def _excludes_all(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _take(descriptor: int, deadline: float, timeout: float) -> None:
    looks = 0
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _busy(timeout) from None
            time.sleep(_PAUSES[min(looks, len(_PAUSES) - 1)])
            looks += 1
        else:
            return


def _busy(timeout: float) -> StoreUnavailable:
    return StoreUnavailable(f"the database was busy for {timeout:g} s, another process holds its lock")


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
            f"the database {path} is on a network file system ({found}), expected a local disk",
            "put it on a local disk, or set DATABASE_URL to a PostgreSQL",
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
