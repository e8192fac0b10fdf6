"""The console of a running bridge: what its pages take over HTTP, and what it costs to keep one open."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import perf_counter
from urllib.parse import quote

from benchmarks.common import shop
from benchmarks.common.contenders import PATH, Running, free_port, started, until
from benchmarks.common.load import load
from benchmarks.common.past import SUBSCRIBERS, Past

CONNECTIONS = 64
LIVE = ("/overview/now", "/events/now")
EVERY = 5.0
"""Seconds after which an open page asks what is new."""


PAGES: Mapping[str, str] = {
    "overview": "/",
    "overview, a week": "/?span=week",
    "events": "/events",
    "events, somewhere": "/events?before=@",
    "events of a source and a type": "/events?source=shop3&type=payment.kind3",
    "events of a day that failed": "/events?result=failed&since=24h",
    "search: an order": "/events?search=order-@",
    "search: a text, everywhere": "/events?search=мария",
    "search: a text, nowhere": "/events?search=nothing-like-@",
    "one event": "/events/@",
    "replay of an event": "/events/@/replay",
    "replay of a filter": "/replay?result=failed&since=24h",
    "calls": "/calls",
    "calls, somewhere": "/calls?before=@",
    "calls uncertain": "/calls?state=uncertain",
    "calls of a source": "/calls?source=shop3",
    "one call": "/calls/@",
    "a recipient": "/recipients/subscriber:~",
    "refusals": "/refusals",
    "rules": "/rules",
    "rules of a source": f"/rules/{shop.SOURCE}",
    "playground with an event": f"/playground?source={shop.SOURCE}&event=@",
    "connect": "/connect",
    "audit": "/audit",
}
"""Each with its path: `@` stands for the number of some event and its call, `~` for some subscriber."""


@contextmanager
def serving(url: str, folder: Path) -> Iterator[Running]:
    """`leadbridge serve` on this database, with ten rules; nothing sends the calls."""
    shop.install(folder / "mappings")
    port = free_port()
    environment = {
        "DATABASE_URL": url,
        "SHOP_SECRET": shop.SECRET,
        "LEADCONVERTER_TOKEN": "benchmark",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    words = [sys.executable, "-m", "bridge", "serve", "--port", str(port)]
    with started(words, folder, environment) as process:
        if not until(lambda: _answers(port, "/readyz"), 60):
            raise SystemExit(
                f"the bridge did not start; it said:\n{(folder / 'log.txt').read_text()[-4000:]}"
            )
        yield Running(port, process.pid)


def page_times(running: Running, past: Past, reads: int) -> dict[str, list[float]]:
    """Milliseconds of each page, ascending, without the first two: they open what the others find open."""
    times: dict[str, list[float]] = {}
    random = Random(7)
    with closing(HTTPConnection("127.0.0.1", running.port, timeout=60)) as connection:
        for name, path in PAGES.items():
            took = [_page_time(connection, _at(path, past, random)) for _ in range(reads + 2)]
            times[name] = sorted(took[2:])
    return times


def intake_rates(running: Running, runs: int, seconds: float) -> tuple[list[float], list[float]]:
    """Webhooks accepted a second in alternating runs: with no console open, and with one on two pages."""
    alone, beside = [], []
    for run in range(runs):
        alone.append(_accepted(running, f"alone-{run}", seconds))
        with _looking(running.port):
            beside.append(_accepted(running, f"beside-{run}", seconds))
    return alone, beside


def _at(path: str, past: Past, random: Random) -> str:
    number, subscriber = random.randint(1, past.events), random.randint(1, SUBSCRIBERS)
    return quote(path.replace("@", f"{number}").replace("~", f"{subscriber}"), safe="/?&=:")


def _page_time(connection: HTTPConnection, path: str) -> float:
    began = perf_counter()
    connection.request("GET", f"/console{path}")
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"/console{path} was answered {answer.status}")
    return (perf_counter() - began) * 1000


def _accepted(running: Running, name: str, seconds: float) -> float:
    request = shop.Orders(name).requests(f"127.0.0.1:{running.port}", PATH)
    return load(running.address, request, connections=CONNECTIONS, seconds=seconds).rate


@contextmanager
def _looking(port: int) -> Iterator[None]:
    """Somebody keeps two live pages open."""
    done = Event()

    def look() -> None:
        while True:
            for path in LIVE:
                _answers(port, f"/console{path}")
            if done.wait(EVERY):
                return

    thread = Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _answers(port: int, path: str) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection, suppress(OSError):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200
    return False
