"""What idle, half-open and dripping connections cost honest senders, with greenlets and with threads.

python -m benchmarks.hostile --hostile 300 --seconds 10
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

from benchmarks.common import shop
from benchmarks.common.contenders import until
from benchmarks.common.load import Load, load
from benchmarks.common.report import machine, table
from bridge.store.db.engine import open_store

HALF_A_HEAD = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nX-Half: "
HALF_A_BODY = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nContent-Length: 100000\r\n\r\n"
SERVERS = {
    "gevent, as shipped": (),
    "gthread, 32 threads": ("-k", "gthread", "--threads", "32"),
}
HEAD = ("", "hostile", "accepted/s", "p50 ms", "p99 ms", "longest ms", "unanswered", "could not connect")


def main(words: list[str] | None = None) -> int:
    """Measure and print one table."""
    options = _options(words)
    rows = []
    with tempfile.TemporaryDirectory(prefix="hostile-", dir=options.folder) as name:
        print(machine(Path(name)), flush=True)
        for number, (server, words_of_server) in enumerate(SERVERS.items()):
            with _served(Path(name) / str(number), words_of_server) as port:
                rows += [_row(server, port, many, options) for many in (0, options.hostile)]
    print(table(HEAD, rows))
    return 0


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hostile", type=int, default=300)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--folder")
    return parser.parse_args(words)


def _row(server: str, port: int, many: int, options: argparse.Namespace) -> tuple[str, ...]:
    with _hostile(port, many) as missed:
        done = _load(port, options)
    if done is None:
        return (server, str(many), "0", "–", "–", "–", "all", str(missed))
    cells = [f"{done.percentile(share) * 1000:.0f}" for share in (0.5, 0.99, 1.0)]
    return (
        server,
        str(many),
        f"{len(done.accepted) / done.seconds:.0f}",
        *cells,
        str(done.unanswered),
        str(missed),
    )


def _load(port: int, options: argparse.Namespace) -> Load | None:
    """Honest traffic; None where the server does not even take the connections."""
    orders = shop.Orders(f"{port}-{os.urandom(4).hex()}")
    request = orders.requests("bridge", f"/hooks/{shop.SOURCE}")
    try:
        return load(("127.0.0.1", port), request, connections=options.connections, seconds=options.seconds)
    except OSError:
        return None


@contextmanager
def _hostile(port: int, many: int) -> Iterator[int]:
    """A third each idle, in the middle of a head and in the middle of a body; the latter two drip."""
    victims = []
    missed = 0
    for number in range(many):
        try:
            one = socket.create_connection(("127.0.0.1", port), timeout=2)
            one.sendall((b"", HALF_A_HEAD, HALF_A_BODY)[number % 3])
            victims.append((one, number % 3 > 0))
        except OSError:
            missed += 1
    stop = threading.Event()
    thread = threading.Thread(target=_drip, args=([one for one, drips in victims if drips], stop))
    thread.start()
    try:
        yield missed
    finally:
        stop.set()
        thread.join()
        for one, _ in victims:
            one.close()
        sleep(1)


def _drip(victims: list[socket.socket], stop: threading.Event) -> None:
    while not stop.wait(1.0):
        for victim in victims:
            with suppress(OSError):
                victim.send(b"x")


@contextmanager
def _served(folder: Path, words: tuple[str, ...]) -> Iterator[int]:
    shop.install(folder / "mappings")
    url = f"sqlite:///{folder / 'bridge.db'}"
    store = open_store(url)
    store.migrate()
    store.close()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    own = {"DATABASE_URL": url, "SHOP_SECRET": shop.SECRET, "LEADCONVERTER_TOKEN": "t", "PORT": str(port)}
    command = ["-m", "gunicorn", "--no-control-socket", "-c", "python:bridge.web.server", *words]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**os.environ, **own, "PYTHONPATH": str(Path(__file__).parents[1])},
            stdout=log,
            stderr=log,
        )
        try:
            if not until(lambda: _listens(port), 30):
                raise SystemExit((folder / "log.txt").read_text())
            yield port
        finally:
            process.terminate()
            process.wait(60)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as one:
        one.settimeout(5)
        one.sendall(b"GET /readyz HTTP/1.1\r\nHost: bridge\r\n\r\n")
        return one.recv(100).startswith(b"HTTP/1.1 200")
    return False


if __name__ == "__main__":
    sys.exit(main())
