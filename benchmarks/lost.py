"""Row 6: acknowledged and lost, with everything killed in mid-load and with the API down, beside the peers.

python -m benchmarks.lost

The own figure over a thousand kills is that of `make faults KILLS=1000`.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from benchmarks.common import shop
from benchmarks.common.api import Api, standing_in
from benchmarks.common.contenders import OWN, Contender, Running
from benchmarks.common.load import load
from benchmarks.common.series import Aim, Column, alternate, compared, concluded, figures, options

QUIET = 8.0
RATE = 38
"""Webhooks a second while the API is down."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of what was acknowledged."""

    acknowledged: int
    lost: int
    """Neither arrived nor shown as uncertain."""
    uncertain: int
    """The bridge says that it does not know: a person decides."""
    twice: int


COLUMNS: list[Column[Fate]] = [
    Column("acknowledged", lambda one: one.acknowledged),
    Column("lost", lambda one: one.lost),
    Column("uncertain", lambda one: one.uncertain),
    Column("twice", lambda one: one.twice),
]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where the bridge lost anything."""
    parser = options(__doc__ or "", 3.0)
    parser.add_argument("--outages", type=float, nargs="*", default=[4.0, 60.0], help="seconds (4 60)")
    asked = parser.parse_args(words)
    contenders = compared([OWN], asked)
    scenes: dict[str, Callable[[Contender, Path], Fate]] = {
        "kill -9 of the whole tree, then started again": lambda one, folder: killed(
            one, folder, asked.seconds
        )
    }
    for seconds in asked.outages:
        scenes[f"API down for {seconds:g} s at {RATE} webhooks/s"] = _outage(seconds)
    aims = []
    for name, scene in scenes.items():
        seen = alternate(contenders, asked.runs, asked.folder, scene)
        print(f"{name}\n{figures(seen, COLUMNS)}\n", flush=True)
        lost = sum(one.lost for one in seen[OWN.name])
        aims.append(Aim(f"lost by the bridge, {name}", float(lost == 0), 1))
    return concluded(aims)


def killed(contender: Contender, folder: Path, seconds: float) -> Fate:
    """Load it from 16 connections, kill it at a random moment, start it again, and wait."""
    folder.mkdir(parents=True)
    orders, random = shop.Orders("order-kill"), Random(folder.name)
    with standing_in() as api:
        with contender.start(folder, api) as running:
            moment = threading.Timer(0.5 + random.random() * (seconds - 0.5), _kill, [running])
            moment.start()
            seen = load(running.address, running.requests(orders), connections=16, seconds=seconds + 5)
            moment.join()
        with contender.start(folder, api):
            acknowledged = {orders.order(number) for number in seen.accepted}
            return _fate(api, folder, acknowledged)


def _outage(seconds: float) -> Callable[[Contender, Path], Fate]:
    def scene(contender: Contender, folder: Path) -> Fate:
        folder.mkdir(parents=True)
        orders = shop.Orders("order-down")
        with standing_in() as api, contender.start(folder, api) as running:
            threading.Timer(2.0, api.go_down, [seconds]).start()
            acknowledged = _steady(running, orders, seconds + 4)
            return _fate(api, folder, acknowledged, quiet=QUIET + 2 * seconds)

    return scene


def _steady(running: Running, orders: shop.Orders, seconds: float) -> set[str]:
    """At a fixed rate, one after the other; gives the acknowledged."""
    request, acknowledged, began = running.requests(orders), set(), time.monotonic()
    for number in range(int(RATE * seconds)):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        seen = load(running.address, partial(_shifted, request, number), connections=1, seconds=0)
        if seen.accepted:
            acknowledged.add(orders.order(number))
    return acknowledged


def _shifted(request: Callable[[int], bytes], by: int, number: int) -> bytes:
    return request(by + number)


def _fate(api: Api, folder: Path, acknowledged: set[str], quiet: float = QUIET) -> Fate:
    came = [one.order for one in api.settle(10**9, quiet, 300) if one.order in acknowledged]
    missing = acknowledged - set(came)
    uncertain = missing & _uncertain(folder)
    return Fate(len(acknowledged), len(missing - uncertain), len(uncertain), len(came) - len(set(came)))


def _uncertain(folder: Path) -> set[str]:
    """Orders whose calls the bridge shows as uncertain; none for peers, which know no such thing."""
    if not (folder / "bridge.db").exists():
        return set()
    with closing(sqlite3.connect(f"file:{folder / 'bridge.db'}?mode=ro", uri=True)) as database:
        sql = "SELECT e.key FROM calls c JOIN events e ON e.id = c.event_id WHERE c.state = 'uncertain'"
        return {key for (key,) in database.execute(sql)}


def _kill(running: Running) -> None:
    for pid in running.processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
