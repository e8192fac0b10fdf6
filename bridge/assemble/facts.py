"""Collects the facts for `bridge.problems`, from mapping files and the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from bridge.dispatch.policy import account_health
from bridge.dispatch.policy.breaker import Breaker
from bridge.mapping.compile.compiler import Compiled
from bridge.mapping_loader import MappingLoader
from bridge.model import ALERT_SOURCE, Account
from bridge.operations.answers import questions
from bridge.problems.facts import Facts, Failing, Fault, Keyed, Late, Rejected, Silent
from bridge.readiness import LATE_MS, overdue, unknown_accounts
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.store.db.disk import Disk
from bridge.store.queue import pauses
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import queue_stats, repeat_views, sources, trends
from bridge.store.reports.event_views import EventFilter, page_of_events
from bridge.store.reports.pagination import Page
from bridge.store.reports.queue_stats import QueueStats
from bridge.store.reports.sources import SourceUse
from bridge.store.reports.trends import Rates
from bridge.store.state import clock

WEEK_MS: Final = 7 * 86_400_000
RULES: Final = 5
"""The most failing rules that are listed, those with the most failures first; and of unknown rules."""
FINDINGS: Final = 3
"""The most findings in mapping files that are shown."""
UNSTARTED: Final = ("call:refused", "call:exhausted", "call:expired")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of the database at one moment: facts about problems, and counts."""

    queue_stats: QueueStats
    sources: tuple[SourceUse, ...]
    breakers: Mapping[str, Breaker]
    """The breaker of each account that ever had a call."""
    facts: Facts


def snapshot(
    connection: Transaction, now: int, used: Compiled, accounts: Mapping[str, Account], known: Facts
) -> Snapshot:
    """Read everything that may be a problem from the database, in addition to `known` facts."""
    stats = queue_stats.count(connection, now)
    usage, totals = sources.in_use(connection, now), trends.totals(connection, now)
    breakers = {
        one.account.name: account_health.from_text(one.account.health).breaker for one in stats.queues
    }
    jump = clock.held(connection, now)
    unknown = unknown_accounts(connection, used)
    facts = replace(
        known,
        now=now,
        late=_late(stats, {one.account for one in unknown}),
        overdue=overdue(stats.waiting.due_at, now, jump),
        clock=jump,
        accounts=tuple(one.account for one in stats.queues),
        unknown_accounts=unknown,
        breakers=breakers,
        pauses=pauses.active(connection),
        doubts=stats.doubts,
        answers=questions(connection, accounts, used.sources),
        unstarted=sum(totals.get(kind, Rates()).day for kind in UNSTARTED),
        failing=tuple(_failing(connection, now)),
        unknown_rules=tuple(_unknown_rules(connection, used))[:RULES],
        unreadable=_unreadable(connection, now, totals),
        rejected=tuple(Rejected(use.source, use.refused.day) for use in usage if use.refused.day),
        silent=tuple(_silent(usage, used, now)),
        ambiguous=repeat_views.ambiguous(connection, now),
        unheard=_unheard(usage, used),
    )
    return Snapshot(stats, usage, breakers, facts)


def for_owner(facts: Facts, rules: MappingLoader, disk: Disk) -> Facts:
    """The facts with details that only the owner may see: paths, and texts of mapping files."""
    trouble = (rules.trouble,) if rules.trouble else ()
    why = trouble or findings(rules.latest)[:FINDINGS]
    return replace(facts, files_why=why, disk=full(disk))


def full(disk: Disk) -> Fault | None:
    """The fault that the disk has too little space; None if it has enough."""
    short = disk.accepting()
    return short and Fault(Reason(ProblemCode.NOTHING_ACCEPTED, why=short.what), (short.hint,))


def findings(read: Compiled) -> tuple[Reason, ...]:
    """The errors in mapping files, each with its position."""
    return tuple(one.whole for one in read.findings if one.is_error)


def is_silent(use: SourceUse, used: Compiled, now: int) -> bool:
    """Whether the source has sent nothing for longer than its `silence` in the mappings."""
    quiet, usual = use.silence(now), used.alerts.silence.get(use.source)
    return usual is not None and quiet is not None and quiet > usual * 1000


def _late(stats: QueueStats, unknown: AbstractSet[str]) -> Late | None:
    """The account with the latest call; calls of paused and unknown accounts must wait."""
    late = [
        Late(one.account.name, one.late_ms)
        for one in stats.queues
        if not one.account.paused and one.account.name not in unknown
    ]
    most = max(late, key=lambda one: one.by, default=Late("", 0))
    return most if most.by > LATE_MS else None


def _failing(connection: Transaction, now: int) -> Iterator[Failing]:
    used = trends.rules(connection, now).items()
    most = sorted((use.failed, key) for key, use in used if use.failed)[::-1][:RULES]
    for failed, (source, rule) in most:
        if _still(connection, EventFilter(source=source, rule=rule, result="failed", since=now - WEEK_MS)):
            yield Failing(source, rule, failed)


def _unknown_rules(connection: Transaction, used: Compiled) -> Iterator[Keyed]:
    for source, rule, many in queue_stats.under_keys(connection):
        file = used.sources.get(source)
        if file and rule not in {one.name for one in file.rules}:
            yield Keyed(source, rule, many)


def _unreadable(connection: Transaction, now: int, totals: Mapping[str, Rates]) -> int:
    many = totals.get("event:unreadable", Rates()).week
    left = many and _still(connection, EventFilter(result="unreadable", since=now - WEEK_MS))
    return many if left else 0


def _still(connection: Transaction, wanted: EventFilter) -> bool:
    """Whether at least one such event was not replayed since."""
    found = page_of_events(connection, wanted, Page(limit=1))
    return bool(found.items) or found.more is not None


def _silent(usage: tuple[SourceUse, ...], used: Compiled, now: int) -> Iterator[Silent]:
    for use in usage:
        if use.source != ALERT_SOURCE and is_silent(use, used, now):
            yield Silent(use.source, use.silence(now) or 0, used.alerts.silence[use.source] * 1000)


def _unheard(usage: tuple[SourceUse, ...], used: Compiled) -> tuple[str, ...]:
    """Sources without events. Closed ones are left out: they are listed as another problem."""
    known = {use.source for use in usage}
    return tuple(name for name, one in sorted(used.sources.items()) if name not in known and not one.unset)
