"""Named places in the code at which a process may be told to die by SIGKILL.

The product knows nothing of them: they are put around its functions in the process that is to die.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from bridge.dispatch.calls_in_flight import CallsInFlight, Ended
from bridge.dispatch.http.http1 import Incoming, Reading
from bridge.store.db.engine import Store

BEFORE_COMMIT = "before a commit"
AFTER_COMMIT = "after a commit"
BEFORE_BYTES = "before the first byte"
AFTER_BYTES = "after the last byte"
BEFORE_SETTLING = "after the answer"
POINTS = (BEFORE_COMMIT, AFTER_COMMIT, BEFORE_BYTES, AFTER_BYTES, BEFORE_SETTLING)
WEB_POINTS = (BEFORE_COMMIT, AFTER_COMMIT)


def die_at(point: str, passings: int) -> None:
    """From now on this process dies when it passes the point for that many'th time."""
    left = passings

    def passed() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _PUT[point](passed)


def _around_commits(before: Callable[[], None], after: Callable[[], None]) -> None:
    real = Store.transaction

    @contextmanager
    def transaction(self: Store, timeout: float = 5.0) -> Iterator[Connection]:
        with real(self, timeout) as connection:
            yield connection
            before()
        after()

    Store.transaction = transaction  # type: ignore[method-assign]  # this process is there to be spoilt


def _around_sending(before: Callable[[], None], after: Callable[[], None]) -> None:
    real = CallsInFlight.tried

    async def tried(self: CallsInFlight, *given: Any) -> Ended:
        before()
        ended = await real(self, *given)
        after()
        return ended

    CallsInFlight.tried = tried  # type: ignore[method-assign,assignment]  # as above


def _before_answers(passed: Callable[[], None]) -> None:
    real = Incoming.read

    def read(self: Incoming) -> Reading:
        passed()
        yield from real(self)

    Incoming.read = read  # type: ignore[method-assign]  # as above


def _nothing() -> None:
    """On the other side of the point."""


_PUT: dict[str, Callable[[Callable[[], None]], None]] = {
    BEFORE_COMMIT: lambda passed: _around_commits(passed, _nothing),
    AFTER_COMMIT: lambda passed: _around_commits(_nothing, passed),
    BEFORE_BYTES: lambda passed: _around_sending(passed, _nothing),
    AFTER_BYTES: _before_answers,
    BEFORE_SETTLING: lambda passed: _around_sending(_nothing, passed),
}
