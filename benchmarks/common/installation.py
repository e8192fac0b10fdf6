"""A bridge of its own: a folder with mappings and a database, `leadbridge run --sandbox` on free ports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import func, select

from benchmarks.common import shop
from bridge.store import tables
from bridge.store.engine import open_store

START_WITHIN = 60.0
STOP_WITHIN = 40.0


@dataclass(frozen=True, slots=True)
class Installation:
    """A running bridge."""

    database_url: str
    port: int
    sandbox_port: int

    def calls(self) -> list[dict[str, Any]]:
        """What the sandbox got."""
        calls: list[dict[str, Any]] = _get(self.sandbox_port, "/calls")
        return calls

    def open_calls(self) -> int:
        """Calls that the bridge has yet to bring to an end."""
        store = open_store(self.database_url)
        unfinished = tables.calls.c.state.in_(["queued", "claimed", "sending", "waiting"])
        with store.read() as connection:
            return int(connection.scalar(select(func.count()).where(unfinished)) or 0)

    def event_keys(self) -> set[str]:
        """The senders' ids of every event in the database."""
        store = open_store(self.database_url)
        with store.read() as connection:
            return set(connection.scalars(select(tables.events.c.key)))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def installed(folder: Path, database_url: str = "") -> Iterator[Installation]:
    """A bridge in this folder, ready for webhooks; stopped at the end. Its words go to `log.txt` there."""
    shop.install(folder / "mappings")
    running = Installation(
        database_url or f"sqlite:///{folder / 'bridge.db'}", port=_free_port(), sandbox_port=_free_port()
    )
    own = {"DATABASE_URL": running.database_url, "SHOP_SECRET": shop.SECRET}
    ports = ["--port", str(running.port), "--sandbox-port", str(running.sandbox_port)]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bridge", "run", "--sandbox", *ports],
            cwd=folder,
            env={**os.environ, **own, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=log,
            stderr=log,
        )
        try:
            _await_start(process, running, folder / "log.txt")
            yield running
        finally:
            process.terminate()
            process.wait(STOP_WITHIN)


def _await_start(process: subprocess.Popen[bytes], running: Installation, log: Path) -> None:
    def up() -> bool:
        return _answers(running.port, "/readyz") and _answers(running.sandbox_port, "/healthz")

    if not until(lambda: up() or process.poll() is not None, START_WITHIN) or process.poll() is not None:
        raise SystemExit(f"the bridge did not start; it said:\n{log.read_text()}")


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Ask ten times a second until it holds; False when the time is over first."""
    end = monotonic() + seconds
    while not holds():
        if monotonic() > end:
            return False
        sleep(0.1)
    return True


def _answers(port: int, path: str) -> bool:
    try:
        _get(port, path)
    except (OSError, HTTPException, ValueError):
        return False
    return True


def _get(port: int, path: str) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(f"{path} answered {answer.status}")
    return json.loads(text) if answer.headers.get_content_type() == "application/json" else text
