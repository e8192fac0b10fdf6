"""`leadbridge worker`: the dispatcher process."""

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
    """The dispatcher process: sends what is due to LeadConverter. Any number may run.

    Under "leadbridge run" its metrics are among those of the web process; alone it can serve its own.
    SIGTERM or Ctrl-C: it finishes what is under way, for up to 20 seconds. A second Ctrl-C leaves that
    uncertain and stops at once.

    \b
    Example:
      leadbridge worker --metrics-port 9101
    """
    return dispatch_calls(lasting(), metrics_port)


def dispatch_calls(settings: Settings, metrics_port: int | None = None) -> int:
    """Dispatch calls until SIGTERM or Ctrl-C, then finish what is being sent and stop.

    SIGTERM may come any number of times: systemd and Heroku send it to every process of a tree, whose parent
    passes its own on as well. Only a second Ctrl-C, by whoever started this by hand, waits for nothing.
    It counts into the folder of its process tree, or for its own `metrics_port`.
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
