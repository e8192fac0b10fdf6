"""Closed-loop load: so many connections, each with one request on its way, from one process and one epoll."""

from __future__ import annotations

import selectors
import socket
from array import array
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

ANSWER_WITHIN = 10.0
"""Seconds after which a request counts as unanswered."""


@dataclass(slots=True)
class Load:
    """What came back."""

    seconds: float = 0.0
    """From the first request to the last answer."""
    accepted: list[int] = field(default_factory=list)
    """Numbers of the requests that were answered 2xx."""
    latencies: array[float] = field(default_factory=lambda: array("d"))
    """Seconds from the first byte out to the last byte in, of the accepted."""
    refused: Counter[int] = field(default_factory=Counter)
    """Other statuses, and how often."""
    unanswered: int = 0
    """Connection lost, no HTTP, or too late."""

    @property
    def rate(self) -> float:
        """Accepted a second."""
        return len(self.accepted) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Seconds that this share of the accepted took at most."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@dataclass(slots=True)
class _Peer:
    sock: socket.socket
    number: int = -1
    sent_at: float = 0.0
    got: bytes = b""


def load(
    address: tuple[str, int],
    request: Callable[[int], bytes],
    *,
    connections: int,
    seconds: float,
    rate: float = 0.0,
) -> Load:
    """Send for that long; every request has the next number, from 0.

    With a `rate`, so many a second are due, and the time of one counts from the moment at which it was due.
    Raises OSError where nobody listens. A connection that is lost later is opened anew, or given up.
    """
    return _Generator(address, request, connections, rate).run(seconds)


class _Generator:
    def __init__(
        self, address: tuple[str, int], request: Callable[[int], bytes], connections: int, rate: float
    ) -> None:
        self._address = address
        self._request = request
        self._connections = connections
        self._rate = rate
        self._idle: list[_Peer] = []
        self._next = 0
        self._waiting = 0
        self._load = Load()
        self._selector = selectors.DefaultSelector()

    def run(self, seconds: float) -> Load:
        began = self._began = perf_counter()
        self._end = began + seconds
        for _ in range(self._connections):
            self._open()
        while self._at_work(perf_counter()):
            for key, _ in self._selector.select(0.001 if self._idle else 0.5):
                self._hear(key.data)
            while self._idle and self._due() <= perf_counter() < self._end:
                self._send(self._idle.pop())
        self._load.seconds = perf_counter() - began
        self._load.unanswered += self._waiting
        for key in list(self._selector.get_map().values()):
            key.data.sock.close()
        self._selector.close()
        return self._load

    def _at_work(self, now: float) -> bool:
        return now < self._end + ANSWER_WITHIN and (
            self._waiting > 0 or (now < self._end and bool(self._idle))
        )

    def _due(self) -> float:
        """When the next request is due, by a fixed rate."""
        return self._began + self._next / self._rate

    def _open(self) -> None:
        sock = socket.create_connection(self._address, timeout=ANSWER_WITHIN)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = _Peer(sock)
        self._selector.register(sock, selectors.EVENT_READ, peer)
        self._go_on(peer)

    def _go_on(self, peer: _Peer) -> None:
        if self._rate:
            self._idle.append(peer)
        else:
            self._send(peer)

    def _send(self, peer: _Peer) -> None:
        data = self._request(self._next)
        sent_at = self._due() if self._rate else perf_counter()
        peer.number, peer.got, peer.sent_at = self._next, b"", sent_at
        self._next += 1
        self._waiting += 1
        peer.sock.sendall(data)

    def _hear(self, peer: _Peer) -> None:
        try:
            data = peer.sock.recv(65536)
        except OSError:
            data = b""
        if not data:
            return self._lose(peer)
        peer.got += data
        answer = status_of(peer.got)
        if answer is not None:
            self._note(peer, *answer)
        return None

    def _note(self, peer: _Peer, status: int, keeps: bool) -> None:
        self._waiting -= 1
        now = perf_counter()
        if 200 <= status < 300:
            self._load.accepted.append(peer.number)
            self._load.latencies.append(now - peer.sent_at)
        else:
            self._load.refused[status] += 1
        if not keeps:
            self._replace(peer)
        elif now < self._end:
            self._go_on(peer)

    def _lose(self, peer: _Peer) -> None:
        if peer in self._idle:
            self._idle.remove(peer)
        else:
            self._waiting -= 1
            self._load.unanswered += 1
        self._replace(peer)

    def _replace(self, peer: _Peer) -> None:
        self._selector.unregister(peer.sock)
        peer.sock.close()
        if perf_counter() < self._end:
            with suppress(OSError):
                self._open()


def status_of(data: bytes) -> tuple[int, bool] | None:
    """Status of a complete answer, and whether the connection stays; None while more is to come."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        return None
    lowered = head.lower()
    length = lowered.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    if length and len(body) < int(length):
        return None
    return int(head[9:12]), b"\r\nconnection: close" not in lowered
