"""Senders that post sales without end, and a ledger on disk of what was acknowledged."""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from tests.support.processes import Installation

SENDERS = 6
BUYERS = 40
"""Of each sender; a buyer's next order is sent when the one before is acknowledged."""


class Rounds:
    """Lines that are on disk before they count."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()
        self.lines: set[str] = set()

    def write(self, line: str) -> None:
        os.write(self._descriptor, f"{line}\n".encode())
        os.fsync(self._descriptor)
        with self._lock:
            self.lines.add(line)

    def close(self) -> None:
        os.close(self._descriptor)


class Load:
    """The senders. An order is `o<buyer>-<number>`, its numbers ascending per buyer.

    Each machine gets its share of them; what one does not take is sent to the next.
    """

    def __init__(self, ledger: Path, *machines: Installation, pause: float = 0.01) -> None:
        self.machines = cycle(machines)
        self.rounds = Rounds(ledger)
        self.pause = pause
        self.answers: dict[int, int] = {}
        self.slowest = 0.0
        self._numbers = [0] * (SENDERS * BUYERS)

    @property
    def acknowledged(self) -> set[str]:
        return self.rounds.lines

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        senders = [threading.Thread(target=self._send, args=(n, stop)) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            stop.set()
            for sender in senders:
                sender.join()

    def _send(self, sender: int, stop: threading.Event) -> None:
        turn = 0
        while not stop.is_set():
            buyer = sender * BUYERS + turn % BUYERS
            turn += 1
            order = f"o{buyer}-{self._numbers[buyer]}"
            while not stop.is_set() and not self._accepted(order, buyer):
                stop.wait(0.1)
            self._numbers[buyer] += 1
            stop.wait(self.pause)

    def _accepted(self, order: str, buyer: int) -> bool:
        began = time.monotonic()
        try:
            answer = next(self.machines).post(
                "/hooks/shop", {"id": order, "kind": "sale", "buyer": buyer + 1}
            )
        except (OSError, http.client.HTTPException):
            return False
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
        if answer.status == 200:
            self.rounds.write(order)
        return answer.status == 200
