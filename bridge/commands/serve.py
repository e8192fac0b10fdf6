"""`leadbridge serve`: run the web processes."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from bridge.commands.options import lasting, port
from bridge.inherited import LISTENER, WATCHDOG
from bridge.settings import METRICS_FOLDER, Settings, load
from bridge.supervisor.child import Program
from bridge.supervisor.listener import open_listener
from bridge.supervisor.supervisor import SILENT, supervise


@click.command()
@click.option("--host", help="Address to listen on (BRIDGE_HOST, else 127.0.0.1).")
@click.option("--port", type=port, help="Port to listen on (PORT, else 8080).")
def serve(host: str | None, port: int | None) -> int:
    """Run the web processes, which receive webhooks and store them.

    The listening socket may come from systemd. On SIGHUP, new processes replace the running ones; no
    connection is refused.

    \b
    Example:
      leadbridge serve --host 0.0.0.0 --port 8080
    """
    settings, environment = overridden(lasting(), {"BRIDGE_HOST": host, "PORT": str(port or "")})
    listener = open_listener(environment, settings.host, settings.port)
    environment = with_metrics(environment, settings.metrics)
    programs = web_programs(settings, environment, listener)
    return supervise(programs, silence_allowed(settings), listener)


def overridden(settings: Settings, given: Mapping[str, str | None]) -> tuple[Settings, dict[str, str]]:
    """The settings with values of options, and the environment in which child processes find the same."""
    values = {name: value for name, value in given.items() if value}
    found = load({**settings.environment, **values})
    return found, {**settings.process, **values, "PORT": str(found.port)}


def web_programs(
    settings: Settings, environment: Mapping[str, str], listener: socket.socket
) -> list[Program]:
    """How to start each web process; all of them accept connections of this listener."""
    words = [sys.executable, "-m", "bridge.asgi"]
    shared = {**environment, LISTENER: str(listener.fileno())}
    return [
        Program("web", words, shared, (listener.fileno(),), takes_over=True) for _ in range(settings.workers)
    ]


def silence_allowed(settings: Settings) -> float:
    """Seconds without a beat after which a child is killed."""
    return float(settings.environment.get(WATCHDOG, SILENT))


def with_metrics(environment: Mapping[str, str], named: str = "", *, again: bool = False) -> dict[str, str]:
    """The environment with a folder in which all processes of the tree count their metrics.

    A folder that is `named` may be shared with other trees, and is emptied only if `again` is set.
    """
    if named and not again:
        return {**environment, METRICS_FOLDER: named}
    folder = Path(named) if named else _own(environment.get("PORT", ""))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for pattern in ("*.db", "*.pid"):
        for old in folder.glob(pattern):
            old.unlink(missing_ok=True)
    return {**environment, METRICS_FOLDER: str(folder)}


def _own(port: str) -> Path:
    """The same folder at each start, so that none is left over; a new one if another user owns it."""
    folder = Path(tempfile.gettempdir()) / f"leadbridge-{os.getuid()}-{port or 'default'}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        return Path(tempfile.mkdtemp(prefix="leadbridge-"))
    return folder
