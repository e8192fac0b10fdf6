"""A dispatcher's releases of waiting calls, and the guard that stops them when the database's clock jumps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from bridge.store.queue import release
from bridge.store.queue.due_calls import Transaction
from bridge.store.state import clock

AGREE_MS: Final = 5_000
"""Milliseconds by which the database's clock may advance more or less than the steady one."""


def steady() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine is suspended."""
    return time.clock_gettime(_STEADY)


_STEADY: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Reading(NamedTuple):
    """A moment of the database's clock, and the span of the steady clock in which it was read."""

    began: float
    now: int
    ended: float


class ClockGuard:
    """Compares how far the database's clock and the steady one advance between two readings."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self.steady = steady
        self.last: Reading | None = None
        self.ahead = 0
        """Milliseconds of jumps that are not recorded yet; negative if it went back."""

    def now(self, read: Callable[[], int]) -> int:
        """Read the database's clock."""
        began = self.steady()
        reading = Reading(began, read(), self.steady())
        if self.last:
            self.ahead += jump_between(self.last, reading)
        self.last = reading
        return reading.now


def jump_between(before: Reading, after: Reading) -> int:
    """By how many milliseconds the database's clock jumped; 0 if the two clocks agree."""
    least, most = (after.began - before.ended) * 1000, (after.ended - before.began) * 1000
    advanced = after.now - before.now
    apart = advanced - min(max(advanced, least), most)
    return round(apart) if abs(apart) > AGREE_MS else 0


class DueRelease:
    """Releases calls in the rounds of one dispatcher."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self.guard = ClockGuard(steady)
        self.due = False
        """Whether calls were due when last looked."""

    @property
    def wanted(self) -> bool:
        """Whether the next round has something to write for it."""
        return self.due or bool(self.guard.ahead)

    def look(self, connection: Transaction, now: int, waiting_at: int | None) -> int | None:
        """When to release next, given when the first call is due; None if nothing calls for a round."""
        self.due = waiting_at is not None and waiting_at <= now and clock.held(connection, now) is None
        return now if self.due else waiting_at if waiting_at and waiting_at > now else None

    def release(self, connection: Transaction, now: int) -> clock.Jump | None:
        """Queue calls that are due, or record that the clock has jumped, in a round's transaction.

        Returns the new jump.
        """
        if self.guard.ahead:
            return clock.jumped(connection, now, self.guard.ahead)
        if self.due and clock.held(connection, now) is None:
            release.release(connection, now)
        return None

    def committed(self) -> None:
        """What `release` wrote is on disk."""
        self.guard.ahead = 0
