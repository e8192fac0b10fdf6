"""Counts over time, from the tallies: how much came and what became of it, by stretch, source and rule.

Times are unix milliseconds, stretches begin at whole ones of UTC. The last of a row of stretches is the one
under way, so that a "last hour" of twelve stretches is up to five minutes short. `tallies` says what each
figure counts; events from before there were tallies are in none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from sqlalchemy import Connection, TextClause, bindparam, text

from bridge.store.db.bulk import AnyRow
from bridge.store.reports.counters import CALLS, EVENTS, HOUR_MS, RULES, STRETCH_MS, WAITING, WEBHOOKS


class Span(Enum):
    """A time up to now, as so many stretches of so many milliseconds."""

    HOUR = (12, STRETCH_MS)
    DAY = (24, HOUR_MS)
    WEEK = (28, 6 * HOUR_MS)

    def begins(self, now: int) -> int:
        """When its first stretch begins."""
        many, width = self.value
        return now - now % width - (many - 1) * width


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened in one stretch of time."""

    at: int
    """When it begins."""
    received: int = 0
    """Events that were stored."""
    started: int = 0
    """Calls that became done."""
    failed: int = 0
    """Events that failed or were unreadable as they came, and calls that ended without a bot started."""
    uncertain: int = 0
    """Calls that became uncertain."""
    waiting: int = 0
    """Calls that waited at its end: queued, claimed, being sent or parked."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often something happened."""

    hour: int = 0
    day: int = 0
    week: int = 0


@dataclass(frozen=True, slots=True)
class RuleUse:
    """How a rule fared with the events of a week, as they came."""

    hits: int = 0
    """Events that it matched, those included for which it failed."""
    failed: int = 0
    """Events that it matched and had no value for."""
    last: int | None = None
    """When it last matched, in a replay too; None where not in 90 days."""


def _of_kinds(sql: str) -> TextClause:
    return text(sql).bindparams(bindparam("kinds", expanding=True))


_FIGURE: Final = {
    "event:failed": "failed",
    "event:unreadable": "failed",
    "call:done": "started",
    "call:refused": "failed",
    "call:exhausted": "failed",
    "call:expired": "failed",
    "call:uncertain": "uncertain",
    WAITING: "waiting",
}
_BY_STRETCH: Final = _of_kinds("""
SELECT kind, at - at % :width AS at, sum(many) AS many FROM tallies
WHERE kind IN :kinds AND at >= :since AND (:source = '' OR source = :source)
GROUP BY kind, at - at % :width
""")
_WAIT: Final = text("SELECT sum(many) FROM tallies WHERE kind = :kind AND (:source = '' OR source = :source)")
_BY_SOURCE: Final = _of_kinds("""
SELECT source, at, sum(many) AS many FROM tallies WHERE kind IN :kinds AND at >= :since GROUP BY source, at
""")
_BY_KIND: Final = _of_kinds("""
SELECT kind, at, sum(many) AS many FROM tallies WHERE kind IN :kinds AND at >= :since GROUP BY kind, at
""")
_BY_RULE: Final = _of_kinds("""
SELECT kind, source, name, sum(CASE WHEN at >= :since THEN many ELSE 0 END) AS many, max(latest) AS latest
FROM tallies WHERE kind IN :kinds AND (:source = '' OR source = :source)
GROUP BY kind, source, name
""")


def over_time(connection: Connection, now: int, span: Span, source: str = "") -> tuple[Stretch, ...]:
    """One figure of each kind for every stretch of the span, oldest first; of one source, or of all."""
    many, width = span.value
    first = span.begins(now)
    asked = {"width": width, "since": first, "source": source, "kinds": (*EVENTS, *CALLS)}
    figures: Counter[tuple[int, str]] = Counter()
    for row in connection.execute(_BY_STRETCH, asked):
        figures[row.at, _FIGURE.get(row.kind, "")] += int(row.many)
        if row.kind in EVENTS:
            figures[row.at, "received"] += int(row.many)
    stretches = [first + place * width for place in range(many)]
    waits = _waits(waiting(connection, source), [figures[at, "waiting"] for at in stretches])
    return tuple(
        Stretch(
            at=at,
            received=figures[at, "received"],
            started=figures[at, "started"],
            failed=figures[at, "failed"],
            uncertain=figures[at, "uncertain"],
            waiting=left,
        )
        for at, left in zip(stretches, waits, strict=True)
    )


def waiting(connection: Connection, source: str = "") -> int:
    """How many calls wait now, exactly, however many there are."""
    return int(connection.execute(_WAIT, {"kind": WAITING, "source": source}).scalar_one() or 0)


def received(connection: Connection, now: int) -> dict[str, Rates]:
    """How many events of each source were stored in the last hour, day and week."""
    return _rates(connection, now, EVENTS)


def refused(connection: Connection, now: int) -> dict[str, Rates]:
    """How many rejected webhooks of each source are kept."""
    return _rates(connection, now, WEBHOOKS)


def totals(connection: Connection, now: int) -> dict[str, Rates]:
    """How often each kind of thing happened to events and calls of all sources, by the kind's name."""
    asked = {"since": Span.WEEK.begins(now), "kinds": (*EVENTS, *CALLS)}
    rows: dict[str, list[AnyRow]] = {}
    for row in connection.execute(_BY_KIND, asked):
        rows.setdefault(row.kind, []).append(row)
    return {kind: _summed(of, now) for kind, of in rows.items()}


def rules(connection: Connection, now: int, source: str = "") -> dict[tuple[str, str], RuleUse]:
    """How rules fared in the last week, by source and rule; one that is missing did not match in 90 days."""
    asked = {"since": Span.WEEK.begins(now), "source": source, "kinds": RULES}
    found: dict[tuple[str, str], RuleUse] = {}
    for row in connection.execute(_BY_RULE, asked):
        known = found.get((row.source, row.name), RuleUse())
        failed = int(row.many) if row.kind == "rule:failed" else 0
        last = max(known.last or 0, row.latest)
        found[row.source, row.name] = RuleUse(known.hits + int(row.many), known.failed + failed, last)
    return found


def _waits(now: int, changes: list[int]) -> list[int]:
    """How many waited at the end of each stretch, from how many wait now and what changed in each."""
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
