"""`leadbridge run`: run all processes of the bridge."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

import click

from bridge.commands.options import lasting, port
from bridge.commands.serve import overridden, silence_allowed, web_programs, with_metrics
from bridge.commands.show.language import said
from bridge.commands.show.output import say
from bridge.commands.worker import dispatcher_program
from bridge.errors import BridgeError
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.supervisor.child import Program
from bridge.supervisor.listener import open_listener
from bridge.supervisor.supervisor import Supervisor

_PATIENCE = 60
"""Seconds for the processes to come up."""
Show: TypeAlias = Callable[[Settings, str], None]
"""Shows what the running bridge at a URL does."""


@click.command()
@click.option("--port", type=port, help="Port for webhooks (PORT, else 8080).")
@click.option("--sandbox", is_flag=True, help="Add a local LeadConverter that receives all calls.")
@click.option("--sandbox-port", type=port, default=8090, show_default=True, help="Port of the sandbox.")
@click.option("--demo", is_flag=True, help="Send a sample webhook and print its history.")
def run(port: int | None, sandbox: bool, sandbox_port: int, demo: bool) -> int:
    """Migrate the database, then run the web process and the dispatcher until Ctrl-C or SIGTERM.

    On SIGHUP, new processes replace the running ones; no connection is refused.

    \b
    Example that sends no messages to anybody:
      leadbridge run --sandbox
    """
    if demo and not sandbox:
        raise click.UsageError(said(Reason(ErrorCode.DEMO_NEEDS_SANDBOX)))
    return run_processes(lasting(), port, sandbox_port if sandbox else None, _show_demo if demo else None)


def run_processes(
    settings: Settings, port: int | None, sandbox_port: int | None, show: Show | None = None
) -> int:
    """Migrate, and keep web, dispatcher and perhaps the sandbox running until a stop signal.

    This process only supervises the others: it stays small and does not open the database.
    """
    sandbox = f"http://127.0.0.1:{sandbox_port}" if sandbox_port else None
    settings, environment = overridden(settings, {"PORT": str(port or ""), "BRIDGE_SANDBOX": sandbox})
    listener = open_listener(environment, settings.host, settings.port)
    environment = with_metrics(environment, settings.metrics, again=True)
    programs = [*web_programs(settings, environment, listener), dispatcher_program(environment)]
    if sandbox_port:
        programs.append(Program("sandbox", _words("sandbox", "--port", str(sandbox_port)), environment))
    supervisor = Supervisor(
        programs,
        prepare=lambda stopping: _migrate(environment, stopping),
        silent=silence_allowed(settings),
        listener=listener,
    )
    try:
        supervisor.start()
        _watch(supervisor, settings, show)
    finally:
        say(said(Reason(CommandCode.STOPPING)))
        supervisor.shut_down()
        say(said(Reason(CommandCode.STOPPED)))
    return supervisor.exit_code


def _show_demo(settings: Settings, url: str) -> None:
    """Import the demonstration only now: without it, this process starts fast and stays small."""
    from bridge.commands.demo import show_demo

    show_demo(settings, url)


def _migrate(environment: Mapping[str, str], stopping: Callable[[], bool]) -> int:
    """The exit code of `leadbridge migrate`; also 0 if a stop signal came first: nothing has changed."""
    with subprocess.Popen(_words("migrate"), env=environment, start_new_session=True) as process:
        while process.poll() is None:
            if stopping():
                process.terminate()
                process.wait()
                return 0
            time.sleep(0.02)
        return process.returncode


def _words(*words: str) -> list[str]:
    return [sys.executable, "-m", "bridge", *words]


def _watch(supervisor: Supervisor, settings: Settings, show: Show | None) -> None:
    if supervisor.watch(lambda: supervisor.up, seconds=_PATIENCE):
        _announce(settings)
        if show:
            show(settings, local_url(settings))
        supervisor.watch()
    elif not supervisor.stopping:
        raise BridgeError(
            Reason(ErrorCode.PROCESSES_NOT_UP, seconds=_PATIENCE), Reason(ErrorCode.SEE_LINES_ABOVE)
        )


def _announce(settings: Settings) -> None:
    say(said(Reason(CommandCode.WEBHOOKS_AT, url=f"{local_url(settings)}/hooks/<source>")))
    say(said(Reason(CommandCode.CONSOLE_IS_AT, url=f"{local_url(settings)}/console/")))
    if settings.sandbox:
        say(said(Reason(CommandCode.SANDBOX_AT, url=f"{settings.sandbox}/calls")))
    say(said(Reason(CommandCode.STOP_WITH)))


def local_url(settings: Settings) -> str:
    """The URL of the web process, as seen from this machine."""
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
