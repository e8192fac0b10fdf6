"""What is wrong now, the worst first, each with the one thing to do about it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from bridge.dispatch.breaker import Breaker, Gate
from bridge.mapping.compile.compiler import Unset
from bridge.mapping_loader import MappingLoader
from bridge.model import ALERT_SOURCE, Account
from bridge.operations.answers import Question, questions
from bridge.operations.times import clock
from bridge.readiness import Readiness
from bridge.store.queue import pauses
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import repeat_views, trends
from bridge.store.reports.event_views import EventFilter, page_of_events
from bridge.store.reports.pagination import Page
from bridge.store.reports.queue_stats import Figures
from bridge.store.reports.sources import SourceUse
from bridge.store.reports.trends import Rates
from bridge.web.console.rendering import cause, duration, reworded, t, url

Tone: TypeAlias = Literal["bad", "warn"]

WEEK_MS: Final = 7 * 86_400_000
RULES: Final = 5
"""Failing rules that are named, those with the most failures."""
FINDINGS: Final = 3
"""Findings in mapping files that are shown."""
COMMANDS: Final[Mapping[str, str]] = {
    "database": "leadbridge doctor",
    "migrations": "leadbridge migrate",
    "queue": "leadbridge doctor",
}
UNSTARTED: Final = ("call:refused", "call:exhausted", "call:expired")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that somebody should see to."""

    tone: Tone
    title: str
    told: tuple[str, ...] = ()
    """More about it, a line each."""
    to: str = ""
    """The page where it is seen to."""
    step: str = ""
    """The words of the way there."""
    command: str = ""
    """What to type where there is no such page."""
    resume: str = ""
    """The change that is made here: usually it lets what is paused go on."""
    button: str = ""
    """The words of that change where they are others than "Resume"."""
    named: Mapping[str, str] = field(default_factory=dict)
    """What the form for it says."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What problems are found in."""

    seen: Figures
    breakers: Mapping[str, Breaker]
    """Of each account that ever had a call."""
    sources: tuple[SourceUse, ...]
    silence: Mapping[str, int]
    """Seconds after which a source that sends nothing is missed."""
    totals: Mapping[str, Rates]
    """How often each thing happened, by its kind."""


def problems(
    connection: Transaction,
    readiness: Readiness,
    mapping_loader: MappingLoader,
    accounts: Mapping[str, Account],
    scene: Scene,
) -> list[Problem]:
    """All of them."""
    found = [
        *_surroundings(readiness, mapping_loader, scene),
        *_accounts(scene),
        *_pauses(connection, scene.seen.now),
        *_calls(scene),
        *(answer_problem(one) for one in questions(connection, accounts, mapping_loader.current.sources)),
        *_rules(connection, scene.seen.now),
        *_events(connection, scene),
        *_sources(scene),
        *_ambiguous(connection, scene.seen.now),
    ]
    return sorted(found, key=lambda one: one.tone != "bad")


def is_silent(use: SourceUse, silence: Mapping[str, int], now: int) -> bool:
    """Whether the source has sent nothing for longer than its owner said is usual."""
    quiet = use.silence(now)
    return use.source in silence and quiet is not None and quiet > silence[use.source] * 1000


def _surroundings(readiness: Readiness, mapping_loader: MappingLoader, scene: Scene) -> Iterator[Problem]:
    broken, odd = readiness.problems(), dict(readiness.warnings())
    if any(queue.account.paused for queue in scene.seen.queues):
        odd.pop("queue", None)
    findings = [str(one) for one in mapping_loader.latest.findings if one.is_error][:FINDINGS]
    empty = not (mapping_loader.ready or findings or mapping_loader.trouble)
    for name, words in {**odd, **broken}.items():
        lines = tuple(findings) if name == "mappings" and findings else (words,)
        if name == "disk":
            lines = (readiness.disk.too_full_to_accept(),)
        if name == "variables":
            lines = tuple(_closed(one) for one in mapping_loader.current.unset)
        yield Problem(
            "bad" if name in broken or name in ("mappings", "variables") else "warn",
            t("overview.no_mappings") if empty and name == "mappings" else t(f"overview.trouble.{name}"),
            lines,
            to=url("connect" if empty and name == "mappings" else "rules")
            if name in ("mappings", "variables")
            else "",
            step=t("overview.connect" if empty and name == "mappings" else "overview.see_rules"),
            command=COMMANDS.get(name, ""),
        )


def _closed(one: Unset) -> str:
    return t(f"overview.unset.{one.kind}", name=one.name, variables=", ".join(one.variables))


def _accounts(scene: Scene) -> Iterator[Problem]:
    for queue in scene.seen.queues:
        account = queue.account
        if account.paused:
            since = duration(max(scene.seen.now - account.paused_at, 0))
            told = t("overview.paused.since", who=account.paused_by, span=since)
            yield Problem(
                "bad",
                t("overview.paused.title", account=account.name),
                tuple(line for line in (reworded(account.paused_reason, "call"), told) if line),
                resume="account_resume",
                named={"account": account.name},
                command=f"leadbridge resume account {account.name}",
            )
        elif scene.breakers[account.name].gate is Gate.OPEN:
            yield Problem(
                "warn",
                t("overview.resting.title", account=account.name),
                (*_rest(scene.breakers[account.name]), t("overview.resting.told")),
                to=url("calls", account=account.name, state="open"),
                step=t("overview.see_calls"),
            )


def _rest(breaker: Breaker) -> Iterator[str]:
    """Since when nothing goes out, and what the last probe found."""
    if breaker.since:
        yield t("overview.resting.since", since=clock(breaker.since))
    if breaker.probe:
        yield t("overview.resting.probe", found=reworded(breaker.probe, "probe"))


def _pauses(connection: Transaction, now: int) -> Iterator[Problem]:
    for one in pauses.standing(connection):
        told = t("overview.paused.since", who=one.paused_by, span=duration(max(now - one.paused_at, 0)))
        yield Problem(
            "warn",
            t(f"overview.held.{one.kind}", source=one.source, rule=one.rule),
            tuple(line for line in (one.paused_reason, told) if line),
            resume="let_go",
            named={"source": one.source, "rule": one.rule},
            command=f"leadbridge resume {one.kind} {shlex.quote(one.name)}",
        )


def _calls(scene: Scene) -> Iterator[Problem]:
    for doubt in scene.seen.doubts:
        why, since = cause(doubt.cause), clock(doubt.first)
        yield Problem(
            "bad",
            t("overview.uncertain.title", count=doubt.many),
            (
                t("overview.uncertain.why", account=doubt.account, why=why, since=since),
                t("overview.uncertain.told"),
            ),
            to=url("calls", state="uncertain", account=doubt.account, cause=doubt.cause),
            step=t("overview.uncertain.step"),
        )
    refused = sum(scene.totals.get(kind, Rates()).day for kind in UNSTARTED)
    if refused:
        yield Problem(
            "warn",
            t("overview.refused.title", count=refused),
            (t("overview.refused.told"),),
            to=url("calls", state="failed", since="24h"),
            step=t("overview.see_calls"),
        )


def answer_problem(one: Question) -> Problem:
    """Such an answer counts as done: is that right?"""
    return Problem(
        "warn",
        t("overview.answer.title", account=one.account),
        (
            t("overview.answer.shape", shape=one.shape),
            *((t("overview.answer.example", answer=one.example),) if one.example else ()),
            t("overview.answer.told", account=one.account),
        ),
        to=url("call", number=one.call_id),
        step=t("overview.answer.step", number=str(one.call_id)),
        resume="answer_confirm",
        button=t("overview.answer.yes"),
        named={"call": str(one.call_id)},
        command=f"leadbridge resolve --answer {one.call_id} --done",
    )


def _rules(connection: Transaction, now: int) -> Iterator[Problem]:
    used = trends.rules(connection, now).items()
    failing = sorted((use.failed, key) for key, use in used if use.failed)[::-1]
    for failed, (source, rule) in failing[:RULES]:
        if _still(connection, EventFilter(source=source, rule=rule, result="failed", since=now - WEEK_MS)):
            yield Problem(
                "bad",
                t("overview.failing.title", rule=rule, source=source),
                (t("overview.failing.told", count=failed),),
                to=url("events", source=source, rule=rule, result="failed"),
                step=t("overview.see_events"),
            )


def _events(connection: Transaction, scene: Scene) -> Iterator[Problem]:
    many = scene.totals.get("event:unreadable", Rates()).week
    if many and _still(connection, EventFilter(result="unreadable", since=scene.seen.now - WEEK_MS)):
        yield Problem(
            "bad",
            t("overview.unreadable.title", count=many),
            (t("overview.unreadable.told"),),
            to=url("events", result="unreadable"),
            step=t("overview.see_events"),
        )


def _sources(scene: Scene) -> Iterator[Problem]:
    for use in scene.sources:
        if use.refused.day:
            yield Problem(
                "warn",
                t("overview.turned_away.title", count=use.refused.day, source=use.source),
                (t("overview.turned_away.told"),),
                to=url("refusals", source=use.source),
                step=t("overview.turned_away.step"),
            )
        if use.source != ALERT_SOURCE and is_silent(use, scene.silence, scene.seen.now):
            quiet, usual = use.silence(scene.seen.now) or 0, scene.silence[use.source] * 1000
            yield Problem(
                "warn",
                t("overview.silent.title", source=use.source, span=duration(quiet)),
                (t("overview.silent.told", span=duration(usual)),),
                to=url("events", source=use.source),
                step=t("overview.silent.step"),
            )


def _ambiguous(connection: Transaction, now: int) -> Iterator[Problem]:
    for one in repeat_views.ambiguous(connection, now):
        yield Problem(
            "bad",
            t("repeats.ambiguous.title", source=one.source),
            (t("repeats.ambiguous.told", count=one.count),),
            to=url("repeats", source=one.source),
            step=t("repeats.ambiguous.step"),
            command=f"leadbridge events --repeats --source {one.source}",
        )


def _still(connection: Transaction, wanted: EventFilter) -> bool:
    """Whether at least one is left that nobody has replayed since."""
    found = page_of_events(connection, wanted, Page(limit=1))
    return bool(found.items) or found.more is not None
