"""Commands that run a part of the bridge."""

from __future__ import annotations

import click

from bridge.cli.common import loaded, port
from bridge.commands import migrate as migrate_command
from bridge.commands import sandbox as sandbox_command
from bridge.commands import serve as serve_command
from bridge.commands import worker as worker_command


@click.command()
@click.option("--host", help="Address to listen on (BRIDGE_HOST, else 127.0.0.1).")
@click.option("--port", type=port, help="Port to listen on (PORT, else 8080).")
def serve(host: str | None, port: int | None) -> int:
    """The web process: takes webhooks in and stores them.

    \b
    Example:
      leadbridge serve --host 0.0.0.0 --port 8080
    """
    given = {"BRIDGE_HOST": host, "PORT": port and str(port)}
    return serve_command.serve(loaded(), {name: value for name, value in given.items() if value})


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
    return worker_command.worker(loaded(), metrics_port)


@click.command()
def migrate() -> int:
    """Bring the database to this version's tables, and note where its calls go. Safe to run again.

    \b
    Example:
      leadbridge migrate
    """
    return migrate_command.migrate(loaded())


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=port, default=8090, show_default=True, help="Port to listen on.")
@click.option("--latency-ms", type=click.IntRange(0, 60000), default=0, help="Wait before each answer.")
def sandbox(host: str, port: int, latency_ms: int) -> int:
    """A local LeadConverter for trying out: checks calls, plays faults, shows what it got.

    \b
    Example, and where to see its calls:
      leadbridge sandbox --port 8090
      curl http://127.0.0.1:8090/calls
    """
    return sandbox_command.sandbox(host, port, latency_ms)
