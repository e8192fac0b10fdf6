"""Rows 1, 2, 4, 5 and 8: a minute of webhooks from 64 connections, each with its call, beside the peers.

python -m benchmarks.sustained
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common.api import Api
from benchmarks.common.contenders import BEFORE, OWN, Contender, Running, leadbridge
from benchmarks.common.postgres import postgres_on_disk
from benchmarks.common.series import Aim, Column, alternate, compared, concluded, figures, middle, options
from benchmarks.common.under_load import Figures, under_load

COLUMNS: list[Column[Figures]] = [
    Column("accepted/s", lambda one: one.accepted),
    Column("p50 ms", lambda one: one.p50),
    Column("p99 ms", lambda one: one.p99),
    Column("calls/s", lambda one: one.arrived),
    Column("lost %", lambda one: one.lost, ".1f"),
    Column("twice", lambda one: one.twice),
    Column("refused", lambda one: one.refused),
    Column("PSS MB", lambda one: one.memory),
    Column("cpu us", lambda one: one.cpu),
    Column("load us", lambda one: one.cpu_load),
    Column("api us", lambda one: one.cpu_api),
]
CALLS = {"Node-RED": 1.25, "webhook+curl": 13.0, "n8n": 100.0}
"""How many times a peer's calls per second are wanted."""
MEMORY = 140.0
"""MB of PSS that all processes may have."""
P99 = 45.0
"""Milliseconds of accepting, for 99 of 100 webhooks."""


@contextmanager
def on_postgres(folder: Path, api: Api) -> Iterator[Running]:
    """`leadbridge run` on a PostgreSQL of its own."""
    with (
        postgres_on_disk() as server,
        leadbridge(folder, api, server.url(server.create())) as running,
    ):
        yield running


POSTGRES = Contender("on PostgreSQL", on_postgres, on_postgres)


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 60.0).parse_args(words)
    seen = alternate(
        compared([OWN, POSTGRES], asked),
        asked.runs,
        asked.folder,
        lambda one, folder: under_load(one, folder, asked.connections, asked.seconds),
    )
    print(f"{asked.connections} connections, {asked.seconds:g} s, 1.4 KB signed, ten rules; PSS of all")
    print("processes but PostgreSQL's, the most seen\n")
    print(figures(seen, COLUMNS))
    return concluded(aims(seen))


def aims(seen: Mapping[str, Sequence[Figures]]) -> list[Aim]:
    """What the rows want of these runs, as far as what they compare with was measured."""
    own, postgres = seen[OWN.name], seen[POSTGRES.name]
    calls = middle(own, lambda one: one.arrived)
    wanted = [
        Aim("2: webhooks whose calls arrived, %", 100 - max(one.lost for one in [*own, *postgres]), 100),
        Aim(f"4: {P99:g} ms over our p99", P99 / middle(own, lambda one: one.p99), 1),
        Aim(
            "5: calls/s on PostgreSQL over SQLite's", middle(postgres, lambda one: one.arrived) / calls, 0.75
        ),
        Aim(f"8: {MEMORY:g} MB over ours", MEMORY / middle(own, lambda one: one.memory), 1),
    ]
    if BEFORE in seen:
        before, after = (middle(seen[name], lambda one: one.cpu) for name in (BEFORE, OWN.name))
        wanted.append(Aim("1: processor time before over ours", before / after, 1 / 0.6))
    for name, least in CALLS.items():
        if name in seen:
            theirs = max(0.001, middle(seen[name], lambda one: one.arrived))
            wanted.append(Aim(f"2: calls/s over {name}'s", calls / theirs, least))
    return sorted(wanted, key=lambda aim: aim.what)


if __name__ == "__main__":
    sys.exit(main())
