"""The rows of docs/development/performance.md: each with its figures, its peers and its aims.

python -m benchmarks --rows 1 2 3 --runs 3 --seconds 20
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks import (
    accept,
    backlog,
    console_reads,
    holds,
    hostile,
    latency,
    lost,
    recipients,
    rules,
    startup,
    sustained,
)
from benchmarks.common import series
from benchmarks.common.report import table

Program: TypeAlias = Callable[[list[str]], int]
OF_ALL = ("runs", "folder")
OF_VERSIONS = (*OF_ALL, "before")
COMPARED = (*OF_VERSIONS, "peers")


@dataclass(frozen=True, slots=True)
class Row:
    """Rows of one program, and which options it takes."""

    numbers: tuple[int, ...]
    what: str
    program: Program
    takes: tuple[str, ...] = COMPARED


ROWS = (
    Row((1, 2, 4, 5, 8), "a minute of webhooks with their calls", sustained.main, (*COMPARED, "seconds")),
    Row((3, 4), "accepted by what only accepts", accept.main, (*COMPARED, "seconds")),
    Row((6,), "acknowledged and lost", lost.main),
    Row((7,), "from a webhook to its call", latency.main),
    Row((9,), "one recipient and twelve", recipients.main, OF_VERSIONS),
    Row((10,), "a queue of a million", backlog.main, OF_ALL),
    Row((10,), "the console at a million", console_reads.main, OF_ALL),
    Row((11,), "ten to 10,000 rules", rules.main, ("runs",)),
    Row((11,), "start-up, and a check of 1,000 rules", startup.main),
    Row((12,), "what holds the interpreter", holds.main, OF_VERSIONS),
    Row((13,), "beside hostile clients", hostile.main, OF_VERSIONS),
)


def main(words: list[str] | None = None) -> int:
    """Run them; 1 where an aim of any is not reached."""
    asked = _options(words)
    results = []
    for row in (one for one in ROWS if set(one.numbers) & set(asked.rows)):
        print(f"\n=== {_numbers(row)}: {row.what}\n", flush=True)
        results.append((row, row.program(_words(row, asked))))
    rows = [(_numbers(row), row.what, "NOT REACHED" if code else "reached") for row, code in results]
    print(f"\n{table(('row', 'what', 'aims'), rows)}")
    return int(any(code for _, code in results))


def _numbers(row: Row) -> str:
    return ", ".join(map(str, row.numbers))


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = series.options(__doc__ or "", None)
    numbers = sorted({number for row in ROWS for number in row.numbers})
    parser.add_argument("--rows", type=int, nargs="+", choices=numbers, default=numbers, help="all of them")
    return parser.parse_args(words)


def _words(row: Row, asked: argparse.Namespace) -> list[str]:
    words: list[str] = []
    for name in row.takes:
        value = getattr(asked, name)
        if value or value == []:
            values: Sequence[object] = value if isinstance(value, list) else [value]
            words += [f"--{name}", *map(str, values)]
    return words


if __name__ == "__main__":
    sys.exit(main())
