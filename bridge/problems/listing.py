"""Makes the list of problems from facts, worst first. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from bridge.dispatch.policy.breaker import Breaker, Gate
from bridge.problems.facts import Facts, Fault, Question
from bridge.problems.problem import Level, Place, Problem
from bridge.reasons.causes import because
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.reasons.span import span
from bridge.store.queue.accounts import AccountState
from bridge.store.queue.pauses import Pause
from bridge.store.reports.audit import display_name
from bridge.store.reports.call_views import Doubt
from bridge.store.reports.trends import Unsent
from bridge.store.state.clock import Jump
from bridge.text.times import clock

_ORDER: Final[tuple[Level, ...]] = ("blocks", "bad", "warn", "hint")
_QUEUE: Final = Reason(ProblemCode.ABOUT_QUEUE)
_OVERDUE_CAUSE: Final = Reason(ProblemCode.OVERDUE_CAUSE)
_MAPPINGS: Final = Reason(ProblemCode.ABOUT_MAPPINGS)
_RULES: Final = Place("rules", {})
_CHECK: Final = "leadbridge check"


def problems(facts: Facts) -> tuple[Problem, ...]:
    """All problems that the facts show."""
    found = [
        *_installation(facts),
        *_mappings(facts),
        *_accounts(facts),
        *(_held(one, facts.now) for one in facts.pauses),
        *(_uncertain(one) for one in facts.doubts),
        *_unstarted(facts),
        *(answer(one) for one in facts.answers),
        *_rules(facts),
        *_webhooks(facts),
        *_sources(facts),
    ]
    return tuple(sorted(found, key=lambda one: _ORDER.index(one.level)))


def _installation(facts: Facts) -> Iterator[Problem]:
    if facts.database:
        about = Reason(ProblemCode.ABOUT_DATABASE)
        yield Problem("database", "blocks", about, *_said(facts.database), "leadbridge doctor")
    if facts.tables:
        about = Reason(ProblemCode.ABOUT_TABLES)
        yield Problem("migrations", "blocks", about, *_said(facts.tables), "leadbridge migrate")
    if facts.disk:
        yield Problem("disk", "blocks", Reason(ProblemCode.ABOUT_DISK), *_said(facts.disk))
    if facts.clock:
        yield _clock_jumped(facts.clock)
    if facts.late:
        late = Reason(ProblemCode.LATE, account=facts.late.account, span=span(facts.late.by))
        causes = (Reason(ProblemCode.LATE_CAUSES),)
        yield Problem("late", "warn", _QUEUE, late, causes, "leadbridge doctor")
    if facts.overdue:
        late, causes = Reason(ProblemCode.OVERDUE, span=span(facts.overdue)), (_OVERDUE_CAUSE,)
        place = Place("calls", {"state": "waiting"})
        yield Problem("overdue", "warn", _QUEUE, late, causes, "leadbridge calls --state waiting", place)


def _clock_jumped(jump: Jump) -> Problem:
    code = ProblemCode.CLOCK_AHEAD if jump.ahead > 0 else ProblemCode.CLOCK_BACK
    until = None if jump.needs_person else clock(jump.until)
    lasts = Reason(ProblemCode.CLOCK_PAUSES, until=until) if until else Reason(ProblemCode.CLOCK_NEEDS_PERSON)
    return Problem(
        "clock",
        "bad",
        Reason(ProblemCode.ABOUT_CLOCK),
        Reason(code, span=span(abs(jump.ahead))),
        (lasts,),
        "leadbridge resume clock",
    )


def _said(fault: Fault) -> tuple[Reason, tuple[Reason, ...]]:
    return fault.what, fault.hints


def _mappings(facts: Facts) -> Iterator[Problem]:
    if facts.files == "empty":
        title, cure = Reason(ProblemCode.MAPPINGS_EMPTY), (Reason(ProblemCode.CONNECT_SOURCE),)
        yield Problem("empty", "warn", _MAPPINGS, title, cure, "leadbridge new", Place("connect", {}))
    elif facts.files == "stale":
        title = Reason(ProblemCode.MAPPINGS_STALE)
        yield Problem("stale", "bad", _MAPPINGS, title, facts.files_why, _CHECK, _RULES)
    elif facts.files == "broken":
        title = Reason(ProblemCode.MAPPINGS_BROKEN)
        yield Problem("broken", "blocks", _MAPPINGS, title, facts.files_why, _CHECK, _RULES)
    for closed in facts.unset:
        odd = [(name, facts.odd_values[name]) for name in closed.variables if name in facts.odd_values]
        why = [Reason(ProblemCode.ODD_VALUE, variable=name, why=text) for name, text in odd]
        lines = (*why, Reason(ProblemCode.SET_VARIABLES))
        about = Reason(ProblemCode.ABOUT_VARIABLES)
        yield Problem("variables", "bad", about, closed.reason, lines, place=_RULES)


def _accounts(facts: Facts) -> Iterator[Problem]:
    yield from map(_unknown, facts.unknown_accounts)
    for account in facts.accounts:
        breaker = facts.breakers.get(account.name, Breaker())
        if account.paused:
            yield Problem(
                "paused",
                "bad",
                _QUEUE,
                Reason(ProblemCode.ACCOUNT_PAUSED, account=account.name),
                (_paused_by(account, facts.now),),
                f"leadbridge resume account {shlex.quote(account.name)}",
                change=Place("account_resume", {"account": account.name}),
            )
        elif breaker.gate is not Gate.CLOSED:
            yield Problem(
                "resting",
                "warn",
                _QUEUE,
                Reason(ProblemCode.RESTING, account=account.name),
                tuple(_resting(breaker)),
                place=Place("calls", {"account": account.name, "state": "open"}),
            )


def _unknown(one: Unsent) -> Problem:
    later = Reason(ProblemCode.NOT_DUE, count=one.waiting) if one.waiting else None
    return Problem(
        "unknown_account",
        "bad",
        _QUEUE,
        Reason(ProblemCode.UNKNOWN_ACCOUNT, count=one.live + one.waiting, account=one.account, later=later),
        (Reason(ProblemCode.UNKNOWN_ACCOUNT_CURE, account=one.account),),
        f"leadbridge calls --account {shlex.quote(one.account)} --state queued --state waiting",
        Place("calls", {"account": one.account, "state": "open" if one.live else "waiting"}),
    )


def _paused_by(one: AccountState | Pause, now: int) -> Reason:
    why = Reason(ProblemCode.WHY, why=one.paused_reason) if one.paused_reason else None
    seconds = max(now - one.paused_at, 0) // 1000
    return Reason(ProblemCode.PAUSED_BY, who=display_name(one.paused_by), span=span(seconds * 1000), why=why)


def _resting(breaker: Breaker) -> Iterator[Reason]:
    if breaker.since:
        yield Reason(ProblemCode.SINCE, since=clock(breaker.since))
    if breaker.probe:
        yield Reason(ProblemCode.LAST_PROBE, found=breaker.probe)
    yield Reason(ProblemCode.RESTING_ENDS)
    yield Reason(ProblemCode.RESTING_HINT)


def _held(one: Pause, now: int) -> Problem:
    return Problem(
        "held",
        "warn",
        _QUEUE,
        paused(one.source, one.rule),
        (_paused_by(one, now),),
        f"leadbridge resume {one.kind} {shlex.quote(one.name)}",
        change=Place("let_go", {"source": one.source, "rule": one.rule}),
    )


def paused(source: str, rule: str) -> Reason:
    """The reason that a rule is paused, or, without a rule, its source."""
    if rule:
        return Reason(ProblemCode.RULE_PAUSED, rule=rule, source=source)
    return Reason(ProblemCode.SOURCE_PAUSED, source=source)


def _uncertain(one: Doubt) -> Problem:
    why = Reason(ProblemCode.UNCERTAIN_CAUSE, cause=because(one.cause), since=clock(one.first))
    account, cause = shlex.quote(one.account), shlex.quote(one.cause)
    return Problem(
        "uncertain",
        "bad",
        _QUEUE,
        Reason(ProblemCode.UNCERTAIN, count=one.many, account=one.account),
        (why, Reason(ProblemCode.UNCERTAIN_SETTLE)),
        f"leadbridge calls --state uncertain --account {account} --cause {cause}",
        Place("calls", {"state": "uncertain", "account": one.account, "cause": one.cause}),
    )


def _unstarted(facts: Facts) -> Iterator[Problem]:
    if facts.unstarted:
        yield Problem(
            "unstarted",
            "warn",
            _QUEUE,
            Reason(ProblemCode.UNSTARTED, count=facts.unstarted),
            (Reason(ProblemCode.UNSTARTED_WHY),),
            "leadbridge calls --state refused --state exhausted --state expired --since 24h",
            Place("calls", {"state": "failed", "since": "24h"}),
        )


def answer(one: Question) -> Problem:
    """The question whether such an answer is success."""
    example = (Reason(ProblemCode.ANSWER_EXAMPLE, answer=one.example),) if one.example else ()
    success = "{$.started: 1}"
    return Problem(
        "answer",
        "warn",
        Reason(ProblemCode.ABOUT_ACCOUNT, account=one.account),
        Reason(ProblemCode.ANSWER, account=one.account),
        (
            Reason(ProblemCode.ANSWER_SHAPE, shape=one.shape),
            *example,
            Reason(ProblemCode.ANSWER_FAILURE, account=one.account, example=success),
            Reason(ProblemCode.ANSWER_SUCCESS),
        ),
        f"leadbridge resolve --answer {one.call_id} --done",
        Place("call", {"number": str(one.call_id)}),
        Place("answer_confirm", {"call": str(one.call_id)}),
    )


def _rules(facts: Facts) -> Iterator[Problem]:
    for source, rule, count in facts.failing:
        yield Problem(
            "failing",
            "bad",
            Reason(ProblemCode.ABOUT_SOURCE, source=source),
            Reason(ProblemCode.FAILING, rule=rule, source=source),
            (Reason(ProblemCode.FAILING_COUNT, count=count), Reason(ProblemCode.FAILING_CURE)),
            f"leadbridge events --source {shlex.quote(source)} --result failed",
            Place("events", {"source": source, "rule": rule, "result": "failed"}),
        )
    for source, rule, count in facts.unknown_rules:
        about, cure = Reason(ProblemCode.ABOUT_SOURCE, source=source), Reason(ProblemCode.UNKNOWN_RULE_CURE)
        title = Reason(ProblemCode.UNKNOWN_RULE, count=count, rule=rule, source=source)
        words = f"--state waiting --source {shlex.quote(source)} --rule {shlex.quote(rule)}"
        place = Place("calls", {"state": "waiting", "source": source, "rule": rule})
        yield Problem("unknown_rule", "hint", about, title, (cure,), f"leadbridge calls {words}", place)


def _webhooks(facts: Facts) -> Iterator[Problem]:
    if facts.unreadable:
        yield Problem(
            "unreadable",
            "bad",
            Reason(ProblemCode.ABOUT_SOURCES),
            Reason(ProblemCode.UNREADABLE, count=facts.unreadable),
            (Reason(ProblemCode.UNREADABLE_CURE),),
            "leadbridge events --result unreadable",
            Place("events", {"result": "unreadable"}),
        )
    for source, count in facts.rejected:
        yield Problem(
            "rejected",
            "warn",
            Reason(ProblemCode.ABOUT_SOURCE, source=source),
            Reason(ProblemCode.REJECTED, count=count, source=source),
            (Reason(ProblemCode.REJECTED_WHY),),
            f"leadbridge events --refused --source {shlex.quote(source)}",
            Place("refusals", {"source": source}),
        )


def _sources(facts: Facts) -> Iterator[Problem]:
    for source, quiet, usual in facts.silent:
        yield Problem(
            "silent",
            "warn",
            Reason(ProblemCode.ABOUT_SOURCE, source=source),
            Reason(ProblemCode.SILENT, source=source, span=span(quiet)),
            (Reason(ProblemCode.SILENT_USUAL, span=span(usual)),),
            f"leadbridge events --source {shlex.quote(source)}",
            Place("events", {"source": source}),
        )
    for one in facts.ambiguous:
        cure = Reason(ProblemCode.AMBIGUOUS_CURE, setting="{changed: new}")
        yield Problem(
            "ambiguous",
            "bad",
            Reason(ProblemCode.ABOUT_SOURCE, source=one.source),
            Reason(ProblemCode.AMBIGUOUS, source=one.source),
            (Reason(ProblemCode.AMBIGUOUS_COUNT, count=one.count), cure),
            f"leadbridge events --repeats --source {shlex.quote(one.source)}",
            Place("repeats", {"source": one.source}),
        )
    if facts.unheard:
        first, *others = facts.unheard
        yield Problem(
            "unheard",
            "hint",
            Reason(ProblemCode.ABOUT_SOURCES),
            Reason(ProblemCode.UNHEARD, count=len(facts.unheard), names=facts.unheard),
            (Reason(ProblemCode.UNHEARD_CURE),),
            place=_RULES if others else Place("connect_watch", {"source": first}),
        )
