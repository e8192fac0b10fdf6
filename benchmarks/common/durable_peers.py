"""The durable peers (`benchmarks/peers`), each with its web server, its queue and its workers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.common import install, shop
from benchmarks.common.api import Api, call_url
from benchmarks.common.contenders import ROOT, Contender, Running, free_port, started, until_working
from benchmarks.common.postgres import postgres_on_disk

_MODULE: Final = "benchmarks.peers.flask_"
_SERVER: Final = ("--worker-class", "gthread", "--threads", "32", "--log-level", "warning")


@dataclass(frozen=True, slots=True)
class Peer:
    """How one is run: its WSGI application, its web processes, and the command that makes its calls."""

    application: str
    web_processes: int
    worker: Sequence[str] = ()
    queue: str = ""
    """The server that holds its queue."""
    prepare: Sequence[str] = ()
    """A command that prepares the database."""


_TASKS: Final = ("procrastinate", "--app", f"{_MODULE}procrastinate.tasks")
_PEERS: Final = {
    "Flask+SQLite": Peer(f"{_MODULE}sqlite:app", 1),
    "Flask+dramatiq": Peer(
        f"{_MODULE}dramatiq:app",
        2,
        ("dramatiq", f"{_MODULE}dramatiq", "--processes", "2", "--threads", "8"),
        "redis",
    ),
    "Flask+procrastinate": Peer(
        f"{_MODULE}procrastinate:create_app()",
        2,
        (*_TASKS, "worker", "--concurrency", "16"),
        "postgres",
        (*_TASKS, "schema", "--apply"),
    ),
}
DURABLE: Final = tuple(_PEERS)
"""Their names."""


def durable_peer(name: str) -> Contender:
    """One of them, installed where it was not. Raises MissingError if that fails."""
    peer, programs = _PEERS[name], install.durable()
    if peer.queue == "redis":
        install.redis()
    start = partial(_run, peer, programs)
    return Contender(name, partial(start, sends=True), partial(start, sends=False))


@contextmanager
def _run(peer: Peer, programs: Path, folder: Path, api: Api, *, sends: bool) -> Iterator[Running]:
    port = free_port()
    environment = {
        "PYTHONPATH": str(ROOT),
        "SHOP_SECRET": shop.SECRET,
        "CALL_URL": call_url(api),
        "SENDS": "yes" if sends else "",
    }
    bind = ("--bind", f"127.0.0.1:{port}", "--workers", str(peer.web_processes))
    web = [str(programs / "gunicorn"), *_SERVER, *bind, peer.application]
    with ExitStack() as stack:
        queue, more = _queue(peer, folder, stack)
        environment |= more

        def begin(words: Sequence[str]) -> subprocess.Popen[bytes]:
            return stack.enter_context(started(words, folder, environment))

        if peer.prepare:
            begin([str(programs / peer.prepare[0]), *peer.prepare[1:]]).wait()
        worker = [begin([str(programs / peer.worker[0]), *peer.worker[1:]])] if peer.worker and sends else []
        process = begin(web)
        until_working(port, process, folder, api if sends else None)
        yield Running(port, process.pid, (*queue, *(one.pid for one in worker)))


def _queue(peer: Peer, folder: Path, stack: ExitStack) -> tuple[list[int], Mapping[str, str]]:
    """Start what holds the queue: its process, and the variables by which the peer finds it."""
    if peer.queue == "redis":
        port = free_port()
        words = ["--port", str(port), "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        server = stack.enter_context(started([install.redis(), *words, "--dir", str(folder)], folder, {}))
        return [server.pid], {"REDIS_URL": f"redis://127.0.0.1:{port}"}
    if peer.queue == "postgres":
        postgres = stack.enter_context(postgres_on_disk())
        return [postgres.process.pid], {"DATABASE_URL": postgres.url(postgres.create())}
    return [], {}
