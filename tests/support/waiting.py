"""Waiting for real processes: until a condition holds, never for a fixed time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], seconds: float = 10.0, every: float = 0.02) -> T:
    """The first truthy thing that `look` gives; the last falsy one when the time is up."""
    deadline = time.monotonic() + seconds
    seen = look()
    while not seen and time.monotonic() < deadline:
        threading.Event().wait(every)
        seen = look()
    return seen
