"""`leadbridge worker`: the dispatcher process."""

from __future__ import annotations

import signal

from bridge.assemble.worker import dispatcher
from bridge.settings import Settings


def worker(settings: Settings) -> int:
    """Dispatch calls until SIGTERM or SIGINT, then finish what is being sent and stop."""
    running = dispatcher(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: running.stop())
    running.run()
    running.store.close()
    return 0
