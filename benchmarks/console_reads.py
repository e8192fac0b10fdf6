"""The console at a million events and calls: what its reads and its pages take, and what it costs intake.

python -m benchmarks.console_reads
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import TypeAlias

from sqlalchemy import Connection

from benchmarks.common.console import intake_rates, page_times, serving
from benchmarks.common.past import Past, fill, phone
from benchmarks.common.postgres import postgres_on_disk
from benchmarks.common.report import machine, table
from bridge.model import State
from bridge.store.db.engine import Store, open_store
from bridge.store.inbox import refusals
from bridge.store.reports import audit, call_views, event_views, recipient_history, search, sources, trends
from bridge.store.reports.call_views import CallFilter
from bridge.store.reports.event_views import EventFilter
from bridge.store.reports.pagination import Page
from bridge.store.reports.trends import Span

MEDIAN_MS, P99_MS = 100, 300
"""What a page may take."""
COSTS = 0.05
"""The share of accepted webhooks that an open console may cost."""
Read: TypeAlias = Callable[["Asked"], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a read is given: a connection, what there is to read, and chance."""

    connection: Connection
    past: Past
    random: Random

    def event(self) -> int:
        """The number of some event."""
        return self.random.randint(1, self.past.events)

    def page(self) -> Page:
        """One somewhere in the newer half."""
        return Page(self.random.randint(self.past.events // 2, self.past.events))


def main(words: list[str] | None = None) -> int:
    """Measure on both databases and print; 1 where a read takes longer than a page may."""
    options = _options(words)
    worst = 0
    for name in options.databases:
        with _store(name, options.folder) as store:
            began = perf_counter()
            past = fill(store, options.events)
            print(f"\n{name}: {options.events:,} events and calls, made in {perf_counter() - began:.0f} s")
            took = {what: _times(store, past, read, options.reads) for what, read in READS.items()}
            worst += _told("read", took)
            with tempfile.TemporaryDirectory() as folder, serving(store.url, Path(folder)) as running:
                worst += _told("page", page_times(running, past, options.reads))
                alone, beside = intake_rates(running, options.runs, options.seconds)
            share = median(beside) / median(alone)
            print(f"\naccepted/s: {_spread(alone)} with no console open")
            print(f"            {_spread(beside)} with one: {share:.3f} of it")
            worst += share < 1 - COSTS
    return int(worst > 0)


def _told(kind: str, took: Mapping[str, list[float]]) -> int:
    """Print the times; how many of them are longer than a page may take."""
    print("\n" + table((kind, "p50 ms", "p99 ms"), [_row(what, times) for what, times in took.items()]))
    return sum(not _quick(times) for times in took.values())


def _spread(rates: list[float]) -> str:
    return f"{median(rates):.0f} ({min(rates):.0f}–{max(rates):.0f})"


def events(**wanted: str) -> Read:
    """A page of events with this filter, somewhere in the past."""

    def read(asked: Asked) -> object:
        return event_views.page_of_events(asked.connection, EventFilter(**wanted), asked.page())  # type: ignore[arg-type]

    return read


def calls(*states: State, **wanted: str) -> Read:
    """A page of calls with this filter, somewhere in the past."""

    def read(asked: Asked) -> object:
        found = CallFilter(states=states, **wanted)  # type: ignore[arg-type]
        return call_views.page_of_calls(asked.connection, found, asked.page())

    return read


def counted(*states: State, **wanted: str) -> Read:
    """How many calls fit."""
    found = CallFilter(states=states, **wanted)  # type: ignore[arg-type]
    return lambda asked: call_views.count_calls(asked.connection, found)


def text(of: Callable[[int], str]) -> Read:
    """A page of a search through payloads for what some event has in it."""

    def read(asked: Asked) -> object:
        return search.in_payloads(asked.connection, EventFilter(search=of(asked.event())), asked.page())

    return read


def named(of: Callable[[int], str]) -> Read:
    """What a number or id names."""
    return lambda asked: search.exact_matches(asked.connection, of(asked.event()))


def chart(span: Span, source: str = "") -> Read:
    """Counts over time."""
    return lambda asked: trends.over_time(asked.connection, asked.past.now, span, source)


def some_time(asked: Asked) -> object:
    """A page of the events of one hour."""
    since = asked.past.now - asked.random.randint(1, 160) * 3_600_000
    wanted = EventFilter(since=since, until=since + 3_600_000)
    return event_views.page_of_events(asked.connection, wanted, Page())


READS: dict[str, Read] = {
    "chart of the last hour": chart(Span.HOUR),
    "chart of the last day": chart(Span.DAY),
    "chart of the last week": chart(Span.WEEK),
    "chart of a source's week": chart(Span.WEEK, "shop3"),
    "sources": lambda asked: sources.in_use(asked.connection, asked.past.now),
    "rules": lambda asked: trends.rules(asked.connection, asked.past.now),
    "events": events(),
    "events of a source": events(source="shop3"),
    "events of a rare source": events(source="rare"),
    "events of a type": events(type="payment.kind3"),
    "events of a rare type": events(type="rare.type"),
    "events of a source and a type": events(source="shop3", type="payment.kind3"),
    "events that failed": events(result="failed"),
    "events unreadable, of a source": events(result="unreadable", source="shop3"),
    "events unmatched, of a rare type": events(result="unmatched", type="rare.type", source="rare"),
    "events that matched, of a source": events(result="matched", source="shop3"),
    "events of a rule": events(rule="course 3 paid", source="shop3"),
    "events of a rare rule, any source": events(rule="rare rule"),
    "events of an hour": some_time,
    "search: a number": named(str),
    "search: a sender's id": named(lambda number: f"order-{number}"),
    "search: a messenger's user": named(lambda number: f"user{number % 1000}"),
    "search: an order in payloads": text(lambda number: f"order-{number}"),
    "search: a phone number": text(phone),
    "search: a name in Cyrillic, nowhere": text(lambda number: f"иванов{number}"),
    "search: a name in Cyrillic, everywhere": text(lambda _: "мария"),
    "search: an e-mail address, nowhere": text(lambda number: f"Ann{number}@shop.example"),
    "calls": calls(),
    "calls of a rule": calls(rule="course 3 paid", source="shop3"),
    "calls of a rare rule, any source": calls(rule="rare rule"),
    "calls of a rare account": calls(account="rare"),
    "calls of a source": calls(source="shop3"),
    "calls uncertain or refused": calls(State.UNCERTAIN, State.REFUSED),
    "calls uncertain of an account": calls(State.UNCERTAIN, account="second"),
    "calls done of a rule": calls(State.DONE, rule="course 3 paid", source="shop3"),
    "count: refused": counted(State.REFUSED),
    "count: refused or uncertain of an account": counted(State.REFUSED, State.UNCERTAIN, account="second"),
    "count: done of a rare account": counted(State.DONE, account="rare"),
    "count: of a rule": counted(rule="course 3 paid", source="shop3"),
    "history of a recipient": lambda asked: recipient_history.history(
        asked.connection, str(asked.random.randint(1, 200_000)), Page()
    ),
    "refusals": lambda asked: refusals.page_of_refusals(asked.connection, Page(), "shop3"),
    "audit": lambda asked: audit.page_of_actions(asked.connection, Page()),
    "audit of one person": lambda asked: audit.page_of_actions(asked.connection, Page(), "nobody"),
}


def _times(store: Store, past: Past, read: Read, reads: int) -> list[float]:
    """Milliseconds of each, ascending. The first is not counted: it opens what the others find open."""
    took, random = [], Random(7)
    for _ in range(reads + 1):
        began = perf_counter()
        with store.read() as connection:
            read(Asked(connection, past, random))
        took.append((perf_counter() - began) * 1000)
    return sorted(took[1:])


def _quick(times: list[float]) -> bool:
    return _share(times, 0.5) <= MEDIAN_MS and _share(times, 0.99) <= P99_MS


def _share(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def _row(what: str, times: list[float]) -> tuple[str, ...]:
    return what, f"{_share(times, 0.5):.1f}", f"{_share(times, 0.99):.1f}"


@contextmanager
def _store(name: str, folder: str | None) -> Iterator[Store]:
    """An empty store of its own."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="leadbridge-") as own:
        print(machine(Path(own)))
        if name == "sqlite":
            yield from _opened(f"sqlite:///{own}/bridge.db")
            return
        with postgres_on_disk(shared_buffers="512MB", max_wal_size="4GB") as server:
            yield from _opened(server.url(server.create()))


def _opened(url: str) -> Iterator[Store]:
    store = open_store(url)
    store.migrate()
    try:
        yield store
    finally:
        store.close()


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console_reads", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--reads", type=int, default=50, help="of each kind (50)")
    parser.add_argument("--runs", type=int, default=5, help="of load, with and without a console (5 each)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of them (10)")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--folder", help="where the database goes (the system's folder for temporary files)")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
