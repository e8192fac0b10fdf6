"""The rows of docs/development/performance.md: each with its figures, its peers and its aims.

python -m benchmarks --rows 1 2 3 --runs 3 --seconds 20

Rows 1, 2, 3 and 8 look at the same runs under load.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks import accept, arrive, backlog, console_reads, latency, lost, memory, postgres, rules, startup
from benchmarks.common import loaded, series
from benchmarks.common.contenders import OWN
from benchmarks.common.report import table

Program: TypeAlias = Callable[[list[str]], int]
SECONDS = 60.0
COMPARED = ("runs", "peers", "folder")


@dataclass(frozen=True, slots=True)
class Row:
    """One aim, what measures it, and which of `--runs`, `--peers` and `--folder` that takes."""

    number: int
    what: str
    program: Program
    takes: tuple[str, ...] = ("runs", "folder")


@dataclass(frozen=True, slots=True)
class LoadedRow:
    """One that looks at runs under load."""

    number: int
    what: str
    aims: loaded.Aims


LOADED = (
    LoadedRow(1, "webhooks accepted a second", accept.aims),
    LoadedRow(2, "calls that arrived a second", arrive.aims),
    LoadedRow(3, "the same on PostgreSQL", postgres.aims),
    LoadedRow(8, "memory under load", memory.aims),
)
ROWS = (
    Row(4, "acknowledged and lost", lost.main, COMPARED),
    Row(5, "from a webhook to its call", latency.main, COMPARED),
    Row(6, "ten to 10,000 rules", rules.main, ("runs",)),
    Row(7, "a queue of a million", backlog.main),
    Row(7, "the console at a million", console_reads.main),
    Row(9, "start-up, and a check of 1,000 rules", startup.main, COMPARED),
)


def main(words: list[str] | None = None) -> int:
    """Run them; 1 where an aim of any is not reached."""
    asked = _options(words)
    results = [*_loaded(asked), *_others(asked)]
    rows = [(str(row.number), row.what, "reached" if code == 0 else "NOT REACHED") for row, code in results]
    print(f"\n{table(('row', 'what', 'aims'), rows)}")
    return int(any(code for _, code in results))


def _loaded(asked: argparse.Namespace) -> list[tuple[LoadedRow | Row, int]]:
    rows = [row for row in LOADED if row.number in asked.rows]
    if not rows:
        return []
    print(f"\n=== {', '.join(str(row.number) for row in rows)}: under load\n", flush=True)
    own = [OWN, postgres.CONTENDER] if 3 in asked.rows else [OWN]
    seen = loaded.runs(own, asked)
    return [(row, series.concluded(row.aims(seen))) for row in rows]


def _others(asked: argparse.Namespace) -> list[tuple[LoadedRow | Row, int]]:
    results: list[tuple[LoadedRow | Row, int]] = []
    for row in (one for one in ROWS if one.number in asked.rows):
        print(f"\n=== {row.number}: {row.what}\n", flush=True)
        results.append((row, row.program(_words(row, asked))))
    return results


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = series.options(__doc__ or "", SECONDS)
    numbers = sorted({row.number for row in (*LOADED, *ROWS)})
    parser.add_argument("--rows", type=int, nargs="+", choices=numbers, default=numbers, help="all of them")
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
