"""Row 7: from a webhook's first byte to the call's arrival, on an idle system, beside the peers.

python -m benchmarks.latency
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.common import shop
from benchmarks.common.api import standing_in
from benchmarks.common.contenders import OWN, Contender
from benchmarks.common.series import Aim, Column, alternate, compared, concluded, figures, middle, options

QUIET = 5.0


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds of one run."""

    p50: float
    p99: float
    longest: float
    lost: int


COLUMNS: list[Column[Delays]] = [
    Column("p50 ms", lambda one: one.p50, ".1f"),
    Column("p99 ms", lambda one: one.p99, ".1f"),
    Column("longest ms", lambda one: one.longest, ".1f"),
    Column("lost", lambda one: one.lost),
]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where the aim is not reached."""
    parser = options(__doc__ or "", 0.0)
    parser.add_argument("--webhooks", type=int, default=300, help="in each run (300)")
    parser.add_argument("--every", type=float, default=0.05, help="seconds between two on average (0.05)")
    asked = parser.parse_args(words)
    seen = alternate(
        compared([OWN], asked),
        asked.runs,
        asked.folder,
        lambda one, folder: delays(one, folder, asked),
    )
    print(f"{asked.webhooks} webhooks, one each {asked.every * 1000:g} ms on average\n")
    print(figures(seen, COLUMNS))
    p50, p99 = (middle(seen[OWN.name], value) for value in (lambda one: one.p50, lambda one: one.p99))
    return concluded([Aim("7: 6 ms over our p50", 6 / p50, 1), Aim("7: 20 ms over our p99", 20 / p99, 1)])


def delays(contender: Contender, folder: Path, asked: argparse.Namespace) -> Delays:
    """Send one at a time, at moments that nothing can fall into step with."""
    folder.mkdir(parents=True)
    orders, random = shop.Orders("order-idle"), Random(5)
    with standing_in() as api, contender.start(folder, api) as running:
        request = running.requests(orders)
        for number in range(20):
            _send(running.address, request(number))
        before = len(api.settle(21, QUIET, 60))
        sent = {}
        for number in range(1000, 1000 + asked.webhooks):
            sent[orders.order(number)] = time.monotonic()
            _send(running.address, request(number))
            time.sleep(asked.every * 2 * random.random())
        arrivals = api.settle(before + len(sent), QUIET, 60)[before:]
    came = {one.order: one.at for one in reversed(arrivals)}
    took = sorted((came[order] - at) * 1000 for order, at in sent.items() if order in came)
    return Delays(took[len(took) // 2], took[len(took) * 99 // 100], took[-1], len(sent) - len(took))


def _send(address: tuple[str, int], data: bytes) -> None:
    with socket.create_connection(address, timeout=10) as sock:
        sock.sendall(data)
        sock.recv(4096)


if __name__ == "__main__":
    sys.exit(main())
