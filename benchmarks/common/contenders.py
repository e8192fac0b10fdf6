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
from pathlib import Path
from time import monotonic, sleep

from benchmarks.common import shop
from benchmarks.common.api import Api

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

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    def requests(self, orders: shop.Orders) -> Callable[[int], bytes]:
        """What gives the bytes of the webhook with a number."""
        return orders.requests(f"127.0.0.1:{self.port}", PATH)


@dataclass(frozen=True, slots=True)
class Contender:
    """`start` runs it in a folder, with its calls going to a stand-in, until the block ends."""

    name: str
    start: Callable[[Path, Api], AbstractContextManager[Running]]


@contextmanager
def leadbridge(folder: Path, api: Api, url: str = "", more_workers: int = 0) -> Iterator[Running]:
    """`leadbridge run` as it is shipped, perhaps on another database and with further dispatchers."""
    shop.install(folder / "mappings")
    port = free_port()
    environment = {
        "DATABASE_URL": url or f"sqlite:///{folder / 'bridge.db'}",
        "SHOP_SECRET": shop.SECRET,
        "LEADCONVERTER_TOKEN": "benchmark",
        "LEADCONVERTER_URL": f"http://127.0.0.1:{api.port}",
        "PYTHONPATH": str(ROOT),
    }
    program = [sys.executable, "-m", "bridge"]
    with started([*program, "run", "--port", str(port)], folder, environment) as process:
        until_working(port, process, folder, api)
        others = [
            subprocess.Popen([*program, "worker"], cwd=folder, env={**os.environ, **environment})
            for _ in range(more_workers)
        ]
        try:
            yield Running(port, process.pid)
        finally:
            for other in others:
                other.terminate()
                other.wait(STOP_WITHIN)


OWN = Contender("leadbridge", leadbridge)


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


def until_working(port: int, process: subprocess.Popen[bytes], folder: Path, api: Api) -> None:
    """Return when a webhook is answered 2xx and makes a call; ends the benchmark where that does not come."""
    called = len(api.look())
    request = shop.Orders("order-ready").requests("127.0.0.1", PATH)

    def up() -> bool:
        return process.poll() is not None or (
            _takes(port, request(int(monotonic() * 10) % 10**7)) and len(api.look()) > called
        )

    if not until(up, START_WITHIN) or process.poll() is not None:
        raise SystemExit(f"{folder.name} did not start; it said:\n{(folder / 'log.txt').read_text()[-4000:]}")


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Ask ten times a second until it holds; False when the time is over first."""
    end = monotonic() + seconds
    while not holds():
        if monotonic() > end:
            return False
        sleep(0.1)
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
