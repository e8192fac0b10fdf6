"""Who is measured: each takes the same webhooks and makes the same calls, started in a folder of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import TypeAlias

from benchmarks.common import shop
from benchmarks.common.api import Api
from benchmarks.common.processes import tree

ROOT = Path(__file__).parents[2]
START_WITHIN = 120.0
STOP_WITHIN = 40.0
PATH = f"/hooks/{shop.SOURCE}"


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that takes webhooks."""

    port: int
    process: int
    """The root of its tree of processes."""
    others: tuple[int, ...] = ()
    """Roots of further trees that are part of it: its queue, its workers."""

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    @property
    def processes(self) -> list[int]:
        return [pid for root in (self.process, *self.others) for pid in tree(root)]

    def requests(self, orders: shop.Orders) -> Callable[[int], bytes]:
        """What gives the bytes of the webhook with a number."""
        return orders.requests(f"127.0.0.1:{self.port}", PATH)


Start: TypeAlias = Callable[[Path, Api], AbstractContextManager[Running]]
"""Runs a contender in a folder, with its calls going to a stand-in, until the block ends."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Who is measured. `intake` runs only what accepts webhooks, where that can be run alone."""

    name: str
    start: Start
    intake: Start


@dataclass(frozen=True, slots=True)
class Tree:
    """A checked-out version of leadbridge, and the Python that has its dependencies."""

    folder: Path
    python: str

    def command(self, *words: str) -> list[str]:
        return [self.python, "-m", "bridge", *words]

    def environment(self, url: str, api_port: int) -> dict[str, str]:
        """For a bridge of this version on that database, with its calls going to the stand-in."""
        return {
            "DATABASE_URL": url,
            "SHOP_SECRET": shop.SECRET,
            "LEADCONVERTER_TOKEN": "benchmark",
            "LEADCONVERTER_URL": f"http://127.0.0.1:{api_port}",
            "PYTHONPATH": str(self.folder),
        }


OWN_TREE = Tree(ROOT, sys.executable)


@contextmanager
def leadbridge(folder: Path, api: Api, url: str = "", version: Tree = OWN_TREE) -> Iterator[Running]:
    """`leadbridge run` as it is shipped, perhaps on another database or of another version."""
    shop.install(folder / "mappings")
    port = free_port()
    environment = version.environment(url or sqlite_url(folder), api.port)
    with started(version.command("run", "--port", str(port)), folder, environment) as process:
        until_working(port, process, folder, api)
        yield Running(port, process.pid)


@contextmanager
def leadbridge_serve(
    folder: Path, api: Api, version: Tree = OWN_TREE, more: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`leadbridge serve` alone: webhooks are accepted and stored, and nothing is sent."""
    shop.install(folder / "mappings")
    port = free_port()
    environment = {**os.environ, **version.environment(sqlite_url(folder), api.port), **(more or {})}
    subprocess.run(version.command("migrate"), cwd=folder, env=environment, check=True, capture_output=True)
    with started(version.command("serve", "--port", str(port)), folder, environment) as process:
        until_working(port, process, folder)
        yield Running(port, process.pid)


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'bridge.db'}"


def of_tree(name: str, version: Tree) -> Contender:
    """A version of leadbridge as a contender."""
    return Contender(name, partial(leadbridge, version=version), partial(leadbridge_serve, version=version))


OWN = of_tree("leadbridge", OWN_TREE)
BEFORE = "before"
"""The name of the version that is compared with."""


@contextmanager
def started(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in this folder; what it says goes to `log.txt` there. Stopped at the end."""
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            words, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until_working(port: int, process: subprocess.Popen[bytes], folder: Path, api: Api | None = None) -> None:
    """Return when a webhook is answered 2xx, and makes a call if `api` is given.

    Ends the benchmark where that does not come.
    """
    called = len(api.look()) if api else 0
    request = shop.Orders("order-ready").requests("127.0.0.1", PATH)

    def up() -> bool:
        return process.poll() is not None or (
            _takes(port, request(int(monotonic() * 100) % 10**7))
            and (api is None or len(api.look()) > called)
        )

    if not until(up, START_WITHIN) or process.poll() is not None:
        raise SystemExit(f"{folder.name} did not start; it said:\n{(folder / 'log.txt').read_text()[-4000:]}")


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Ask fifty times a second until it holds; False when the time is over first."""
    end = monotonic() + seconds
    while not holds():
        if monotonic() > end:
            return False
        sleep(0.02)
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _takes(port: int, request: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(request)
            answer = http.client.HTTPResponse(sock)
            answer.begin()
            return 200 <= answer.status < 300
    except (OSError, http.client.HTTPException):
        return False
