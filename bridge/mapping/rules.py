"""A mapping file's rules, and their pure application to an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from bridge.language.conditions import HOLDS, Decision, decide
from bridge.language.operators import NEAR_CODES
from bridge.language.paths import Path
from bridge.language.scope import Scope
from bridge.mapping.index import RuleIndex
from bridge.mapping.rule import MAX_ITEMS, Rule, item_scope, items_of
from bridge.mapping.start import Rendered
from bridge.model import Application, BotStart, Event, Failure, Json, Match, Verdict
from bridge.webhook.source import Source, scope_of

FEW_RULES = 50
"""Up to so many rules, every one is asked and has its verdict, however far it is from matching."""
MAX_NEAR = 50
"""Near misses of a larger set that one event's verdicts tell."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One start that a test expects: the keys that are compared, as text."""

    line: int
    values: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Example:
    """One of a mapping file's `tests:`."""

    name: str
    line: int
    file: str | None
    """Path of a raw body, relative to the mapping file's folder; None where `body` stands in the file."""
    body: Json
    headers: tuple[tuple[str, str], ...]
    query: str
    expect: tuple[Expected, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappingFile:
    """One mapping file without errors: its source and what its events start."""

    path: str
    source: Source
    rules: tuple[Rule, ...]
    tests: tuple[Example, ...]
    account: str
    line: int
    """Of the source's name."""
    version: str
    """The first 12 hexadecimal digits of a SHA-256 over the bytes of the file, and of its profile."""
    index: RuleIndex
    """Which rules an event can match."""


_verdict: Callable[[tuple[str, Match, str, str, Json, int]], Verdict] = partial(tuple.__new__, Verdict)
"""Makes a verdict at half the cost of the class's own constructor: one is made per rule and event."""


def apply(mapping: MappingFile, event: Event) -> Application:
    """What the rules make of an event: all that match, in the order of the file, until one says `stop`.

    Of a larger set than FEW_RULES only those are asked that the event can match, and only the verdicts of
    rules that matched, failed or came near are told; `judge` gives the others.
    """
    scope = scope_of(event)
    if len(mapping.rules) <= FEW_RULES:
        return _run(mapping.rules, scope)
    asked = _run(mapping.index.candidates(scope), scope)
    return Application(asked.starts, asked.failures, _telling(asked.verdicts), mapping.index.names)


def apply_silently(mapping: MappingFile, event: Event) -> Application:
    """What `apply` makes of an event, without verdicts: as few rules are asked as can be."""
    scope = scope_of(event)
    asked = _run(mapping.index.candidates(scope), scope)
    return Application(asked.starts, asked.failures, ())


def judge(mapping: MappingFile, event: Event) -> tuple[Verdict, ...]:
    """The verdict of every rule, at the cost of asking every one."""
    return _run(mapping.rules, scope_of(event)).verdicts


def judge_alone(rule: Rule, event: Event) -> Verdict:
    """The verdict of one rule, as if there were no other."""
    return _run((rule,), scope_of(event)).verdicts[0]


def _run(rules: Iterable[Rule], scope: Scope) -> Application:
    starts: list[BotStart] = []
    failures: list[Failure] = []
    verdicts: list[Verdict] = []
    stopped = False
    for rule in rules:
        if stopped or not rule.enabled:
            verdicts.append(Verdict(rule.name, Match.SKIPPED if stopped else Match.DISABLED, line=rule.line))
            continue
        verdict = _try(rule, scope, starts, failures)
        verdicts.append(verdict)
        stopped = rule.stop and verdict.match is not Match.UNMATCHED
    return Application(tuple(starts), tuple(failures), tuple(verdicts))


def _telling(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Those that matched or failed, and the first that came near."""
    told: list[Verdict] = []
    near = 0
    for verdict in verdicts:
        if verdict.match is Match.MATCHED or verdict.match is Match.FAILED:
            told.append(verdict)
        elif verdict.code in NEAR_CODES and near < MAX_NEAR:
            told.append(verdict)
            near += 1
    return tuple(told)


def _try(rule: Rule, scope: Scope, starts: list[BotStart], failures: list[Failure]) -> Verdict:
    decision = decide(rule.conditions, scope)
    if decision is not HOLDS:
        return _unmatched(rule, decision)
    if rule.for_each is None:
        failed = _start(rule, scope, 0, starts, failures)
        return Verdict(rule.name, Match.FAILED if failed else Match.MATCHED, line=rule.line)
    return _each(rule, rule.for_each, scope, starts, failures)


def _each(rule: Rule, path: Path, scope: Scope, starts: list[BotStart], failures: list[Failure]) -> Verdict:
    items = items_of(path, scope)
    if len(items) > MAX_ITEMS:
        message = f"{path.text} gives {len(items):,} items, at most {MAX_ITEMS:,} are taken"
        failures.append(Failure(rule.name, 0, "for_each", path.text, message))
        return Verdict(rule.name, Match.FAILED, line=rule.line)
    decision = Decision(False, "no_items", None, f"for_each: {path.text}", rule.line)
    chosen = failed = 0
    for index, item in enumerate(items):
        inner = item_scope(scope, item)
        latest = decide(rule.item_conditions, inner)
        if latest.holds:
            chosen += 1
            failed += _start(rule, inner, index, starts, failures)
        else:
            decision = latest
    if not chosen:
        return _unmatched(rule, decision)
    return Verdict(rule.name, Match.FAILED if failed else Match.MATCHED, line=rule.line)


def _unmatched(rule: Rule, decision: Decision) -> Verdict:
    _, code, found, condition, line = decision
    return _verdict((rule.name, Match.UNMATCHED, condition, code, found, line))


def _start(rule: Rule, scope: Scope, index: int, starts: list[BotStart], failures: list[Failure]) -> bool:
    """Add the start, or its failures; whether it failed."""
    rendered = rule.start.render(scope)
    if isinstance(rendered, Rendered):
        starts.append(_bot_start(rule, index, rendered))
        return False
    failures += [Failure(rule.name, index, lack.key, lack.path, lack.message) for lack in rendered]
    return True


def _bot_start(rule: Rule, index: int, rendered: Rendered) -> BotStart:
    return BotStart(
        rule=rule.name,
        item=index,
        account=rule.account,
        recipient=rendered.recipient,
        bot_id=rendered.bot_id,
        variables=rendered.variables,
        forced=rule.start.forced,
        order=rule.order,
        on_uncertain=rule.on_uncertain,
        expires=rule.expires,
        shadow=rule.shadow,
    )
