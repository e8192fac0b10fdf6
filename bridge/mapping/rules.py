"""Compiled rules, and their pure application to an event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bridge.language.conditions import HOLDS, Condition, Decision, decide
from bridge.language.paths import Path
from bridge.language.scope import Scope
from bridge.mapping.start import Rendered, Start
from bridge.model import (
    Application,
    BotStart,
    Event,
    Failure,
    Json,
    Match,
    OnUncertain,
    Order,
    Verdict,
)
from bridge.webhook.source import Source, scope_of

MAX_ITEMS = 1_000
"""Elements of `for_each` that one event may have: each becomes a bot start."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a mapping file, compiled."""

    name: str
    line: int
    """Of its name; `column` likewise."""
    start: Start
    account: str
    column: int = 1
    conditions: tuple[Condition, ...] = ()
    """Those that decide about the event."""
    item_conditions: tuple[Condition, ...] = ()
    """Those on `$item`: they choose among the items."""
    for_each: Path | None = None
    enabled: bool = True
    stop: bool = False
    expires: int = 86400
    order: Order = "relaxed"
    on_uncertain: OnUncertain | None = None
    shadow: bool = False


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
    """The first 12 hexadecimal digits of the SHA-256 of the file's bytes."""


_verdict: Callable[[tuple[str, Match, str, str, Json, int]], Verdict] = partial(tuple.__new__, Verdict)
"""Makes a verdict at half the cost of the class's own constructor: one is made per rule and event."""


def apply(mapping: MappingFile, event: Event) -> Application:
    """What the rules make of an event: all that match, in the order of the file, until one says `stop`."""
    scope = scope_of(event)
    starts: list[BotStart] = []
    failures: list[Failure] = []
    verdicts: list[Verdict] = []
    stopped = False
    for rule in mapping.rules:
        if stopped or not rule.enabled:
            verdicts.append(Verdict(rule.name, Match.SKIPPED if stopped else Match.DISABLED, line=rule.line))
            continue
        verdict = _try(rule, scope, starts, failures)
        verdicts.append(verdict)
        stopped = rule.stop and verdict.match is not Match.UNMATCHED
    return Application(tuple(starts), tuple(failures), tuple(verdicts))


def items_of(path: Path, scope: Scope) -> list[Json]:
    """The elements that `for_each` goes through: all values of a path, or those of the one list found."""
    found = path.find(scope)
    if not path.definite or not found:
        return found
    only = found[0]
    if isinstance(only, dict) and only and all(key.isdecimal() for key in only):
        return list(only.values())
    return only if isinstance(only, list) else found


def item_scope(scope: Scope, item: Json) -> Scope:
    """The scope with one element as `$item`."""
    return Scope(scope.body, scope.headers, scope.query, scope.event, item)


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
