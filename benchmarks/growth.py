"""How costs grow with the work: payloads, recipients, accounts, workers, rules, the queue.

python -m benchmarks.growth --svg docs/development/images
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

from benchmarks import backlog, rules
from benchmarks.common import shop
from benchmarks.common.api import standing_in
from benchmarks.common.contenders import OWN
from benchmarks.common.load import load
from benchmarks.common.postgres import postgres_on_disk
from benchmarks.common.queued import sent
from benchmarks.common.report import machine, table

Measure: TypeAlias = Callable[[Path, list[int]], list[float]]
"""Gives a figure for each of these sizes, measured in turn in a folder of its own."""

SECONDS: Final = 6.0
"""Of load by webhooks."""


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
        sent(folder / str(size), max(300, min(100 * size, 20_000), size), recipients=size).rate
        for size in sizes
    ]


def accounts(folder: Path, sizes: list[int]) -> list[float]:
    """Calls a second of all accounts but one whose LeadConverter cannot be reached."""
    return [
        sent(folder / str(size), 10_000, recipients=10_000, accounts=size, down=True).rate for size in sizes
    ]


def workers(folder: Path, sizes: list[int]) -> list[float]:
    """Calls a second by so many dispatchers on one PostgreSQL."""
    rates = []
    with postgres_on_disk() as server:
        for size in sizes:
            url = server.url(server.create())
            rates.append(sent(folder / str(size), 10_000, recipients=10_000, workers=size, url=url).rate)
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


if __name__ == "__main__":
    sys.exit(main())
