"""Runs under load, and what one or several rows want of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from benchmarks.common.columns import LOAD
from benchmarks.common.contenders import OWN, Contender
from benchmarks.common.series import Aim, alternate, concluded, figures, options, with_peers
from benchmarks.common.under_load import Figures, under_load

Seen: TypeAlias = Mapping[str, Sequence[Figures]]
"""The runs of each contender."""
Aims: TypeAlias = Callable[[Seen], list[Aim]]


def row(
    words: list[str] | None, doc: str, seconds: float, aims: Aims, beside: Contender | None = None
) -> int:
    """A program of one row: it compares with the peers, or with the one that is to stand beside.

    1 where an aim is not reached.
    """
    asked = (options(doc, seconds, names=()) if beside else options(doc, seconds)).parse_args(words)
    return concluded(aims(runs([OWN, beside] if beside else [OWN], asked)))


def runs(own: Sequence[Contender], asked: argparse.Namespace) -> Seen:
    """Load each contender in turn and print what that showed."""
    seen = alternate(
        with_peers(own, asked.peers),
        asked.runs,
        asked.folder,
        lambda one, folder: under_load(one, folder, asked.connections, asked.seconds),
    )
    print(f"{asked.connections} connections, {asked.seconds:g} s, 1.4 KB signed, ten rules; PSS of all")
    print("processes but PostgreSQL's, the most seen\n")
    print(figures(seen, LOAD))
    return seen
