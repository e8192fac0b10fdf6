"""Long calculations beside the requests: webhooks go on being taken in meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import gevent

from bridge.errors import BridgeError
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

T = TypeVar("T")

MOST_WAITING: Final = 16
"""Calculations that may be asked for at once."""


class Offload:
    """One at a time in a thread of its own. What is calculated must not touch the store."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._waiting = 0

    def __call__(self, work: Callable[[], T]) -> T:
        """What `work` gives or raises; raises BridgeError where too much waits for its turn."""
        if self._waiting >= MOST_WAITING:
            raise BridgeError(Reason(ErrorCode.TOO_BUSY), Reason(ErrorCode.TRY_IN_A_MOMENT))
        self._waiting += 1
        try:
            with self._turn:
                done: T = gevent.get_hub().threadpool.apply(work)
                return done
        finally:
            self._waiting -= 1
