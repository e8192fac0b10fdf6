"""Why a rule did or did not match: makes reasons of verdicts, which hold codes alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition, Decision, compile_conditions
from bridge.language.document import read
from bridge.language.nodes import Report
from bridge.language.operators import NEAR_CODES
from bridge.mapping.author.decision_reasons import decision_reason, part
from bridge.mapping.rules.apply import MappingFile, judge
from bridge.mapping.rules.rule import Rule, item_scope, known_items
from bridge.model import Event, Failure, Match, Verdict
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.webhook.source import scope_of

Nearness = Literal["matched", "nearly", "not"]

_STATES = {
    Match.MATCHED: Reason(RuleCode.MATCHED),
    Match.FAILED: Reason(RuleCode.FAILED),
    Match.SKIPPED: Reason(RuleCode.SKIPPED),
    Match.DISABLED: Reason(RuleCode.DISABLED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One condition of a rule, held against an event."""

    condition: str
    line: int
    holds: bool
    reason: Reason | None
    """Why it does not hold; None where it does."""


@dataclass(frozen=True, slots=True)
class Story:
    """One rule held against an event: every condition, not only the first that failed."""

    rule: str
    line: int
    nearness: Nearness
    """nearly: all conditions but one hold, or what fails looks like a slip."""
    conditions: tuple[Line, ...]


def verdict_reason(verdict: Verdict, event: Event | None = None) -> Reason:
    """Why the verdict is what it is. With the event, absent paths are looked for elsewhere in it."""
    if verdict.match in _STATES:
        return _STATES[verdict.match]
    decision = Decision(False, verdict.code, verdict.found, verdict.condition, verdict.line)
    return decision_reason(decision, _compiled(verdict.condition), scope_of(event) if event else None)


def lack(failure: Failure) -> Reason:
    """What a start lacks: its key, and why that has no value."""
    return Reason(RuleCode.LACKS, key=failure.key, why=failure.reason)


def near_misses(mapping: MappingFile, event: Event, told: Collection[str], most: int) -> tuple[Verdict, ...]:
    """Verdicts of the first rules that nearly match, without those whose names are told already."""
    near = {story.rule for story in stories(mapping, event) if story.nearness == "nearly"}.difference(told)
    return tuple(verdict for verdict in judge(mapping, event) if verdict.rule in near)[:most]


def stories(mapping: MappingFile, event: Event) -> tuple[Story, ...]:
    """Every rule that is switched on, held against the event."""
    scope = mapping.source.scope_of(event)
    return tuple(_story(rule, scope) for rule in mapping.rules if rule.enabled)


def _story(rule: Rule, scope: Scope) -> Story:
    decided = [(one, one.test(scope)) for one in rule.conditions]
    decided += _on_items(rule, scope)
    lines = tuple(_line(condition, decision, scope) for condition, decision in decided)
    failing = [decision for _, decision in decided if not decision.holds]
    return Story(rule.name, rule.line, _nearness(failing, len(decided)), lines)


def _on_items(rule: Rule, scope: Scope) -> list[tuple[Condition, Decision]]:
    """The conditions on `$item`, held against the item that most of them hold for."""
    if rule.for_each is None or not rule.item_conditions:
        return []
    scopes = [item_scope(scope, item) for item in known_items(rule.for_each, scope)[:1_000]]
    tries = [[(one, one.test(inner)) for one in rule.item_conditions] for inner in scopes]
    if not tries:
        gone = Decision(False, "no_items", None, f"for_each: {rule.for_each.text}", rule.line)
        return [(one, gone) for one in rule.item_conditions]
    return max(tries, key=lambda decided: sum(decision.holds for _, decision in decided))


def _nearness(failing: list[Decision], total: int) -> Nearness:
    if not failing:
        return "matched"
    slips = all(decision.code in NEAR_CODES for decision in failing)
    return "nearly" if slips or (len(failing) == 1 and total > 1) else "not"


def _line(condition: Condition, decision: Decision, scope: Scope) -> Line:
    why = None if decision.holds else decision_reason(decision, part(condition, decision), scope)
    return Line(condition.text, condition.line, decision.holds, why)


def _compiled(text: str) -> Condition | None:
    """A condition read again from its own text; None where that was cut or is no condition."""
    report = Report("")
    node = read(text.encode("utf-8", "replace"), report)
    conditions = compile_conditions(node, report) if node is not None else ()
    return conditions[0] if len(conditions) == 1 and not report.failed else None
