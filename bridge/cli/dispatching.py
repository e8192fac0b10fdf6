"""`leadbridge worker`, apart from commands that need less than it does."""

from __future__ import annotations

import click

from bridge.cli.common import lasting, port
from bridge.commands import worker as worker_command


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
    return worker_command.worker(lasting(), metrics_port)
