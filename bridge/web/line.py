"""One client's connection, on which every request must arrive in time as a whole.

Socket time-outs begin anew with every byte, so a client that drips could hold a request for ever.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any, Final

FIRST_S: Final = 30.0
"""Seconds from the connection to the first byte of its first request."""
KEPT_S: Final = 75.0
"""Seconds that a connection may rest between two requests: longer than usual proxies keep theirs."""
REQUEST_S: Final = 30.0
"""Seconds from a request's first byte to its last, head and body together."""
ANSWER_S: Final = 30.0
"""Seconds for the client to take what one write sends."""
HEARING_S: Final = 1.0
"""Seconds for a rejected client to read its answer: closed on unread bytes, a socket may lose it."""
LEAVING_S: Final = 1.0
"""Seconds for a client that has just connected when the process is to stop."""
_ROOM: Final = 64 * 1024


class Line:
    """Stands in for a client's socket. A client that is late reads as one that has gone.

    `leaving` tells whether the process is to stop.
    """

    def __init__(self, sock: socket.socket, leaving: Callable[[], bool]) -> None:
        self.sock = sock
        self.leaving = leaving
        self.patience = FIRST_S
        self.limit = REQUEST_S
        self.until: float | None = None
        """Monotonic time by which the request in hand must be there; None between requests."""
        self.first: bytes | None = b""
        """What was written of an answer and waits for more; None before its first byte."""
        self.over = False
        """Nothing more is read, whatever comes."""

    def recv(self, size: int) -> bytes:
        """What the client sent; nothing when it has gone or its time is up."""
        if self.until is not None:
            return self._within(self.until - time.monotonic(), size)
        data = self._within(min(self.patience, LEAVING_S) if self.leaving() else self.patience, size)
        if data:
            self.until = time.monotonic() + self.limit
        return data

    def sendall(self, data: bytes) -> None:
        """Raises TimeoutError when the client does not take it in time.

        An answer's first part, its head, waits for the second: both leave together.
        """
        if self.first is None:
            self.first = data
            return
        data, self.first = self.first + data, b""
        self.sock.settimeout(ANSWER_S)
        sent = self.sock.send(data)
        if sent < len(data):
            self.sock.sendall(data[sent:])

    def sendfile(self, *arguments: Any, **more: Any) -> int:
        """As the socket does it; the head goes before."""
        self._let_go()
        sent: int = self.sock.sendfile(*arguments, **more)
        return sent

    def answer(self) -> None:
        """An answer begins."""
        self.first = None

    def rest(self) -> None:
        """A request was answered, perhaps with a head alone: the next one may take its time to begin."""
        self.until, self.patience = None, KEPT_S
        self._let_go()

    def _let_go(self) -> None:
        """Nothing comes that the head might wait for."""
        head, self.first = self.first, b""
        if head:
            self.sendall(head)

    def hear_out(self) -> None:
        """After the last answer: read and drop what the client still sends, for a short while."""
        self.sock.shutdown(socket.SHUT_WR)
        until = time.monotonic() + HEARING_S
        while (left := until - time.monotonic()) > 0:
            self.sock.settimeout(left)
            if not self.sock.recv(_ROOM):
                break

    def dismiss(self) -> None:
        """Wait no longer for a request that has not begun."""
        if self.until is None:
            self.over = True
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RD)

    def _within(self, seconds: float, size: int) -> bytes:
        self.over = self.over or seconds <= 0
        if self.over:
            return b""
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(size)
        except TimeoutError:
            self.over = True
        except OSError:
            # gevent ends a wait on a socket that is shut down with EBADF.
            if not self.over:
                raise
        return b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)
