"""`leadbridge run`, apart from what it starts: it lives as long as that, and must not weigh as much."""

from __future__ import annotations

import click

from bridge.cli.common import called, loaded, port
from bridge.commands import run as run_command
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
        raise click.UsageError("--demo needs --sandbox: it starts a bot, and that must not be a real one")
    return run_command.run(loaded(), port, sandbox_port if sandbox else None, _tell if demo else None)


def _tell(settings: Settings, url: str) -> None:
    """Imported once everything runs, which has to be soon."""
    called("bridge.commands.demo:tell_demo")(settings, url)
