"""Commands that only start others, apart from these: one lives as long, both are on the way of a start."""

from __future__ import annotations

import click

from bridge.cli.common import called, lasting, port
from bridge.commands import run as run_command
from bridge.commands import serve as serve_command
from bridge.commands.language import said
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings


@click.command()
@click.option("--port", type=port, help="Where webhooks arrive (PORT, else 8080).")
@click.option("--sandbox", is_flag=True, help="Add a local LeadConverter that takes every call.")
@click.option("--sandbox-port", type=port, default=8090, show_default=True, help="Where it listens.")
@click.option("--demo", is_flag=True, help="Send one shipped sample webhook through and print its story.")
def run(port: int | None, sandbox: bool, sandbox_port: int, demo: bool) -> int:
    """Run everything in one process tree: migrate, web, dispatcher. Ctrl-C stops it cleanly.

    \b
    Example, to try it out without messaging anybody:
      leadbridge run --sandbox
    """
    if demo and not sandbox:
        raise click.UsageError(said(Reason(ErrorCode.DEMO_NEEDS_SANDBOX)))
    return run_command.run(lasting(), port, sandbox_port if sandbox else None, _tell if demo else None)


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
    return serve_command.serve(lasting(), {name: value for name, value in given.items() if value})


def _tell(settings: Settings, url: str) -> None:
    """Imported once everything runs, which has to be soon."""
    called("bridge.commands.demo:tell_demo")(settings, url)
