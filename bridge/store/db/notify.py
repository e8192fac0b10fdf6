"""Wake-ups between processes, so that a new call is sent at once and no process has to poll.

A wake-up says only that there may be something to do. A lost one delays calls until the listener's timeout.
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
"""Bytes of a path that fit into a unix socket's address."""

_CLOCK_TICK_NS = 50_000_000
"""Modification times advance in steps of some milliseconds: within one, a new listener does not change it."""


class Listener(Protocol):
    """Receives wake-ups in one process."""

    def wait(self, timeout: float) -> bool:
        """Wait for a wake-up, at most `timeout` seconds; whether one came."""

    def close(self) -> None:
        """Stop listening."""


class Waker:
    """Wakes every listener of the same store, in this and in other processes."""

    def __init__(self, store: Store) -> None:
        self._sockets = _ListenerSockets(store.path) if store.path else None
        self._send: Callable[[], None] = self._sockets.send if self._sockets else lambda: _notify(store)

    def wake(self) -> None:
        """Send a wake-up to every listener. Never fails: a listener also checks by itself after a timeout."""
        with contextlib.suppress(StoreUnavailable, OSError):
            self._send()

    def close(self) -> None:
        """Close the socket."""
        if self._sockets:
            self._sockets.close()


def listen(store: Store) -> Listener:
    """Start to listen; no wake-up from now on is missed."""
    if store.path:
        return _SocketListener(store.path)
    listener: Listener = postgres_module().DatabaseListener(store.url, CHANNEL)
    return listener


def _notify(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(text(f"NOTIFY {CHANNEL}"))


class _ListenerSockets:
    """Sends to the sockets of all listeners of one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._folder = _folder(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._listed_at = 0
        self._names: list[str] = []
        self._lock = Lock()

    def send(self) -> None:
        with self._lock:
            changed = os.stat(self._folder).st_mtime_ns
            if changed != self._listed_at or time.time_ns() - changed < _CLOCK_TICK_NS:
                self._listed_at, self._names = changed, os.listdir(self._folder)
            names = self._names
        for name in names:
            self._send_to(name)

    def close(self) -> None:
        self._socket.close()

    def _send_to(self, name: str) -> None:
        try:
            with _address(self._folder, name) as address:
                self._socket.sendto(b"!", address)
        except ConnectionRefusedError:
            # The listener's process has died without removing its socket.
            (self._folder / name).unlink(missing_ok=True)
        except OSError:
            return


class _SocketListener:
    """Listens on a socket in the listeners' folder of a SQLite file."""

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
    """A socket's address; if its path is too long, through a descriptor of its folder."""
    whole = str(folder / name)
    if len(os.fsencode(whole)) <= _LONGEST_ADDRESS:
        yield whole
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)
