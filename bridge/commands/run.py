"""`leadbridge run`: everything in one process tree."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import TypeAlias
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import click

from bridge.commands.metrics_folder import with_metrics
from bridge.commands.supervisor import Child, Supervisor
from bridge.errors import BridgeError
from bridge.settings import Settings, load

Tell: TypeAlias = Callable[[Settings, str], None]
"""Shows what the running bridge at an address does."""


def run(settings: Settings, port: int | None, sandbox_port: int | None, tell: Tell | None = None) -> int:
    """Migrate, then keep web, dispatcher and perhaps the sandbox running until a stop signal.

    This process only watches over the others: it stays small, and leaves the database to them.
    """
    environment = dict(settings.environment)
    if port:
        environment["PORT"] = str(port)
    if sandbox_port:
        environment["BRIDGE_SANDBOX"] = f"http://127.0.0.1:{sandbox_port}"
    settings = load(environment)
    migrated = subprocess.run(_words("migrate"), env=environment, check=False).returncode
    if migrated:
        return migrated
    supervisor = Supervisor(_children(with_metrics(environment, again=True), sandbox_port))
    supervisor.start()
    try:
        return _attend(supervisor, settings, tell)
    finally:
        click.echo("stopping", err=True)
        supervisor.shut_down()
        click.echo("stopped", err=True)


def _words(*words: str) -> list[str]:
    return [sys.executable, "-m", "bridge", *words]


def _children(environment: Mapping[str, str], sandbox_port: int | None) -> list[Child]:
    def child(name: str, *words: str) -> Child:
        return Child(name, _words(*words), environment)

    processes = [child("web", "serve"), child("worker", "worker")]
    if sandbox_port:
        processes.append(child("sandbox", "sandbox", "--port", str(sandbox_port)))
    return processes


def _attend(supervisor: Supervisor, settings: Settings, tell: Tell | None) -> int:
    urls = [url for url in (local_url(settings), settings.sandbox) if url]
    if not supervisor.watch(lambda: all(_answers(f"{url}/healthz") for url in urls), seconds=60):
        if supervisor.stop.is_set():
            return 0
        raise BridgeError("the processes did not come up within 60 s", "see the lines above for the reason")
    _announce(settings)
    if tell:
        tell(settings, local_url(settings))
    supervisor.watch()
    return 0


def _announce(settings: Settings) -> None:
    click.echo(f"webhooks:  {local_url(settings)}/hooks/<source>", err=True)
    if settings.sandbox:
        click.echo(
            f"sandbox:   {settings.sandbox}/calls  (it takes every call; nobody is messaged)", err=True
        )
    click.echo("Ctrl-C stops everything", err=True)


def local_url(settings: Settings) -> str:
    """Where this machine reaches its own web process."""
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _answers(url: str) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
