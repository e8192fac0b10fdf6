"""Row 11: from the start of `leadbridge run` to the first webhook answered 200, and a check of 1,000 rules.

python -m benchmarks.startup
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import rules
from benchmarks.common.api import standing_in
from benchmarks.common.contenders import OWN, Contender
from benchmarks.common.series import Aim, Column, alternate, compared, concluded, figures, middle, options


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds of one start in a new folder."""

    first: float


COLUMNS: list[Column[Start]] = [Column("first 200, s", lambda one: one.first, ".2f")]
CHECKED = 1_000


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 0.0).parse_args(words)
    seen = alternate(compared([OWN], asked), asked.runs, asked.folder, start)
    print(f"\n{figures(seen, COLUMNS)}\n")
    took = rules.check_in_a_folder(CHECKED, asked.runs)
    print(f"leadbridge check of {CHECKED:,} rules, ten paths each: {took:.2f} s")
    first = middle(seen[OWN.name], lambda one: one.first)
    return concluded(
        [Aim("11: 1.2 s over our start", 1.2 / first, 1), Aim("11: 0.8 s over our check", 0.8 / took, 1)]
    )


def start(contender: Contender, folder: Path) -> Start:
    """Start it with nothing there, and stop it."""
    folder.mkdir(parents=True)
    with standing_in() as api:
        began = time.monotonic()
        with contender.start(folder, api):
            return Start(time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
