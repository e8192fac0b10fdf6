"""LeadConverter's stand-in: answers every POST at once, and remembers which orders came and when.

`GET /-/arrivals?N` gives those from the Nth on; `GET /-/down?S` lets nobody in for S seconds. One process,
one epoll, so that it costs what a socket costs.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from time import monotonic, sleep

_ORDER = re.compile(rb"order-[0-9a-z]+-[0-9]{7}")
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_BODY = b'{"success":true}'
_PEEK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call: for which order, and when it had come whole, in monotonic seconds."""

    order: str
    at: float


@dataclass(slots=True)
class Api:
    """A running stand-in, and what it has told so far."""

    port: int
    process: int
    arrivals: list[Arrival] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def look(self) -> list[Arrival]:
        """Every call until now."""
        self.arrivals += [Arrival(*one) for one in self._ask(f"/-/arrivals?{len(self.arrivals)}")]
        return self.arrivals

    def go_down(self, seconds: float) -> None:
        """Break every connection, and refuse new ones for that long."""
        self._ask(f"/-/down?{seconds}")

    def settle(self, expected: int, quiet: float, within: float) -> list[Arrival]:
        """Every call once so many have come, or once `quiet` seconds pass without another."""
        end = monotonic() + within
        many, since = -1, monotonic()
        while monotonic() < end and monotonic() - since < quiet and len(self.look()) < expected:
            if len(self.arrivals) != many:
                many, since = len(self.arrivals), monotonic()
            sleep(_PEEK_EVERY)
        return self.arrivals

    def _ask(self, path: str) -> list[tuple[str, float]]:
        connection = HTTPConnection(*self.address, timeout=60)
        try:
            connection.request("GET", path)
            answer: list[tuple[str, float]] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer


@contextmanager
def standing_in() -> Iterator[Api]:
    """A stand-in in a process of its own."""
    program = [sys.executable, "-m", "benchmarks.common.api"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Api(int(process.stdout.readline()), process.pid)
        finally:
            process.terminate()


def call_url(api: Api) -> str:
    """Where peers send their calls."""
    return f"http://127.0.0.1:{api.port}/api/v1/benchmark/bot.startWithVariables"


def whole(data: bytes) -> int:
    """The length of the first request in `data`, 0 while some of it is still to come."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return 0
    found = _LENGTH.search(data, 0, head)
    end = head + 4 + (int(found[1]) if found else 0)
    return end if len(data) >= end else 0


class _Server:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.arrivals: list[tuple[str, float]] = []
        self.pending: dict[socket.socket, bytes] = {}
        self.port = 0
        self.back_at: float | None = None
        self.listener = self.listen()
        self.selector.register(sys.stdin, selectors.EVENT_READ)

    def listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.port = listener.getsockname()[1]
        self.selector.register(listener, selectors.EVENT_READ)
        return listener

    def serve(self) -> None:
        """Until the benchmark ends, however it does: its end of the pipe closes then."""
        while True:
            for key, _ in self.selector.select(_PEEK_EVERY if self.back_at else None):
                if not isinstance(key.fileobj, socket.socket):
                    return
                if key.fileobj is not self.listener:
                    self.hear(key.fileobj)
                elif self.back_at is None:
                    self.accept()
            if self.back_at and monotonic() >= self.back_at:
                self.back_at, self.listener = None, self.listen()

    def accept(self) -> None:
        sock, _ = self.listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending[sock] = b""
        self.selector.register(sock, selectors.EVENT_READ)

    def hear(self, sock: socket.socket) -> None:
        try:
            data = self.pending.get(sock, b"") + sock.recv(65536)
        except OSError:
            data = b""
        if not data or data == self.pending.get(sock):
            return self.drop(sock)
        end = whole(data)
        self.pending[sock] = data[end:]
        if end:
            self.answer(sock, data[:end])
        return None

    def answer(self, sock: socket.socket, request: bytes) -> None:
        if request.startswith(b"GET /-/arrivals?"):
            return _reply(sock, json.dumps(self.arrivals[_number(request) :]).encode())
        if request.startswith(b"GET /-/down?"):
            return self.go_down(sock, float(request.split(b" ", 2)[1].partition(b"?")[2]))
        found = _ORDER.search(request)
        self.arrivals.append((found[0].decode() if found else "", monotonic()))
        return _reply(sock, _BODY)

    def go_down(self, asker: socket.socket, seconds: float) -> None:
        self.back_at = monotonic() + seconds
        self.selector.unregister(self.listener)
        self.listener.close()
        _reply(asker, b"[]")
        for sock in list(self.pending):
            self.drop(sock)

    def drop(self, sock: socket.socket) -> None:
        self.selector.unregister(sock)
        del self.pending[sock]
        sock.close()


def _number(request: bytes) -> int:
    return int(request.split(b" ", 2)[1].partition(b"?")[2])


def _reply(sock: socket.socket, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    sock.setblocking(True)
    sock.sendall(head + body)


if __name__ == "__main__":
    server = _Server()
    print(server.port, flush=True)
    server.serve()
