"""`leadbridge run`: run all processes of the bridge."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

import click

from bridge.commands.options import lasting, port
from bridge.commands.serve import gunicorn, with_metrics
from bridge.commands.show.language import said
from bridge.commands.show.output import say
from bridge.commands.supervisor import Child, Supervisor
from bridge.errors import BridgeError
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings, load

_PATIENCE = 60
"""Seconds for the processes to become healthy."""
Show: TypeAlias = Callable[[Settings, str], None]
"""Shows what the running bridge at a URL does."""


@click.command()
@click.option("--port", type=port, help="Port for webhooks (PORT, else 8080).")
@click.option("--sandbox", is_flag=True, help="Add a local LeadConverter that receives all calls.")
@click.option("--sandbox-port", type=port, default=8090, show_default=True, help="Port of the sandbox.")
@click.option("--demo", is_flag=True, help="Send a sample webhook and print its history.")
def run(port: int | None, sandbox: bool, sandbox_port: int, demo: bool) -> int:
    """Migrate the database, then run the web process and the dispatcher until Ctrl-C or SIGTERM.

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

    The web process starts during the migration, and opens the database after it. This process only supervises
    the others: it stays small and does not open the database.
    """
    given = {"PORT": str(port or settings.port)}
    if sandbox_port:
        given["BRIDGE_SANDBOX"] = f"http://127.0.0.1:{sandbox_port}"
    environment = {**settings.process, **given}
    settings = load({**settings.environment, **given})
    counting = with_metrics(environment, settings.metrics, again=True)
    supervisor = Supervisor(_children(counting, sandbox_port))
    try:
        failed = supervisor.start(lambda: _migrate(environment, supervisor))
        return failed or _watch(supervisor, settings, sandbox_port, show)
    finally:
        say(said(Reason(CommandCode.STOPPING)))
        supervisor.shut_down()
        say(said(Reason(CommandCode.STOPPED)))


def _show_demo(settings: Settings, url: str) -> None:
    """Import the demonstration only now: without it, this process starts fast and stays small."""
    from bridge.commands.demo import show_demo

    show_demo(settings, url)


def _migrate(environment: Mapping[str, str], supervisor: Supervisor) -> int:
    """The exit code of `leadbridge migrate`; also 0 if a stop signal came first: nothing has changed."""
    with subprocess.Popen(_words("migrate"), env=environment, start_new_session=True) as process:
        while process.poll() is None:
            if supervisor.stopping:
                process.terminate()
                process.wait()
                return 0
            time.sleep(0.02)
        return process.returncode


def _words(*words: str) -> list[str]:
    return [sys.executable, "-m", "bridge", *words]


def _children(environment: Mapping[str, str], sandbox_port: int | None) -> list[Child]:
    def child(name: str, *words: str) -> Child:
        return Child(name, _words(*words), environment)

    web = Child("web", gunicorn("early"), environment, early=True)
    processes = [web, child("worker", "worker")]
    if sandbox_port:
        processes.append(child("sandbox", "sandbox", "--port", str(sandbox_port)))
    return processes


def _watch(supervisor: Supervisor, settings: Settings, sandbox_port: int | None, show: Show | None) -> int:
    places = [
        (_local_host(settings), settings.port),
        *([("127.0.0.1", sandbox_port)] if sandbox_port else []),
    ]
    if not supervisor.watch(lambda: all(map(_is_healthy, places)), seconds=_PATIENCE):
        if supervisor.stopping:
            return 0
        raise BridgeError(
            Reason(ErrorCode.PROCESSES_NOT_UP, seconds=_PATIENCE), Reason(ErrorCode.SEE_LINES_ABOVE)
        )
    _announce(settings)
    if show:
        show(settings, local_url(settings))
    supervisor.watch()
    return 0


def _announce(settings: Settings) -> None:
    say(said(Reason(CommandCode.WEBHOOKS_AT, url=f"{local_url(settings)}/hooks/<source>")))
    say(said(Reason(CommandCode.CONSOLE_IS_AT, url=f"{local_url(settings)}/console/")))
    if settings.sandbox:
        say(said(Reason(CommandCode.SANDBOX_AT, url=f"{settings.sandbox}/calls")))
    say(said(Reason(CommandCode.STOP_WITH)))


def local_url(settings: Settings) -> str:
    """The URL of the web process, as seen from this machine."""
    host = _local_host(settings)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _local_host(settings: Settings) -> str:
    return settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104


def _is_healthy(place: tuple[str, int]) -> bool:
    """Whether /healthz answers 200. Without http.client, whose import would be a fifth of this process."""
    try:
        with socket.create_connection(place, timeout=1) as sock:
            sock.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return sock.recv(12).endswith(b" 200")
    except OSError:
        return False
