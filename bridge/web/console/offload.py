"""Long calculations: one at a time, so that they leave processor time for webhooks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from bridge.errors import BridgeError
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

T = TypeVar("T")

MOST_WAITING: Final = 4
"""Requests that may wait for a calculation: each keeps a thread."""


class Offload:
    """Runs one calculation at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._places = threading.Semaphore(MOST_WAITING)

    def __call__(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; raises BridgeError if too many wait for their turn."""
        if not self._places.acquire(blocking=False):
            raise BridgeError(Reason(ErrorCode.TOO_BUSY), Reason(ErrorCode.TRY_IN_A_MOMENT))
        try:
            with self._turn:
                return work()
        finally:
            self._places.release()
