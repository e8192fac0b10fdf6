"""`leadbridge serve`: run the web process."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from bridge.commands.options import lasting, port
from bridge.settings import METRICS_FOLDER, Settings


@click.command()
@click.option("--host", help="Address to listen on (BRIDGE_HOST, else 127.0.0.1).")
@click.option("--port", type=port, help="Port to listen on (PORT, else 8080).")
def serve(host: str | None, port: int | None) -> int:
    """Run the web process, which receives webhooks and stores them.

    \b
    Example:
      leadbridge serve --host 0.0.0.0 --port 8080
    """
    given = {"BRIDGE_HOST": host, "PORT": port and str(port)}
    return become_gunicorn(lasting(), {name: value for name, value in given.items() if value})


def become_gunicorn(settings: Settings, overrides: Mapping[str, str]) -> int:
    """Replace this process with gunicorn: gevent has to patch modules before anything imports them."""
    environment = {**settings.process, "PORT": str(settings.port), **overrides}
    os.execve(sys.executable, gunicorn("server"), with_metrics(environment, settings.metrics))


def gunicorn(configuration: str) -> list[str]:
    """The command line of the web process, configured by this module of `bridge.web`."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--no-control-socket",
        "-c",
        f"python:bridge.web.{configuration}",
    ]


def with_metrics(environment: Mapping[str, str], named: str = "", *, again: bool = False) -> dict[str, str]:
    """The environment with a folder in which all processes of the tree count their metrics.

    A folder that is `named` already belongs to the process that started this one, and is not changed.
    `again` is for the first process of the tree, which empties even such a folder.
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
