"""Row 9: calls a second for one recipient, and for twelve, with many calls waiting for each.

python -m benchmarks.recipients
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from benchmarks.common.contenders import OWN, Contender
from benchmarks.common.queued import Sent, sent
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

CALLS = {1: 2_000, 12: 10_000}
"""Waiting calls, by how many recipients they are for."""
WANTED = {1: 500.0, 12: 1_500.0}
"""Calls a second."""
COLUMNS: list[Column[dict[int, Sent]]] = [
    Column("one, calls/s", lambda one: one[1].rate),
    Column("cpu us", lambda one: one[1].cpu),
    Column("twelve, calls/s", lambda one: one[12].rate),
    Column("cpu us", lambda one: one[12].cpu),
]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 0.0, ()).parse_args(words)
    trees = versions(asked)

    def measure(contender: Contender, folder: Path) -> dict[int, Sent]:
        return {
            many: sent(folder / str(many), calls, recipients=many, version=trees[contender.name])
            for many, calls in CALLS.items()
        }

    seen = alternate(compared([OWN], asked), asked.runs, asked.folder, measure)
    print(f"\n{figures(seen, COLUMNS)}")
    rates = {many: median(run[many].rate for run in seen[OWN.name]) for many in WANTED}
    return concluded(
        [
            Aim(f"9: calls/s of {many} over {least:g}", rates[many] / least, 1)
            for many, least in WANTED.items()
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
