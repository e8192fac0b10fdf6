"""Rows 3 and 4: webhooks accepted a second by what only accepts them, beside peers that commit each as well.

python -m benchmarks.accept

Then each is sent as many webhooks a second as the slower of leadbridge and Node-RED takes with ease. There,
how long a webhook waits for its answer can be compared.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.common import shop
from benchmarks.common.api import standing_in
from benchmarks.common.contenders import BEFORE, OWN, Contender, leadbridge, leadbridge_serve
from benchmarks.common.durable_peers import DURABLE
from benchmarks.common.load import load
from benchmarks.common.processes import cpu
from benchmarks.common.series import Aim, Column, alternate, compared, concluded, figures, middle, options

WARM_UP = 2.0
EASE = 0.5
"""The part of the slower one's rate at which waiting times are compared."""
RED = "Node-RED"
TWO = Contender("two web processes", leadbridge, partial(leadbridge_serve, more={"BRIDGE_WORKERS": "2"}))
PEERS = (RED, *DURABLE)


@dataclass(frozen=True, slots=True)
class Intake:
    """What one run showed; times in milliseconds."""

    accepted: float
    """A second."""
    p50: float
    p99: float
    refused: int
    """Answered otherwise than 2xx, or not at all."""
    cpu: float
    """Microseconds of processor time a webhook."""


COLUMNS: list[Column[Intake]] = [
    Column("accepted/s", lambda one: one.accepted),
    Column("p50 ms", lambda one: one.p50, ".1f"),
    Column("p99 ms", lambda one: one.p99, ".1f"),
    Column("refused", lambda one: one.refused),
    Column("cpu us", lambda one: one.cpu),
]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 10.0, PEERS).parse_args(words)
    asked.peers = [name for name in asked.peers if name in PEERS]
    contenders = compared([OWN, TWO], asked)
    seen = _runs(contenders, asked, 0.0)
    print(
        f"\n{asked.connections} connections, {asked.seconds:g} s, nothing is sent ({RED}: nothing on disk)\n"
    )
    print(figures(seen, COLUMNS))
    wanted = aims(seen)
    if RED in seen:
        rate = EASE * min(middle(seen[name], lambda one: one.accepted) for name in (OWN.name, RED))
        paced = _runs([one for one in contenders if one.name in (OWN.name, RED)], asked, rate)
        print(f"\n{rate:,.0f} webhooks a second, over {asked.connections} connections\n")
        print(figures(paced, COLUMNS))
        own, red = (middle(paced[name], lambda one: one.p99) for name in (OWN.name, RED))
        wanted.append(Aim(f"4: {RED}'s p99 over ours at the same rate", red / own, 1))
    return concluded(wanted)


def aims(seen: Mapping[str, Sequence[Intake]]) -> list[Aim]:
    """Twice what the version before accepts, and each durable peer."""
    own = middle(seen[OWN.name], lambda one: one.accepted)
    return [
        Aim(f"3: accepted/s over {name}", own / middle(runs, lambda one: one.accepted), 2)
        for name, runs in seen.items()
        if name in (BEFORE, *DURABLE)
    ]


def _runs(
    contenders: Sequence[Contender], asked: argparse.Namespace, rate: float
) -> Mapping[str, Sequence[Intake]]:
    def measure(contender: Contender, folder: Path) -> Intake:
        return intake(contender, folder, asked.connections, asked.seconds, rate)

    return alternate(contenders, asked.runs, asked.folder, measure)


def intake(contender: Contender, folder: Path, connections: int, seconds: float, rate: float) -> Intake:
    """Start what accepts webhooks, warm it up and load it: at that rate, or as fast as it answers."""
    folder.mkdir(parents=True)
    with standing_in() as api, contender.intake(folder, api) as running:
        warm, orders = (running.requests(shop.Orders(f"order-{name}")) for name in ("warm", "run"))
        load(running.address, warm, connections=connections, seconds=WARM_UP)
        used = cpu(running.processes)
        seen = load(running.address, orders, connections=connections, seconds=seconds, rate=rate)
        used = cpu(running.processes) - used
    return Intake(
        seen.rate,
        seen.percentile(0.5) * 1000,
        seen.percentile(0.99) * 1000,
        sum(seen.refused.values()) + seen.unanswered,
        used / max(1, len(seen.accepted)) * 1e6,
    )


if __name__ == "__main__":
    sys.exit(main())
