"""Wake-ups between processes, so that a new call is sent at once and nobody has to poll.

A wake-up says only that there may be something to do. One that is lost costs the time of one wait.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Protocol

from sqlalchemy import text

from bridge.errors import StoreUnavailable
from bridge.store.db.engine import Store, postgres_module

CHANNEL = "leadbridge"
_LONGEST_ADDRESS = 100
"""Bytes of a path that a unix socket's address has room for."""

_SAME_MOMENT_NS = 50_000_000
"""A folder's time stands still for some milliseconds, in which another listener may have come."""


class Listener(Protocol):
    """One process waiting for work."""

    def wait(self, timeout: float) -> bool:
        """Until a wake-up comes or `timeout` seconds pass; whether one came."""

    def close(self) -> None:
        """Hear no more."""


class Waker:
    """Wakes every listener of the same store, in this and in other processes."""

    def __init__(self, store: Store) -> None:
        self._bells = _Bells(store.path) if store.path else None
        self._ring: Callable[[], None] = self._bells.ring if self._bells else lambda: _notify(store)

    def wake(self) -> None:
        """Tell whoever listens. Never fails: a listener that heard nothing looks by itself in a while."""
        with contextlib.suppress(StoreUnavailable, OSError):
            self._ring()

    def close(self) -> None:
        """Wake nobody any more."""
        if self._bells:
            self._bells.close()


def listen(store: Store) -> Listener:
    """Begin to hear wake-ups; those from now on are not missed."""
    if store.path:
        return _SocketListener(store.path)
    listener: Listener = postgres_module().DatabaseListener(store.url, CHANNEL)
    return listener


def _notify(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(text(f"NOTIFY {CHANNEL}"))


class _Bells:
    """The sockets of all listeners of one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._folder = _folder(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._seen = 0
        self._names: list[str] = []
        self._lock = Lock()

    def ring(self) -> None:
        with self._lock:
            changed = os.stat(self._folder).st_mtime_ns
            if changed != self._seen or time.time_ns() - changed < _SAME_MOMENT_NS:
                self._seen, self._names = changed, os.listdir(self._folder)
            names = self._names
        for name in names:
            self._ring_one(name)

    def close(self) -> None:
        self._socket.close()

    def _ring_one(self, name: str) -> None:
        try:
            with _address(self._folder, name) as address:
                self._socket.sendto(b"!", address)
        except ConnectionRefusedError:
            (self._folder / name).unlink(missing_ok=True)
        except OSError:
            return


class _SocketListener:
    """A socket in the folder of bells beside a SQLite file."""

    def __init__(self, path: Path) -> None:
        folder = _folder(path)
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with _address(folder, self._path.name) as address:
            self._socket.bind(address)

    def wait(self, timeout: float) -> bool:
        try:
            self._socket.settimeout(max(timeout, 0.0))
            self._socket.recv(1)
            self._drain()
        except (TimeoutError, BlockingIOError):
            return False
        return True

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def _drain(self) -> None:
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(1)


def _folder(path: Path) -> Path:
    folder = path.with_name(path.name + ".bells")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextlib.contextmanager
def _address(folder: Path, name: str) -> Iterator[str]:
    """What to call a socket by: through a descriptor of its folder where the path is too long."""
    whole = str(folder / name)
    if len(os.fsencode(whole)) <= _LONGEST_ADDRESS:
        yield whole
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)
