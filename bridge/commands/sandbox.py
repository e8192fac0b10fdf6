"""`leadbridge sandbox`: run a local LeadConverter."""

from __future__ import annotations

import click

from bridge.commands.options import port
from bridge.commands.show.language import said
from bridge.commands.show.output import say
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.sandbox.server import run


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=port, default=8090, show_default=True, help="Port to listen on.")
@click.option("--latency-ms", type=click.IntRange(0, 60000), default=0, help="Delay of each answer.")
def sandbox(host: str, port: int, latency_ms: int) -> int:
    """Run a local LeadConverter for tests: it checks calls, simulates faults, and shows what it received.

    \b
    Example, and how to list its calls:
      leadbridge sandbox --port 8090
      curl http://127.0.0.1:8090/calls
    """
    return run(host, port, _announce, latency_ms=latency_ms)


def _announce(url: str) -> None:
    say(said(Reason(CommandCode.SANDBOX_LISTENS, url=url)))
