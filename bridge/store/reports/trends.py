"""Reads counters as numbers over time, by period, source and rule.

Times are unix milliseconds; periods begin at multiples of their length in UTC. The last period is the
current one, so that a "last hour" of twelve periods is up to five minutes short. `counters` describes what
each number counts; events from before counters existed are in none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from sqlalchemy import Connection, TextClause, bindparam, text

from bridge.store.db.driver import AnyRow
from bridge.store.reports.counters import (
    CALLS,
    CANCELLED,
    EVENTS,
    HOUR_MS,
    LIVE,
    PERIOD_MS,
    RULES,
    WAITING,
    WEBHOOKS,
)


class Span(Enum):
    """A time up to now, as a number of periods and their length in milliseconds."""

    HOUR = (12, PERIOD_MS)
    DAY = (24, HOUR_MS)
    WEEK = (28, 6 * HOUR_MS)

    def begins(self, now: int) -> int:
        """When its first period begins."""
        many, width = self.value
        return now - now % width - (many - 1) * width


@dataclass(frozen=True, slots=True)
class Period:
    """What happened in one period of time."""

    at: int
    """When it begins."""
    received: int = 0
    """Events that were stored."""
    started: int = 0
    """Calls that ended as done."""
    failed: int = 0
    """Events that failed or were unreadable at reception, and calls that ended without starting a bot."""
    uncertain: int = 0
    """Calls that became uncertain."""
    live: int = 0
    """Calls that were live at its end: queued, claimed or sending."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often something happened."""

    hour: int = 0
    day: int = 0
    week: int = 0


@dataclass(frozen=True, slots=True)
class RuleUse:
    """How often a rule matched in a week, at reception of events."""

    hits: int = 0
    """Events that it matched, including those for which it failed."""
    failed: int = 0
    """Events that it matched while a value was missing."""
    last: int | None = None
    """When it last matched, also in a replay; None if not in 90 days."""


class Unsent(NamedTuple):
    """The calls of an account that are not sent yet."""

    account: str
    live: int
    """Queued, claimed or being sent."""
    waiting: int
    """Not due yet."""


def _of_kinds(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("kinds", expanding=True))


_FIELD: Final = {
    "event:failed": "failed",
    "event:unreadable": "failed",
    "call:done": "started",
    "call:refused": "failed",
    "call:exhausted": "failed",
    "call:expired": "failed",
    "call:uncertain": "uncertain",
    LIVE: "live",
}
_BY_PERIOD: Final = _of_kinds("""
SELECT kind, at - at % :width AS at, sum(many) AS many FROM tallies
WHERE kind IN :kinds AND at >= :since AND (:source = '' OR source = :source)
GROUP BY kind, at - at % :width
""")
_SUM: Final = text("""
SELECT source, sum(many) AS many FROM tallies WHERE kind = :kind AND (:source = '' OR source = :source)
GROUP BY source
""")
_BY_NAME: Final = _of_kinds("""
SELECT name, kind, sum(many) AS many FROM tallies WHERE kind IN :kinds GROUP BY name, kind
""")
_BY_SOURCE: Final = _of_kinds("""
SELECT source, at, sum(many) AS many FROM tallies WHERE kind IN :kinds AND at >= :since GROUP BY source, at
""")
_BY_CAUSE: Final = _of_kinds("""
SELECT source, kind, sum(many) AS many FROM tallies WHERE kind IN :kinds AND at >= :since
GROUP BY source, kind
""")
_BY_KIND: Final = _of_kinds("""
SELECT kind, at, sum(many) AS many FROM tallies WHERE kind IN :kinds AND at >= :since GROUP BY kind, at
""")
_BY_RULE: Final = _of_kinds("""
SELECT kind, source, name, sum(CASE WHEN at >= :since THEN many ELSE 0 END) AS many, max(latest) AS latest
FROM tallies WHERE kind IN :kinds AND (:source = '' OR source = :source)
GROUP BY kind, source, name
""")


def over_time(connection: Connection, now: int, span: Span, source: str = "") -> tuple[Period, ...]:
    """The periods of the span, oldest first; of one source, or of all."""
    many, width = span.value
    first = span.begins(now)
    asked = {"width": width, "since": first, "source": source, "kinds": (*EVENTS, *CALLS)}
    counts: Counter[tuple[int, str]] = Counter()
    for row in connection.execute(_BY_PERIOD, asked):
        counts[row.at, _FIELD.get(row.kind, "")] += int(row.many)
        if row.kind in EVENTS:
            counts[row.at, "received"] += int(row.many)
    periods = [first + place * width for place in range(many)]
    at_ends = _at_ends(live(connection, source), [counts[at, "live"] for at in periods])
    return tuple(
        Period(
            at=at,
            received=counts[at, "received"],
            started=counts[at, "started"],
            failed=counts[at, "failed"],
            uncertain=counts[at, "uncertain"],
            live=left,
        )
        for at, left in zip(periods, at_ends, strict=True)
    )


def live(connection: Connection, source: str = "") -> int:
    """The exact number of live calls: queued, claimed or sending."""
    return sum(_sums(connection, LIVE, source).values())


def waiting(connection: Connection) -> dict[str, int]:
    """The exact numbers of calls that wait until they are due, by source."""
    return {source: many for source, many in _sums(connection, WAITING).items() if many}


def unsent_of_others(connection: Connection, accounts: Collection[str]) -> tuple[Unsent, ...]:
    """The exact numbers of calls that are not sent yet, for all accounts but these, by name."""
    many: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(_BY_NAME, {"kinds": (LIVE, WAITING)}):
        many[row.name, row.kind] = int(row.many)
    names = sorted({name for name, _ in many} - {*accounts})
    found = [Unsent(name, many[name, LIVE], many[name, WAITING]) for name in names]
    return tuple(one for one in found if one.live > 0 or one.waiting > 0)


def cancelled(connection: Connection, now: int) -> dict[tuple[str, str], int]:
    """How many calls were cancelled in the last day because of their key or time, by source and cause."""
    asked = {"since": Span.DAY.begins(now), "kinds": (*CANCELLED.values(),)}
    return {(row.source, row.kind): int(row.many) for row in connection.execute(_BY_CAUSE, asked)}


def received(connection: Connection, now: int) -> dict[str, Rates]:
    """The numbers of events stored in the last hour, day and week, by source."""
    return _rates(connection, now, EVENTS)


def refused(connection: Connection, now: int) -> dict[str, Rates]:
    """The numbers of rejected webhooks that were kept, by source."""
    return _rates(connection, now, WEBHOOKS)


def totals(connection: Connection, now: int) -> dict[str, Rates]:
    """The numbers of events and calls of all sources, by counter kind."""
    asked = {"since": Span.WEEK.begins(now), "kinds": (*EVENTS, *CALLS)}
    rows: dict[str, list[AnyRow]] = {}
    for row in connection.execute(_BY_KIND, asked):
        rows.setdefault(row.kind, []).append(row)
    return {kind: _summed(of, now) for kind, of in rows.items()}


def rules(connection: Connection, now: int, source: str = "") -> dict[tuple[str, str], RuleUse]:
    """How often rules matched in the last week, by source and rule; missing if not in 90 days."""
    asked = {"since": Span.WEEK.begins(now), "source": source, "kinds": RULES}
    found: dict[tuple[str, str], RuleUse] = {}
    for row in connection.execute(_BY_RULE, asked):
        known = found.get((row.source, row.name), RuleUse())
        failed = int(row.many) if row.kind == "rule:failed" else 0
        last = max(known.last or 0, row.latest)
        found[row.source, row.name] = RuleUse(known.hits + int(row.many), known.failed + failed, last)
    return found


def _sums(connection: Connection, kind: str, source: str = "") -> dict[str, int]:
    rows = connection.execute(_SUM, {"kind": kind, "source": source})
    return {row.source: int(row.many) for row in rows}


def _at_ends(now: int, changes: list[int]) -> list[int]:
    """The number of live calls at the end of each period, from the current number and all changes."""
    found = []
    for change in reversed(changes):
        found.append(now)
        now -= change
    return found[::-1]


def _rates(connection: Connection, now: int, kinds: Sequence[str]) -> dict[str, Rates]:
    asked = {"since": Span.WEEK.begins(now), "kinds": kinds}
    rows: dict[str, list[AnyRow]] = {}
    for row in connection.execute(_BY_SOURCE, asked):
        rows.setdefault(row.source, []).append(row)
    return {source: _summed(of, now) for source, of in rows.items()}


def _summed(rows: list[AnyRow], now: int) -> Rates:
    return Rates(*(_since(rows, span.begins(now)) for span in Span))


def _since(rows: list[AnyRow], moment: int) -> int:
    return sum(int(row.many) for row in rows if row.at >= moment)
