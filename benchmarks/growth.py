"""How costs grow with the work: payloads, recipients, accounts, workers, rules, the queue.

python -m benchmarks.growth --svg docs/development/images
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

from benchmarks import backlog, rules
from benchmarks.common import queue, shop
from benchmarks.common.api import Api, standing_in
from benchmarks.common.contenders import OWN, ROOT, STOP_WITHIN
from benchmarks.common.load import load
from benchmarks.common.report import machine, table
from bridge.store.db.engine import open_store
from tests.support.postgres import running_postgres

Measure: TypeAlias = Callable[[Path, list[int]], list[float]]
"""Gives a figure for each of these sizes, measured in turn in a folder of its own."""

SECONDS: Final = 6.0
"""Of load by webhooks."""
QUIET: Final = 3.0
START_S: Final = 10.0
"""Seconds in which a dispatcher has begun."""
DRAIN_WITHIN: Final = 300.0
NOBODY: Final = "http://127.0.0.1:9"
"""Where nothing answers."""


@dataclass(frozen=True, slots=True)
class Growth:
    """One way in which the work can grow."""

    name: str
    grows: str
    """What the sizes are."""
    figure: str
    sizes: tuple[int, ...]
    measure: Measure


def main(words: list[str] | None = None) -> int:
    """Measure, print, and draw where that is asked for."""
    asked = _options(words)
    draw = _drawing(asked.svg) if asked.svg else None
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="leadbridge-") as name:
        print(machine(Path(name)), flush=True)
        for growth in (one for one in GROWTHS if one.name in asked.only):
            sizes = [size for size in growth.sizes if size <= asked.most]
            runs = [
                growth.measure(Path(name) / f"{growth.name}-{number}", sizes) for number in range(asked.runs)
            ]
            seen = list(zip(*runs, strict=True))
            print(f"\n{_table(growth, sizes, seen)}", flush=True)
            if draw:
                draw(growth, sizes, seen)
    return 0


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [one.name for one in GROWTHS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="all of them")
    parser.add_argument("--runs", type=int, default=3, help="of each size, taking turns (3)")
    parser.add_argument("--most", type=int, default=10**9, help="the largest size that is measured")
    parser.add_argument("--svg", type=Path, help="the folder for plots; needs the extra `bench`")
    parser.add_argument("--folder", help="where databases go (the system's folder for temporary files)")
    return parser.parse_args(words)


def _table(growth: Growth, sizes: list[int], seen: list[tuple[float, ...]]) -> str:
    rows = [
        (f"{size:,}", f"{median(runs):,.4g}", f"{min(runs):,.4g} - {max(runs):,.4g}")
        for size, runs in zip(sizes, seen, strict=True)
    ]
    return table((growth.grows, growth.figure, "least - most"), rows)


def _drawing(folder: Path) -> Callable[[Growth, list[int], list[tuple[float, ...]]], None]:
    """What draws one growth. Ends the program where matplotlib is not there, before anything is measured."""
    try:
        plots = importlib.import_module("benchmarks.common.plot")
    except ModuleNotFoundError as missing:
        raise SystemExit(f'{missing}: python -m pip install -e ".[bench]"') from missing

    def draw(growth: Growth, sizes: list[int], seen: list[tuple[float, ...]]) -> None:
        plots.plot(folder / f"growth-{growth.name}.svg", (growth.grows, growth.figure), sizes, seen)

    return draw


def payloads(folder: Path, sizes: list[int]) -> list[float]:
    """Webhooks of so many bytes accepted a second, over eight connections."""
    rates = []
    for size in sizes:
        own = folder / str(size)
        own.mkdir(parents=True)
        with standing_in() as api, OWN.start(own, api) as running:
            request = running.requests(shop.Orders("order-big", size))
            rates.append(load(running.address, request, connections=8, seconds=SECONDS).rate)
    return rates


def recipients(folder: Path, sizes: list[int]) -> list[float]:
    """Calls a second for so many recipients, each of whom gets one after the other."""
    return [
        _sent(folder / str(size), max(300, min(100 * size, 20_000), size), recipients=size) for size in sizes
    ]


def accounts(folder: Path, sizes: list[int]) -> list[float]:
    """Calls a second of all accounts but one whose LeadConverter cannot be reached."""
    return [_sent(folder / str(size), 10_000, recipients=10_000, accounts=size, down=True) for size in sizes]


def workers(folder: Path, sizes: list[int]) -> list[float]:
    """Calls a second by so many dispatchers on one PostgreSQL."""
    rates = []
    with running_postgres(shared_buffers="256MB") as server:
        for size in sizes:
            url = server.url(server.create())
            rates.append(_sent(folder / str(size), 10_000, recipients=10_000, workers=size, url=url))
    return rates


def matching(_: Path, sizes: list[int]) -> list[float]:
    """Microseconds for one event through so many rules of one source."""
    return [cost * 1e6 for cost in rules.matching(sizes, 1).values()]


def claiming(folder: Path, sizes: list[int]) -> list[float]:
    """Milliseconds of a round that settles and claims twenty calls of so many."""
    with ExitStack() as stack:
        queues = [
            stack.enter_context(
                backlog.filled(folder / str(size), f"sqlite:///{folder / str(size)}/bridge.db", size)
            )
            for size in sizes
        ]
        backlog.claim_in_turns(*queues)
        return [median(one.rounds) * 1000 for one in queues]


GROWTHS: Final = (
    Growth("payloads", "bytes of a webhook", "accepted/s", (1_000, 10_000, 100_000, 1_000_000), payloads),
    Growth("recipients", "recipients", "calls/s", (1, 10, 100, 1_000, 10_000, 100_000), recipients),
    Growth("accounts", "accounts, one of them down", "calls/s", (2, 5, 10, 25, 50), accounts),
    Growth("workers", "dispatchers on PostgreSQL", "calls/s", (1, 2, 3), workers),
    Growth("rules", "rules of one source", "µs an event", (10, 100, 1_000, 10_000), matching),
    Growth("queue", "queued calls", "ms a round", (1_000, 10_000, 100_000, 1_000_000), claiming),
)


def _sent(
    folder: Path,
    many: int,
    *,
    recipients: int,
    accounts: int = 1,
    down: bool = False,
    workers: int = 1,
    url: str = "",
) -> float:
    """Calls a second from the first to the last that came, with so many of them waiting."""
    url = url or f"sqlite:///{folder / 'bridge.db'}"
    _install(folder, accounts, down=down)
    store = open_store(url)
    try:
        store.migrate()
        queue.fill(store, many, recipients, accounts)
    finally:
        store.close()
    lost = many // accounts if down else 0
    with standing_in() as api, _dispatchers(folder, url, api, workers):
        came = sorted(one.at for one in api.settle(many - lost, QUIET + START_S, DRAIN_WITHIN))
    return (len(came) - 1) / (came[-1] - came[0])


def _install(folder: Path, accounts: int, *, down: bool) -> None:
    (folder / "mappings").mkdir(parents=True)
    shop.install(folder / "mappings")
    lines = ["accounts:"]
    for number in range(accounts):
        name = f"a{number}" if number else "main"
        where = f", url: {NOBODY}" if down and number == 1 else ""
        lines.append(f'  {name}: {{token: "${{LEADCONVERTER_TOKEN}}", rate: 100000/s, burst: 1000{where}}}')
    (folder / "mappings" / "accounts.yml").write_text("\n".join(lines) + "\n")


@contextmanager
def _dispatchers(folder: Path, url: str, api: Api, many: int) -> Iterator[None]:
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "SHOP_SECRET": shop.SECRET,
        "LEADCONVERTER_TOKEN": "benchmark",
        "LEADCONVERTER_URL": f"http://127.0.0.1:{api.port}",
        "PYTHONPATH": str(ROOT),
    }
    program = [sys.executable, "-m", "bridge", "worker"]
    with (folder / "log.txt").open("ab") as log:
        processes = [
            subprocess.Popen(program, cwd=folder, env=environment, stdout=log, stderr=log)
            for _ in range(many)
        ]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(STOP_WITHIN)


if __name__ == "__main__":
    sys.exit(main())
