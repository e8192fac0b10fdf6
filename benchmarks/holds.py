"""Row 12: how long a large webhook keeps all threads of a web process from running.

python -m benchmarks.holds

A thread inside of each process sleeps 1 ms at a time and records how late it wakes up, and the processor time
that its process used meanwhile. The former is also late because of what else runs on the machine; of a
machine that does nothing else both are the same.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeAlias

from benchmarks.common import shop
from benchmarks.common.api import standing_in
from benchmarks.common.contenders import OWN, ROOT, Contender, Tree, leadbridge_serve
from benchmarks.common.load import load
from benchmarks.common.series import (
    Aim,
    Column,
    alternate,
    compared,
    concluded,
    figures,
    options,
    versions,
)

SIZES = {"none": 0, "64 KB": 64_000, "1 MiB": 2**20}
WANTED = {"64 KB": 20.0, "1 MiB": 100.0}
"""Milliseconds of the longest gap."""
CONNECTIONS = 2
TICKER = ROOT / "benchmarks" / "ticker"


@dataclass(frozen=True, slots=True)
class Gap:
    """The longest of one run, in milliseconds."""

    length: float
    busy: float
    """The most processor time that the process used within one gap."""


Gaps: TypeAlias = dict[str, Gap]
"""By the size of the webhooks."""


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 5.0, ()).parse_args(words)
    trees = versions(asked)

    def measure(contender: Contender, folder: Path) -> Gaps:
        return longest_gaps(folder, trees[contender.name], asked.seconds)

    seen = alternate(compared([OWN], asked), asked.runs, asked.folder, measure)
    columns: list[Column[Gaps]] = [
        Column(f"{name}, {what} ms", partial(_figure, name, what), ".1f")
        for name in SIZES
        for what in ("length", "busy")
    ]
    print(f"\nlongest gap while webhooks of this size come over {CONNECTIONS} connections\n")
    print(figures(seen, columns))
    longest = {name: median(run[name].length for run in seen[OWN.name]) for name in WANTED}
    return concluded(
        [Aim(f"12: {most:g} ms over {name}", most / longest[name], 1) for name, most in WANTED.items()]
    )


def longest_gaps(folder: Path, version: Tree, seconds: float) -> Gaps:
    """Run `leadbridge serve` with a ticker in each process, and send webhooks of one size after the other."""
    ticks = folder / "ticks"
    ticks.mkdir(parents=True)
    more = {"BENCHMARK_TICKER": str(ticks), "PYTHONPATH": f"{TICKER}{os.pathsep}{version.folder}"}
    spans = {}
    with standing_in() as api, leadbridge_serve(folder, api, version, more) as running:
        for name, size in SIZES.items():
            began = time.monotonic()
            if size:
                request = running.requests(shop.Orders(f"order-{size}", size, dense=True))
                seen = load(running.address, request, connections=CONNECTIONS, seconds=seconds)
                assert seen.accepted, seen.refused
            else:
                time.sleep(seconds)
            spans[name] = began, time.monotonic()
    gaps = _gaps(ticks)
    return {name: _longest(gaps, *span) for name, span in spans.items()}


def _gaps(folder: Path) -> list[tuple[float, float, float]]:
    """Of all processes: the end, the length and the processor time of each, in seconds."""
    lines = [line.split() for file in folder.iterdir() for line in file.read_text().splitlines()]
    return [(float(end), float(length), float(busy)) for end, length, busy in lines]


def _longest(gaps: list[tuple[float, float, float]], first: float, last: float) -> Gap:
    within = [(length, busy) for end, length, busy in gaps if first < end < last]
    lengths, busy = ([1000 * one[place] for one in within] for place in (0, 1))
    return Gap(max(lengths, default=0.0), max(busy, default=0.0))


def _figure(size: str, figure: str, gaps: Gaps) -> float:
    return float(getattr(gaps[size], figure))


if __name__ == "__main__":
    sys.exit(main())
