"""The rows of docs/performance.md, one after the other: each with its figures, its peers and its aims.

python -m benchmarks --rows 1 2 3 --runs 3 --seconds 20
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks import accept, arrive, backlog, console_reads, latency, lost, memory, postgres, rules, startup
from benchmarks.common import peers
from benchmarks.common.report import table

Program: TypeAlias = Callable[[list[str]], int]


@dataclass(frozen=True, slots=True)
class Row:
    """One aim, what measures it, and which of `--runs`, `--seconds` and `--peers` that takes."""

    number: int
    what: str
    program: Program
    takes: tuple[str, ...] = ("runs",)


ROWS = (
    Row(1, "webhooks accepted a second", accept.main, ("runs", "seconds", "peers")),
    Row(2, "calls that arrived a second", arrive.main, ("runs", "seconds", "peers")),
    Row(3, "the same on PostgreSQL", postgres.main, ("runs", "seconds")),
    Row(4, "acknowledged and lost", lost.main, ("runs", "peers")),
    Row(5, "from a webhook to its call", latency.main, ("runs", "peers")),
    Row(6, "ten to 10,000 rules", rules.main),
    Row(7, "a queue of a million", backlog.main),
    Row(7, "the console at a million", console_reads.main),
    Row(8, "memory under load", memory.main, ("runs", "seconds", "peers")),
    Row(9, "start-up, and a check of 1,000 rules", startup.main, ("runs", "peers")),
)


def main(words: list[str] | None = None) -> int:
    """Run them; 1 where an aim of any is not reached."""
    asked = _options(words)
    results = []
    for row in (one for one in ROWS if one.number in asked.rows):
        print(f"\n=== {row.number}: {row.what}\n", flush=True)
        reached = row.program(_words(row, asked)) == 0
        results.append((str(row.number), row.what, "reached" if reached else "NOT REACHED"))
    print(f"\n{table(('row', 'what', 'aims'), results)}")
    return int(any(aims != "reached" for _, _, aims in results))


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    numbers = sorted({row.number for row in ROWS})
    parser.add_argument("--rows", type=int, nargs="+", choices=numbers, default=numbers, help="all of them")
    parser.add_argument("--runs", type=int, default=5, help="of each contender, taking turns (5)")
    parser.add_argument("--seconds", type=float, help="of load in each run (as each program has it)")
    parser.add_argument("--peers", nargs="*", choices=peers.NAMES, help="all of them")
    return parser.parse_args(words)


def _words(row: Row, asked: argparse.Namespace) -> list[str]:
    words: list[str] = []
    for name in row.takes:
        value = getattr(asked, name)
        if value is not None:
            values: Sequence[object] = value if isinstance(value, list) else [value]
            words += [f"--{name}", *map(str, values)]
    return words


if __name__ == "__main__":
    sys.exit(main())
