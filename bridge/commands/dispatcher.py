"""The dispatcher process, as `leadbridge worker` and `leadbridge run` start it."""

from __future__ import annotations

import signal

from bridge import __version__, heartbeat
from bridge.assemble.worker import dispatcher
from bridge.dispatch.worker import unobserved
from bridge.settings import Settings
from bridge.web import metrics, process_metrics, worker_port
from bridge.web.counting import Counted
from bridge.web.dispatch_meters import DispatchMeters

KIND = "dispatcher"


def dispatch_calls(settings: Settings, port: int | None = None) -> int:
    """Dispatch calls until SIGTERM, then finish requests in progress and stop.

    SIGTERM may arrive several times: systemd and Heroku send it to every process of a tree, and the parent
    passes its own on as well. SIGINT stops without waiting; the parent sends it after a second Ctrl-C.
    Metrics go to the folder of the process tree, or to its own `port`.
    """
    heartbeat.begin()
    counted = Counted()
    counts = bool(settings.metrics or port)
    running = dispatcher(settings, DispatchMeters(counted).round if counts else unobserved)
    if settings.metrics:
        process_metrics.enter(settings.metrics, KIND)
    elif port:
        info = (metrics.INFO, (__version__, "sqlite" if running.store.embedded else "postgresql"), 1.0)
        worker_port.serve(
            settings.host, port, running.store, counted, lambda: [info, *process_metrics.of_this(KIND)]
        )
    signal.signal(signal.SIGTERM, lambda *_: running.stop())
    signal.signal(signal.SIGINT, lambda *_: running.hurry())
    running.run()
    running.store.close()
    return 0
