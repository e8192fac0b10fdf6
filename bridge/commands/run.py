"""`leadbridge run`: everything in one process tree."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import click

from bridge.commands.demo import tell_demo
from bridge.commands.metrics_folder import with_metrics
from bridge.commands.migrate import migrate
from bridge.commands.supervisor import Child, Supervisor
from bridge.errors import BridgeError
from bridge.settings import Settings, load
from bridge.store.engine import open_store
from bridge.store.notes import aim


def run(settings: Settings, port: int | None, sandbox_port: int | None, *, demo: bool) -> int:
    """Migrate, then keep web, dispatcher and perhaps the sandbox running until a stop signal."""
    environment = dict(settings.environment)
    if port:
        environment["PORT"] = str(port)
    if sandbox_port:
        environment["BRIDGE_SANDBOX"] = f"http://127.0.0.1:{sandbox_port}"
    settings = load(environment)
    migrate(settings)
    _aim(settings)
    supervisor = Supervisor(_children(with_metrics(environment, again=True), sandbox_port))
    supervisor.start()
    try:
        return _attend(supervisor, settings, demo=demo)
    finally:
        click.echo("stopping", err=True)
        supervisor.shut_down()
        click.echo("stopped", err=True)


def _aim(settings: Settings) -> None:
    """Before any process starts, so that a wrong target is told once and plainly."""
    store = open_store(settings.database_url)
    try:
        aim(store, sandboxed=bool(settings.sandbox))
    finally:
        store.close()


def _children(environment: Mapping[str, str], sandbox_port: int | None) -> list[Child]:
    def child(name: str, *words: str) -> Child:
        return Child(name, [sys.executable, "-m", "bridge", *words], environment)

    processes = [child("web", "serve"), child("worker", "worker")]
    if sandbox_port:
        processes.append(child("sandbox", "sandbox", "--port", str(sandbox_port)))
    return processes


def _attend(supervisor: Supervisor, settings: Settings, *, demo: bool) -> int:
    urls = [url for url in (local_url(settings), settings.sandbox) if url]
    if not supervisor.watch(lambda: all(_answers(f"{url}/healthz") for url in urls), seconds=60):
        if supervisor.stop.is_set():
            return 0
        raise BridgeError("the processes did not come up within 60 s", "see the lines above for the reason")
    _announce(settings)
    if demo:
        tell_demo(settings, local_url(settings))
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
