"""How long something takes, on a machine that may be busy with other things."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds_of(act: Callable[[], object], enough: float) -> float:
    """Seconds of this process's own processor time. Where a try takes more than `enough`, it is made again
    up to twice and the quickest counts: a busy neighbour slows the processor itself."""
    quickest = float("inf")
    for _ in range(3):
        start = time.process_time()
        act()
        quickest = min(quickest, time.process_time() - start)
        if quickest < enough:
            break
    return quickest
