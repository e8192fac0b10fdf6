"""Applies a mapping file's rules to an event: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.conditions import HOLDS, Decision, decide
from bridge.language.functions.base import shown_number
from bridge.language.operators import NEAR_CODES
from bridge.language.text import Unusable
from bridge.mapping.rules.index import RuleIndex
from bridge.mapping.rules.rule import MAX_ITEMS, Rule, item_scope, items_of
from bridge.mapping.rules.start import Rendered, RenderFailure, Shared
from bridge.mapping.rules.waiting import AT_ONCE, Later
from bridge.model import Application, BotStart, Cancellation, Event, Failure, Json, Match, Verdict
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.reasons.stored import to_json
from bridge.webhook.budget import (
    CALL,
    CALL_ROW,
    ERRAND_ROW,
    EVENT,
    FAILURE,
    RULE,
    Budget,
    OverBudgetError,
    size_of,
)
from bridge.webhook.source import Source

FEW_RULES = 50
"""Up to this number of rules, every rule is evaluated and has a verdict."""
MAX_NEAR = 50
"""Maximum number of near misses among an event's verdicts for a larger set."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A start that a test expects: the keys to compare."""

    line: int
    values: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Example:
    """One of a mapping file's `tests:`."""

    name: str
    line: int
    file: str | None
    """Path of a raw body, relative to the mapping file's folder; None if the mapping file has the `body`."""
    body: Json
    headers: tuple[tuple[str, str], ...]
    query: str
    expect: tuple[Expected, ...]
    failed: tuple[str, ...]
    cancelled: tuple[str, ...] | None = None
    """Expected keys of errands that end, in order; None if they are not compared."""
    now: int = 0
    """The time of receipt; 0 if the test does not say."""


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A compiled mapping file without errors: a source, its rules and its tests."""

    path: str
    source: Source
    rules: tuple[Rule, ...]
    tests: tuple[Example, ...]
    account: str
    line: int
    """Line of the source's name."""
    version: str
    """The first 12 hexadecimal digits of a SHA-256 over the bytes of the file, and of its profile."""
    index: RuleIndex
    """Which rules an event can match."""
    unset: tuple[str, ...] = ()
    """Environment variables that the source needs and that are not set. If any, the source is closed."""


_verdict: Callable[[tuple[str, Match, str, str, Json, int]], Verdict] = partial(tuple.__new__, Verdict)
"""Creates a Verdict at half the cost of its constructor: there is one per rule and event."""


def apply(mapping: MappingFile, event: Event) -> Application:
    """Apply the rules to an event in the order of the file, until a matching rule has `stop`.

    In a set larger than FEW_RULES only rules that the event can match are evaluated, and only rules that
    matched, failed or nearly matched have a verdict; `judge` gives all. If the calls would exceed the budget
    of a webhook, the rule fails and nothing starts.
    """
    return _bounded(lambda budget: apply_within(mapping, event, budget), event)


def apply_within(mapping: MappingFile, event: Event, budget: Budget) -> Application:
    """Apply the rules to one event of a webhook. Raises OverBudgetError if its calls exceed the budget."""
    scope = mapping.source.scope_of(event, budget.look_at)
    if len(mapping.rules) <= FEW_RULES:
        return _run(mapping.rules, scope, budget)
    applied = _run(mapping.index.candidates(scope), scope, budget)
    return replace(applied, verdicts=_reported(applied.verdicts), rules=mapping.index.names)


def apply_silently(mapping: MappingFile, event: Event) -> Application:
    """Apply the rules without verdicts: only rules that the event can match are evaluated."""

    def run(budget: Budget) -> Application:
        scope = mapping.source.scope_of(event, budget.look_at)
        return _run(mapping.index.candidates(scope), scope, budget)

    return replace(_bounded(run, event), verdicts=())


def judge(mapping: MappingFile, event: Event) -> tuple[Verdict, ...]:
    """The verdicts of all rules. Evaluates every rule."""
    return _judged(mapping, mapping.rules, event)


def judge_alone(mapping: MappingFile, rule: Rule, event: Event) -> Verdict:
    """The verdict of one rule, as if it were the only one."""
    return _judged(mapping, (rule,), event)[0]


def _judged(mapping: MappingFile, rules: tuple[Rule, ...], event: Event) -> tuple[Verdict, ...]:
    def run(budget: Budget) -> Application:
        return _run(rules, mapping.source.scope_of(event, budget.look_at), budget)

    return _bounded(run, event).verdicts


def _bounded(run: Callable[[Budget], Application], event: Event) -> Application:
    """Run with the budget of one webhook. A rule that exceeds it fails, and nothing starts."""
    try:
        return run(Budget(lambda: event.size or size_of(event.document)))
    except OverBudgetError as error:
        failure = Failure(error.rule, 0, "start", "", error.whole)
        return Application((), (failure,), (Verdict(error.rule, Match.FAILED),))


@dataclass(slots=True)
class _Results:
    """Starts, failures and cancellations of an event so far."""

    budget: Budget
    starts: list[BotStart] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    cancels: list[Cancellation] = field(default_factory=list)


def _run(rules: Iterable[Rule], scope: Scope, budget: Budget) -> Application:
    budget.look_at(EVENT)
    results = _Results(budget)
    verdicts: list[Verdict] = []
    stopped = False
    for rule in rules:
        if stopped or not rule.enabled:
            verdicts.append(Verdict(rule.name, Match.SKIPPED if stopped else Match.DISABLED, line=rule.line))
            continue
        budget.rule = rule.name
        budget.look_at(RULE)
        verdict = _try(rule, scope, results)
        verdicts.append(verdict)
        stopped = rule.stop and verdict.match is not Match.UNMATCHED
    starts, failures, cancels = tuple(results.starts), tuple(results.failures), tuple(results.cancels)
    return Application(starts, failures, tuple(verdicts), cancels=cancels)


def _reported(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The verdicts of rules that matched or failed, and of the first that nearly matched."""
    reported: list[Verdict] = []
    near = 0
    for verdict in verdicts:
        if verdict.match is Match.MATCHED or verdict.match is Match.FAILED:
            reported.append(verdict)
        elif verdict.code in NEAR_CODES and near < MAX_NEAR:
            reported.append(verdict)
            near += 1
    return tuple(reported)


def _try(rule: Rule, scope: Scope, results: _Results) -> Verdict:
    decision = decide(rule.conditions, scope)
    if decision is not HOLDS:
        return _unmatched(rule, decision)
    if rule.for_each is None:
        failed = _carry_out(rule, scope, 0, results)
        return Verdict(rule.name, Match.FAILED if failed else Match.MATCHED, line=rule.line)
    return _each(rule, rule.for_each, scope, results)


def _each(rule: Rule, path: Path, scope: Scope, results: _Results) -> Verdict:
    try:
        items = _items(path, scope)
    except Unusable as error:
        results.failures.append(Failure(rule.name, 0, "for_each", path.text, error.about(path.text)))
        return Verdict(rule.name, Match.FAILED, line=rule.line)
    decision = Decision(False, "no_items", None, f"for_each: {path.text}", rule.line)
    chosen = failed = 0
    shared: Shared = {}
    for index, item in enumerate(items):
        inner = item_scope(scope, item)
        results.budget.look_at(RULE)
        latest = decide(rule.item_conditions, inner)
        if latest.holds:
            chosen += 1
            failed += _carry_out(rule, inner, index, results, shared)
        else:
            decision = latest
    if not chosen:
        return _unmatched(rule, decision)
    return Verdict(rule.name, Match.FAILED if failed else Match.MATCHED, line=rule.line)


def _items(path: Path, scope: Scope) -> list[Json]:
    items = items_of(path, scope)
    if len(items) > MAX_ITEMS:
        most = shown_number(MAX_ITEMS)
        reason = Reason(RuleCode.TOO_MANY_ITEMS, what=path.text, count=len(items), most=most)
        raise Unusable(reason, path.text)
    return items


def _unmatched(rule: Rule, decision: Decision) -> Verdict:
    _, code, found, condition, line = decision
    return _verdict((rule.name, Match.UNMATCHED, condition, code, found, line))


def _carry_out(rule: Rule, scope: Scope, index: int, results: _Results, shared: Shared | None = None) -> bool:
    """Add what the rule ends and starts, or its failures, and return whether it failed.

    A rule ends errands before it starts a bot. Raises OverBudgetError before the budget is exceeded."""
    failures: list[RenderFailure] = []
    start = rule.start
    rendered = start.render(scope, failures, shared) if start else None
    later = rule.waiting.render(scope, failures, shared) if rule.waiting else AT_ONCE
    if failures:
        results.budget.store(sum([FAILURE + size_of(to_json(one.reason)) for one in failures]))
        results.failures += [Failure(rule.name, index, one.key, one.path, one.reason) for one in failures]
        return True
    if later.cancelled is not None:
        _cancel(rule, index, later.cancelled, results)
    if start is not None and rendered is not None:
        size = sum([len(name) + len(text) for name, text in rendered.variables])
        errand = ERRAND_ROW + len(later.errand.key) if later.errand else 0
        results.budget.store(CALL_ROW + size + errand)
        results.budget.look_at(CALL)
        made = _bot_start(rule, index, rendered, forced=start.forced)
        results.starts.append(made if later is AT_ONCE else _later(made, later))
    return False


def _cancel(rule: Rule, index: int, key: str, results: _Results) -> None:
    lasts = rule.waiting.cancel.lasts if rule.waiting and rule.waiting.cancel else 0
    results.budget.store(ERRAND_ROW + len(key))
    results.budget.look_at(CALL)
    place = len(results.starts)
    results.cancels.append(Cancellation(rule.name, index, rule.account, key, lasts, place, rule.shadow))


def _later(start: BotStart, later: Later) -> BotStart:
    return replace(start, due_at=later.due_at, late=later.late, zone=later.zone, errand=later.errand)


def _bot_start(rule: Rule, index: int, rendered: Rendered, *, forced: bool) -> BotStart:
    return BotStart(
        rule=rule.name,
        item=index,
        account=rule.account,
        recipient=rendered.recipient,
        bot_id=rendered.bot_id,
        variables=rendered.variables,
        forced=forced,
        order=rule.order,
        on_uncertain=rule.on_uncertain,
        expires=rule.expires,
        shadow=rule.shadow,
    )
