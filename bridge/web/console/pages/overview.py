"""Overview: what is wrong, what happened over time, how accounts and sources are doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import request

from bridge.assemble.facts import Snapshot, for_owner, is_silent, snapshot
from bridge.assemble.rules import effective_accounts
from bridge.assemble.web import WebSide
from bridge.dispatch.policy import pace
from bridge.dispatch.policy.breaker import Breaker
from bridge.mapping.compile.compiler import Compiled
from bridge.model import ALERT_SOURCE, Account, Request
from bridge.problems.listing import problems
from bridge.store.reports import trends
from bridge.store.reports.queue_stats import Queue
from bridge.store.reports.sources import SourceUse
from bridge.store.reports.trends import Rates, Span
from bridge.web.console.routes import Answer, Console
from bridge.web.console.view.charts import happenings, queue
from bridge.web.console.view.lists import asked
from bridge.web.console.view.problems import shown
from bridge.web.console.view.rendering import render, render_live
from bridge.webhook.source import Accepted, Source

SPANS: Final = {"hour": Span.HOUR, "day": Span.DAY, "week": Span.WEEK}
SINCE: Final = {"hour": "1h", "day": "24h", "week": "7d"}
"""The same in the words of a filter."""
USUAL: Final = "day"
SAMPLE: Final = '{"hello": "world"}'
"""A webhook to try with."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account: what is queued for it, and how fast that goes."""

    name: str
    queue: Queue | None
    """None while it never had a call."""
    gate: str
    account: Account | None
    """None where no mapping file knows it any more."""
    rate: float
    """Calls a second at present, 0 where that is not known."""

    @property
    def slowed(self) -> bool:
        return self.account is not None and self.rate < 0.99 * self.account.rate


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source: how much it sends, and since when nothing."""

    use: SourceUse
    mapped: bool
    """Whether there is a mapping file for it."""
    silent: bool


def register(console: Console) -> None:
    """Its place in the navigation, and what its live part asks for."""
    console.place("overview", "/", overview, icon="gauge")
    console.page("overview_now", "/overview/now", now, place="overview")


def overview(console: Console) -> Answer:
    """The whole page."""
    return render("overview", **_seen(console))


def now(console: Console) -> Answer:
    """What changes while one looks."""
    return render_live("overview/now", **_seen(console))


def _seen(console: Console) -> dict[str, Any]:
    side = console.side
    span = asked("span") or USUAL
    span = span if span in SPANS else USUAL
    compiled = side.mapping_loader.current
    accounts = effective_accounts(side.settings, side.mapping_loader)
    known = for_owner(side.readiness.facts(), side.mapping_loader, side.readiness.disk)
    with side.store.read() as connection:
        seen = snapshot(connection, side.store.now(connection), compiled, accounts, known)
        periods = trends.over_time(connection, seen.facts.now, SPANS[span])
    wrong, lines = problems(seen.facts), _sources(seen, compiled)
    beginning = _is_new(lines)
    return {
        "span": span,
        "since": SINCE[span],
        "chart": happenings(periods),
        "queue": queue(periods),
        "sums": {
            name: sum(getattr(one, name) for one in periods)
            for name in ("received", "started", "uncertain", "failed")
        },
        "live": periods[-1].live,
        "waiting": seen.queue_stats.waiting,
        "oldest": max((one.oldest_ms for one in seen.queue_stats.queues), default=0),
        "problems": [shown(one) for one in wrong if not (beginning and one.kind == "unheard")],
        "calm": all(one.level == "hint" for one in wrong),
        "accounts": _accounts(seen, compiled.accounts),
        "sources": lines,
        "beginning": beginning,
        "address": _first_address(side) if beginning else "",
        "sample": SAMPLE,
    }


def _accounts(seen: Snapshot, known: Mapping[str, Account]) -> list[AccountLine]:
    queues = {one.account.name: one for one in seen.queue_stats.queues}
    return [
        AccountLine(
            name,
            queues.get(name),
            seen.breakers.get(name, Breaker()).gate.value,
            known.get(name),
            _rate(known.get(name), queues.get(name), seen.facts.now),
        )
        for name in sorted({*queues, *known})
    ]


def _rate(account: Account | None, queue: Queue | None, now: int) -> float:
    if account is None:
        return 0.0
    return account.rate * (pace.factor(queue.account.slow, now) if queue else 1.0)


def _sources(seen: Snapshot, compiled: Compiled) -> list[SourceLine]:
    """Those that send, and those that mapping files wait for."""
    used = {one.source: one for one in seen.sources}
    never = {name: SourceUse(name, None, Rates(), Rates()) for name in compiled.sources}
    return [
        SourceLine(use, name in compiled.sources, is_silent(use, compiled, seen.facts.now))
        for name, use in sorted({**never, **used}.items())
        if name != ALERT_SOURCE
    ]


def _is_new(lines: list[SourceLine]) -> bool:
    """Whether nothing has come yet."""
    return not any(one.use.last_at is not None or one.use.refused.week for one in lines)


def _first_address(side: WebSide) -> str:
    """Where `SAMPLE` can be sent to; empty where no source takes JSON."""
    mapped = side.mapping_loader.current.sources
    sample = Request(
        "POST", "", (("Content-Type", "application/json"),), SAMPLE.encode(), "", local=side.sandboxed
    )
    takes = [name for name, one in sorted(mapped.items()) if _takes(one.source, sample)]
    believes = [name for name in takes if isinstance(mapped[name].source.receive(sample, 0), Accepted)]
    base = side.settings.public_url or f"{request.scheme}://{request.host}"
    return next((f"{base.rstrip('/')}/hooks/{name}" for name in [*believes, *takes]), "")


def _takes(source: Source, sample: Request) -> bool:
    json = source.decoder.kind_of(sample.method, "application/json", sample.body) == "json"
    return json and sample.method in source.methods
