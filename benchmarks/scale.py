"""Where the next limit lies: a day of webhooks through a bridge of a given strength, and what a year weighs.

python -m benchmarks.scale --events 1000000

No clock and no network: arithmetic on figures that `docs/scale.md` names with their measurement.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.common.report import table

DAY = 86_400
GB = 1e9


@dataclass(frozen=True, slots=True)
class Bridge:
    """What an installation can do."""

    name: str
    accepted: float
    """Webhooks a second that it takes in."""
    sent: float
    """Calls a second that it sends, with all its accounts together."""
    payload: float
    """Bytes of one webhook at rest that go after `payload_days`: body, headers, document."""
    rows: float
    """Bytes of one webhook at rest that stay for `row_days`: rows without their payload, and indexes."""
    log: float
    """Bytes of write-ahead log for one webhook, its call included."""
    payload_days: int = 30
    row_days: int = 90


@dataclass(frozen=True, slots=True)
class Traffic:
    """What comes in: `events` a day, whose rate goes up and down once a day, and `burst` on top of that.

    The burst is a mailing or a sale: so many webhooks within ten minutes of the busiest hour.
    """

    events: float
    swing: float = 0.8
    """The busiest second has 1 + swing times the average."""
    burst: float = 0.0
    calls: float = 1.0
    """Of each event."""

    def rate(self, second: int) -> float:
        """Webhooks a second, at a second of the day."""
        usual = self.events / DAY * (1 - self.swing * math.cos(2 * math.pi * second / DAY))
        sale = self.burst / 600 if 43_200 <= second % DAY < 43_800 else 0.0
        return usual + sale


@dataclass(frozen=True, slots=True)
class Day:
    """What one day showed."""

    busiest: float
    """Webhooks in its busiest second."""
    turned_away: float
    """Webhooks answered 503, which their senders repeat."""
    accepted: float
    sent: float
    waiting: float
    """Calls that wait at its end."""
    longest_queue: float
    longest_wait: float
    """Seconds that a call waits at most, by the queue before it."""


def day(bridge: Bridge, traffic: Traffic) -> Day:
    """Second by second: what is above the strength is turned away, what cannot be sent waits."""
    rates = [traffic.rate(second) for second in range(DAY)]
    accepted = [min(rate, bridge.accepted) for rate in rates]
    queues = list(_queues([one * traffic.calls for one in accepted], bridge.sent))
    owed = sum(accepted) * traffic.calls
    return Day(
        busiest=max(rates),
        turned_away=sum(rates) - sum(accepted),
        accepted=sum(accepted),
        sent=owed - queues[-1],
        waiting=queues[-1],
        longest_queue=max(queues),
        longest_wait=max(queues) / bridge.sent,
    )


def _queues(owed: list[float], sent: float) -> Iterator[float]:
    queue = 0.0
    for calls in owed:
        queue = max(0.0, queue + calls - sent)
        yield queue


@dataclass(frozen=True, slots=True)
class Weight:
    """What is at rest when as much goes as comes."""

    rows: float
    """Events in the table."""
    gigabytes: float
    log_a_second: float
    """Bytes of log in the busiest second: what the disk must take, and a replica hear."""
    purged_a_second: float
    """Rows that purging must delete on average, of events, calls and attempts together."""


def weight(bridge: Bridge, traffic: Traffic) -> Weight:
    """By the days that payloads and rows are kept."""
    kept = bridge.payload * bridge.payload_days + bridge.rows * bridge.row_days
    return Weight(
        rows=traffic.events * bridge.row_days,
        gigabytes=traffic.events * kept / GB,
        log_a_second=bridge.log
        * min(bridge.accepted, max(traffic.rate(second) for second in range(0, DAY, 60))),
        purged_a_second=traffic.events * (1 + 2 * traffic.calls) / DAY,
    )


def most(bridge: Bridge, swing: float = 0.8, calls: float = 1.0) -> float:
    """Events a day at which neither a webhook is turned away nor a call waits, without bursts."""
    return min(bridge.accepted, bridge.sent / calls) / (1 + swing) * DAY


def main(words: list[str] | None = None) -> int:
    """Print one day and what it weighs, for the strength that is given."""
    asked = _options(words)
    bridge = Bridge("given", asked.accepted, asked.sent, asked.payload, asked.rows, asked.log)
    traffic = Traffic(asked.events, asked.swing, asked.burst)
    seen, at_rest = day(bridge, traffic), weight(bridge, traffic)
    figures = {
        "webhooks in the busiest second": seen.busiest,
        "turned away": seen.turned_away,
        "longest queue, calls": seen.longest_queue,
        "longest wait, s": seen.longest_wait,
        "events at rest": at_rest.rows,
        "GB at rest": at_rest.gigabytes,
        "MB of log in the busiest second": at_rest.log_a_second / 1e6,
        "rows purged a second": at_rest.purged_a_second,
        "most events a day": most(bridge, asked.swing),
    }
    print(table(("a day", "figure"), [(name, f"{value:,.1f}") for name, value in figures.items()]))
    return 0


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    defaults = {
        "events": (1e6, "webhooks a day"),
        "swing": (0.8, "how far the busiest second is above the average"),
        "burst": (0.0, "webhooks within ten minutes on top"),
        "accepted": (2000.0, "webhooks a second that are taken in at most"),
        "sent": (1000.0, "calls a second that go out at most"),
        "payload": (3_300.0, "bytes at rest that go with the payload"),
        "rows": (1_600.0, "bytes at rest that stay"),
        "log": (7_500.0, "bytes of write-ahead log"),
    }
    for name, (value, text) in defaults.items():
        parser.add_argument(f"--{name}", type=float, default=value, help=f"{text} ({value:g})")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
