"""`leadbridge worker`: the dispatcher process."""

from __future__ import annotations

import signal

from bridge.assemble import worker_side
from bridge.settings import Settings


def worker(settings: Settings) -> int:
    """Dispatch calls until SIGTERM or SIGINT, then finish what is being sent and stop."""
    with worker_side(settings) as side:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: side.dispatcher.stop())
        side.dispatcher.run()
    return 0
