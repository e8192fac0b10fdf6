"""Runs that take turns, so that whatever else the machine does falls on all contenders alike."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Generic, TypeVar

from benchmarks.common import install, peers
from benchmarks.common.contenders import BEFORE, OWN, OWN_TREE, Contender, Tree, of_tree
from benchmarks.common.report import machine, table

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Column(Generic[Seen]):
    """One figure of each run: its heading, how to get it, how to write it."""

    head: str
    value: Callable[[Seen], float]
    form: str = ",.0f"


def options(doc: str, seconds: float | None, names: Sequence[str] = peers.NAMES) -> argparse.ArgumentParser:
    """The options of every program that compares; `names` are of its peers."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=seconds, help=f"of load in each run ({seconds})")
    parser.add_argument("--connections", type=int, default=64, help="keep-alive connections (64)")
    parser.add_argument("--runs", type=int, default=5, help="of each contender, taking turns (5)")
    parser.add_argument("--peers", nargs="*", default=list(names), choices=peers.NAMES, help="all of them")
    parser.add_argument(
        "--before", default="", help="a commit, or a folder with its .venv: measured in the same series"
    )
    parser.add_argument("--folder", help="where databases go (the system's folder for temporary files)")
    return parser


def alternate(
    contenders: Sequence[Contender], runs: int, folder: str | None, measure: Callable[[Contender, Path], Seen]
) -> dict[str, list[Seen]]:
    """Measure each in turn, `runs` times over, each time in a new folder; prints what it runs on."""
    seen: dict[str, list[Seen]] = {contender.name: [] for contender in contenders}
    with tempfile.TemporaryDirectory(dir=folder, prefix="leadbridge-") as name:
        print(machine(Path(name)), flush=True)
        for number in range(runs):
            for contender in contenders:
                own = Path(name) / f"{number}-{contender.name}"
                seen[contender.name].append(measure(contender, own))
    return seen


def compared(own: Sequence[Contender], asked: argparse.Namespace) -> list[Contender]:
    """The own contenders, the version before and the peers asked for; says which are missing, and why."""
    before = [of_tree(name, version) for name, version in versions(asked).items() if name == BEFORE]
    found, missing = peers.present(asked.peers)
    for name, why in missing.items():
        print(f"MISSING: {name}: {why}")
    return [*own, *before, *found]


def versions(asked: argparse.Namespace) -> dict[str, Tree]:
    """The own tree, and the one before where it is asked for, by their names in tables."""
    before = {BEFORE: install.tree_of(asked.before)} if asked.before else {}
    return {OWN.name: OWN_TREE, **before}


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
