"""`leadbridge worker`: run the dispatcher process."""

from __future__ import annotations

import signal
from itertools import count

import click

from bridge import __version__
from bridge.assemble.worker import dispatcher
from bridge.commands.options import lasting, port
from bridge.dispatch.worker import unobserved
from bridge.settings import Settings
from bridge.web import counting, metrics, process_metrics
from bridge.web.counting import Counted
from bridge.web.dispatch_meters import DispatchMeters

KIND = "dispatcher"


@click.command()
@click.option("--metrics-port", type=port, help="Serve this process's Prometheus metrics on a port.")
def worker(metrics_port: int | None) -> int:
    """Run the dispatcher, which sends due calls to LeadConverter. Any number of dispatchers may run.

    Under "leadbridge run" the web process serves its metrics; alone, it can serve its own. On SIGTERM or
    Ctrl-C it finishes requests in progress, for up to 20 seconds. A second Ctrl-C stops it at once; those
    calls become uncertain.

    \b
    Example:
      leadbridge worker --metrics-port 9101
    """
    return dispatch_calls(lasting(), metrics_port)


def dispatch_calls(settings: Settings, metrics_port: int | None = None) -> int:
    """Dispatch calls until SIGTERM or Ctrl-C, then finish requests in progress and stop.

    SIGTERM may arrive several times: systemd and Heroku send it to every process of a tree, and the parent
    passes its own on as well. Only a second Ctrl-C, from a terminal, stops without waiting.
    Metrics go to the folder of the process tree, or to its own `metrics_port`.
    """
    counted = Counted()
    counts = bool(settings.metrics or metrics_port)
    running = dispatcher(settings, DispatchMeters(counted).round if counts else unobserved)
    if settings.metrics:
        process_metrics.enter(settings.metrics, KIND)
    elif metrics_port:
        info = (metrics.INFO, (__version__, "sqlite" if running.store.embedded else "postgresql"), 1.0)
        counting.serve(settings.host, metrics_port, counted, lambda: [info, *process_metrics.of_this(KIND)])
    interrupts = count()
    signal.signal(signal.SIGTERM, lambda *_: running.stop())
    signal.signal(signal.SIGINT, lambda *_: running.hurry() if next(interrupts) else running.stop())
    running.run()
    running.store.close()
    return 0
