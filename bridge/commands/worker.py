"""`leadbridge worker`: run the dispatcher, and its parent."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from bridge.commands.options import lasting, port
from bridge.commands.serve import silence_allowed
from bridge.inherited import inherited
from bridge.settings import Settings
from bridge.supervisor.child import Program
from bridge.supervisor.supervisor import supervise


@click.command()
@click.option("--metrics-port", type=port, help="Serve /metrics, /healthz and /readyz on this port.")
def worker(metrics_port: int | None) -> int:
    """Run the dispatcher, which sends due calls to LeadConverter. Any number of dispatchers may run.

    Under "leadbridge run" the web process serves its metrics; alone, it can serve its own. On SIGTERM or
    Ctrl-C it finishes requests in progress, for up to 20 seconds. A second Ctrl-C stops it at once; those
    calls become uncertain. On SIGHUP it stops gracefully and starts again.

    \b
    Example:
      leadbridge worker --metrics-port 9101
    """
    settings = lasting()
    if inherited().heartbeat is not None:
        return _dispatch(settings, metrics_port)
    given = ("--metrics-port", str(metrics_port)) if metrics_port else ()
    return supervise([dispatcher_program(settings.process, *given)], silence_allowed(settings))


def dispatcher_program(environment: Mapping[str, str], *options: str) -> Program:
    """How to start the dispatcher: this command, which finds that it has a parent."""
    return Program("dispatcher", [sys.executable, "-m", "bridge", "worker", *options], environment)


def _dispatch(settings: Settings, metrics_port: int | None) -> int:
    """Import the dispatcher only now: its parent stays small."""
    from bridge.commands.dispatcher import dispatch_calls

    return dispatch_calls(settings, metrics_port)
