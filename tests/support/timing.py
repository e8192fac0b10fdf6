"""How long something takes, on a machine that may be busy with other things."""

from __future__ import annotations

import time
from collections.abc import Callable

SOON = 5.0
"""Seconds: what grows with the square of a megabyte takes hours, on however quick a machine."""


def seconds_of(act: Callable[[], object]) -> float:
    """Seconds of this process's own processor time. Where a try takes longer than `SOON`, it is made again
    up to twice and the quickest counts: a busy neighbour slows the processor itself."""
    quickest = float("inf")
    for _ in range(3):
        start = time.process_time()
        act()
        quickest = min(quickest, time.process_time() - start)
        if quickest < SOON:
            break
    return quickest
