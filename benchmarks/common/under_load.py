"""One contender under one load: what it accepted, what arrived of it, and what that took."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import shop
from benchmarks.common.api import Api, Arrival, standing_in
from benchmarks.common.contenders import Contender, Running
from benchmarks.common.load import Load, load
from benchmarks.common.processes import cpu, watching

WARM_UP = 2.0
QUIET = 5.0
"""Seconds without another call after which no more is expected."""
DRAIN_WITHIN = 600.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run showed."""

    accepted: float
    """Webhooks answered 2xx, a second."""
    p50: float
    p99: float
    """Milliseconds from a webhook's first byte to its answer's last."""
    arrived: float
    """Orders that the stand-in was called for, a second, from the first webhook to the last call."""
    lost: float
    """Accepted, and no call arrived, in per cent."""
    twice: int
    """Calls that came again."""
    refused: int
    """Answered otherwise than 2xx, or not at all."""
    memory: float
    """MB of PSS at most."""
    cpu: float
    """Microseconds of processor time a webhook: of the contender,"""
    cpu_load: float
    """of the load generator,"""
    cpu_api: float
    """and of the stand-in a call."""


def under_load(contender: Contender, folder: Path, connections: int, seconds: float) -> Figures:
    """Start it, warm it up, load it, and wait for what it still does."""
    folder.mkdir(parents=True)
    with standing_in() as api, contender.start(folder, api) as running:
        warm = load(
            running.address,
            running.requests(shop.Orders("order-warm")),
            connections=connections,
            seconds=WARM_UP,
        )
        before = len(api.settle(len(warm.accepted) + 1, QUIET / 2, DRAIN_WITHIN))
        return _measured(running, api, before, connections, seconds)


def _measured(running: Running, api: Api, before: int, connections: int, seconds: float) -> Figures:
    seen_memory, stop_watching = watching(lambda: running.processes)
    used, used_api, used_load = cpu(running.processes), cpu([api.process]), time.process_time()
    began = time.monotonic()
    seen = load(
        running.address, running.requests(shop.Orders("order-run")), connections=connections, seconds=seconds
    )
    used_load = time.process_time() - used_load
    arrivals = api.settle(before + len(seen.accepted), QUIET, DRAIN_WITHIN)[before:]
    stop_watching()
    used, used_api = cpu(running.processes) - used, cpu([api.process]) - used_api
    return _figures(seen, arrivals, began, seen_memory.memory, (used, used_load, used_api))


def _figures(
    seen: Load, arrivals: list[Arrival], began: float, memory: float, used: tuple[float, float, float]
) -> Figures:
    counts = Counter(one.order for one in arrivals)
    orders = {shop.Orders("order-run").order(number) for number in seen.accepted}
    lost = len(orders - counts.keys())
    many = max(1, len(orders))
    took = max((one.at for one in arrivals), default=began) - began
    return Figures(
        accepted=seen.rate,
        p50=seen.percentile(0.50) * 1000,
        p99=seen.percentile(0.99) * 1000,
        arrived=len(counts) / took if took else 0.0,
        lost=100 * lost / many,
        twice=sum(counts.values()) - len(counts),
        refused=sum(seen.refused.values()) + seen.unanswered,
        memory=memory,
        cpu=used[0] / many * 1e6,
        cpu_load=used[1] / many * 1e6,
        cpu_api=used[2] / max(1, len(arrivals)) * 1e6,
    )
