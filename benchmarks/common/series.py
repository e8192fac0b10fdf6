"""Runs that take turns, so that whatever else the machine does falls on all contenders alike."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Generic, TypeVar

from benchmarks.common import peers
from benchmarks.common.contenders import Contender
from benchmarks.common.report import machine, table

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Column(Generic[Seen]):
    """One figure of each run: its heading, how to get it, how to write it."""

    head: str
    value: Callable[[Seen], float]
    form: str = ",.0f"


def options(doc: str, seconds: float, names: Sequence[str] = peers.NAMES) -> argparse.ArgumentParser:
    """What every program with peers can be told."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=seconds, help=f"of load in each run ({seconds:g})")
    parser.add_argument("--connections", type=int, default=64, help="keep-alive connections (64)")
    parser.add_argument("--runs", type=int, default=5, help="of each contender, taking turns (5)")
    parser.add_argument("--peers", nargs="*", default=list(names), choices=names, help="all of them")
    parser.add_argument("--folder", help="where databases go (the system's folder for temporary files)")
    return parser


def alternate(
    contenders: Sequence[Contender], runs: int, folder: str | None, measure: Callable[[Contender, Path], Seen]
) -> dict[str, list[Seen]]:
    """Measure each in turn, `runs` times over, each time in a fresh folder; prints what it runs on."""
    seen: dict[str, list[Seen]] = {contender.name: [] for contender in contenders}
    with tempfile.TemporaryDirectory(dir=folder, prefix="leadbridge-") as name:
        print(machine(Path(name)), flush=True)
        for number in range(runs):
            for contender in contenders:
                own = Path(name) / f"{number}-{contender.name}"
                seen[contender.name].append(measure(contender, own))
    return seen


def with_peers(own: Sequence[Contender], names: list[str]) -> list[Contender]:
    """The contenders; says which peers are missing, and why."""
    found, missing = peers.present(names)
    for name, why in missing.items():
        print(f"MISSING: {name}: {why}")
    return [*own, *found]


def figures(seen: Mapping[str, Sequence[Seen]], columns: Sequence[Column[Seen]]) -> str:
    """A row for each contender: of each figure the median, and from where to where the runs went."""
    rows = [(name, *(_cell(runs, column) for column in columns)) for name, runs in seen.items()]
    return table(("median (least - most)", *(column.head for column in columns)), rows)


def middle(runs: Sequence[Seen], value: Callable[[Seen], float]) -> float:
    """The median of one figure."""
    return median(value(one) for one in runs)


def _cell(runs: Sequence[Seen], column: Column[Seen]) -> str:
    values = [column.value(one) for one in runs]
    least, most = format(min(values), column.form), format(max(values), column.form)
    return f"{format(median(values), column.form)} ({least} - {most})"


@dataclass(frozen=True, slots=True)
class Aim:
    """A ratio to reach."""

    what: str
    ratio: float
    least: float
    """The ratio wanted; where less is better, `ratio` is the peer's figure over the own one."""

    @property
    def reached(self) -> bool:
        return self.ratio >= self.least

    def __str__(self) -> str:
        word = "reached" if self.reached else "NOT REACHED"
        return f"{word:11}  {self.what}: {self.ratio:.2f}, wanted {self.least:g}"


def concluded(aims: Sequence[Aim]) -> int:
    """Print each aim; 1 where one is not reached."""
    print("\n" + "\n".join(str(aim) for aim in aims))
    return int(not all(aim.reached for aim in aims))
