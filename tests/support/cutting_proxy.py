"""A proxy in front of PostgreSQL that can cut connections at the worst moment: around a COMMIT."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Self

_COMMIT = b"COMMIT\x00"


class Cut(StrEnum):
    """Where a connection is cut."""

    NOWHERE = "nowhere"
    BEFORE = "before the COMMIT reaches the server"
    AFTER = "after the COMMIT, before its answer"


class CuttingProxy:
    """Listens on a port of 127.0.0.1. `choose` says, for each COMMIT, where its connection is cut."""

    def __init__(self, socket_folder: Path, choose: Callable[[], Cut]) -> None:
        self._server = str(socket_folder / ".s.PGSQL.5432")
        self._choose = choose
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts: dict[Cut, int] = dict.fromkeys(Cut, 0)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(self._server)
            while self._step(client, server):
                pass

    def _step(self, client: socket.socket, server: socket.socket) -> bool:
        """Pass on what has come; False when the connection has ended or is to be cut."""
        ready, _, _ = select.select([client, server], [], [])
        if server in ready:
            data = server.recv(1 << 16)
            client.sendall(data)
            return bool(data)
        data = client.recv(1 << 16)
        cut = Cut.NOWHERE
        if data.endswith(_COMMIT):
            cut = self._choose()
            self.cuts[cut] += 1
        if cut is not Cut.BEFORE:
            server.sendall(data)
        if cut is Cut.AFTER:
            server.recv(1 << 16)
        return bool(data) and cut is Cut.NOWHERE
