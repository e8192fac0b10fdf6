"""Accepted webhooks a second, every one on disk before its answer, and what became of them.

python -m benchmarks.accept --seconds 10 --connections 64
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic, time
from urllib.parse import urlsplit

from benchmarks.common import shop
from benchmarks.common.ceiling import trivial_server
from benchmarks.common.installation import Installation, installed, until
from benchmarks.common.load import Load, load
from benchmarks.common.report import machine, table

DRAIN_WITHIN = 600.0
CALLS_KEPT = 100_000
"""The sandbox remembers no more."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of the acknowledged webhooks."""

    lost_events: int
    """Acknowledged, and not in the database."""
    lost_calls: int
    """Acknowledged, and no bot started."""
    twice: int
    """Bots started more than once."""
    seconds: float
    """From the first webhook to the last call."""
    calls: int


HEAD = (
    "",
    "accepted/s",
    "p50 ms",
    "p99 ms",
    "other answers",
    "unanswered",
    "events lost",
    "calls lost",
    "twice",
    "calls/s",
)


def main(words: list[str] | None = None) -> int:
    """Measure, print one table; 1 where anything acknowledged was lost."""
    options = _options(words)
    if options.url:
        return _measure_foreign(options)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="leadbridge-") as name:
        folder = Path(name)
        print(machine(folder))
        print(f"{options.connections} connections, {options.seconds:g} s, 1.4 KB signed, ten rules\n")
        ceiling = _measure_ceiling(options)
        runs = [_measure_own(options, folder / str(number), number) for number in range(options.runs)]
    rows = [_row(f"run {number + 1}", seen, after) for number, (seen, after) in enumerate(runs)]
    print(table(HEAD, [*rows, _row("trivial server", ceiling, None)]))
    rate = median(seen.rate for seen, _ in runs)
    print(
        f"\nmedian {rate:,.0f} accepted/s; the generator itself reaches {ceiling.rate / rate:.1f} times that"
    )
    return int(any(after.lost_events or after.lost_calls or after.twice for _, after in runs))


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accept", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to send (10)")
    parser.add_argument("--connections", type=int, default=64, help="keep-alive connections (64)")
    parser.add_argument("--runs", type=int, default=1, help="runs, each on a database of its own (1)")
    parser.add_argument("--folder", help="where the database goes (the system's folder for temporary files)")
    parser.add_argument(
        "--url", help="measure this URL instead of a bridge of our own; nothing is counted after"
    )
    return parser.parse_args(words)


def _measure_ceiling(options: argparse.Namespace) -> Load:
    with trivial_server() as address:
        request = shop.Orders("ceiling").requests(address[0], "/")
        return load(address, request, connections=options.connections, seconds=min(options.seconds, 3))


def _measure_foreign(options: argparse.Namespace) -> int:
    url = urlsplit(options.url)
    address = (url.hostname or "127.0.0.1", url.port or 80)
    request = shop.Orders(f"order-{int(time())}").requests(url.netloc, url.path or "/")
    try:
        seen = load(address, request, connections=options.connections, seconds=options.seconds)
    except OSError as error:
        raise SystemExit(f"cannot reach {url.netloc}: {error.strerror}") from error
    print(table(HEAD, [_row(options.url, seen, None)]))
    return 0


def _measure_own(options: argparse.Namespace, folder: Path, number: int) -> tuple[Load, Aftermath]:
    folder.mkdir()
    orders = shop.Orders(f"order-{number}")
    with installed(folder) as bridge:
        request = orders.requests(f"127.0.0.1:{bridge.port}", f"/hooks/{shop.SOURCE}")
        began = monotonic()
        seen = load(
            ("127.0.0.1", bridge.port), request, connections=options.connections, seconds=options.seconds
        )
        until(lambda: bridge.open_calls() == 0, DRAIN_WITHIN)
        return seen, _aftermath(bridge, [orders.order(one) for one in seen.accepted], monotonic() - began)


def _aftermath(bridge: Installation, acknowledged: list[str], seconds: float) -> Aftermath:
    if len(acknowledged) > CALLS_KEPT:
        print(f"the sandbox remembers {CALLS_KEPT} calls only: fewer --seconds, please", file=sys.stderr)
    called = [call["variables"]["order"] for call in bridge.calls() if call["ran"]]
    return Aftermath(
        lost_events=len(set(acknowledged) - bridge.event_keys()),
        lost_calls=len(set(acknowledged) - set(called)),
        twice=len(called) - len(set(called)),
        seconds=seconds,
        calls=len(called),
    )


def _row(name: str, seen: Load, after: Aftermath | None) -> tuple[str, ...]:
    others = ", ".join(f"{count} × {status}" for status, count in sorted(seen.refused.items())) or "0"
    figures = (
        name,
        f"{seen.rate:,.0f}",
        f"{seen.percentile(0.50) * 1000:.1f}",
        f"{seen.percentile(0.99) * 1000:.1f}",
        others,
        str(seen.unanswered),
    )
    if after is None:
        return (*figures, "-", "-", "-", "-")
    lost = (str(after.lost_events), str(after.lost_calls), str(after.twice))
    return (*figures, *lost, f"{after.calls / after.seconds:,.0f}")


if __name__ == "__main__":
    sys.exit(main())
