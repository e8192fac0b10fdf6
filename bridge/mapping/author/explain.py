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
from bridge.mapping.rules.rule import MAX_ITEMS, Rule, item_scope, known_items
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
class ConditionResult:
    """The result of one condition of a rule for an event."""

    condition: str
    line: int
    holds: bool
    reason: Reason | None
    """Why it does not hold; None if it does."""


@dataclass(frozen=True, slots=True)
class RuleEvaluation:
    """The results of all conditions of one rule for an event, not only the first that failed."""

    rule: str
    line: int
    nearness: Nearness
    """`nearly`: all conditions but one hold, or those that fail look like a mistake in the rule."""
    conditions: tuple[ConditionResult, ...]


def verdict_reason(verdict: Verdict, event: Event | None = None) -> Reason:
    """The reason for a verdict. With the event, suggest another path for one that is absent."""
    if verdict.match in _STATES:
        return _STATES[verdict.match]
    decision = Decision(False, verdict.code, verdict.found, verdict.condition, verdict.line)
    return decision_reason(decision, _compiled(verdict.condition), scope_of(event) if event else None)


def failure_reason(failure: Failure) -> Reason:
    """The key of a start that failed, and why it has no value."""
    return Reason(RuleCode.LACKS, key=failure.key, why=failure.reason)


def near_misses(mapping: MappingFile, event: Event, known: Collection[str], most: int) -> tuple[Verdict, ...]:
    """Verdicts of the first rules that nearly match, without the rules in `known`."""
    nearly = {one.rule for one in evaluate_rules(mapping, event) if one.nearness == "nearly"}
    near = nearly.difference(known)
    return tuple(verdict for verdict in judge(mapping, event) if verdict.rule in near)[:most]


def evaluate_rules(mapping: MappingFile, event: Event) -> tuple[RuleEvaluation, ...]:
    """Evaluate all conditions of every rule that is switched on."""
    scope = mapping.source.scope_of(event)
    return tuple(_evaluate(rule, scope) for rule in mapping.rules if rule.enabled)


def _evaluate(rule: Rule, scope: Scope) -> RuleEvaluation:
    decided = [(one, one.test(scope)) for one in rule.conditions]
    decided += _on_items(rule, scope)
    results = tuple(_result(condition, decision, scope) for condition, decision in decided)
    failing = [decision for _, decision in decided if not decision.holds]
    return RuleEvaluation(rule.name, rule.line, _nearness(failing, len(decided)), results)


def _on_items(rule: Rule, scope: Scope) -> list[tuple[Condition, Decision]]:
    """The decisions about `$item`, for the item for which most of the conditions hold."""
    if rule.for_each is None or not rule.item_conditions:
        return []
    scopes = [item_scope(scope, item) for item in known_items(rule.for_each, scope)[:MAX_ITEMS]]
    tries = [[(one, one.test(inner)) for one in rule.item_conditions] for inner in scopes]
    if not tries:
        gone = Decision(False, "no_items", None, f"for_each: {rule.for_each.text}", rule.line)
        return [(one, gone) for one in rule.item_conditions]
    return max(tries, key=lambda decided: sum(decision.holds for _, decision in decided))


def _nearness(failing: list[Decision], total: int) -> Nearness:
    if not failing:
        return "matched"
    mistakes = all(decision.code in NEAR_CODES for decision in failing)
    return "nearly" if mistakes or (len(failing) == 1 and total > 1) else "not"


def _result(condition: Condition, decision: Decision, scope: Scope) -> ConditionResult:
    why = None if decision.holds else decision_reason(decision, part(condition, decision), scope)
    return ConditionResult(condition.text, condition.line, decision.holds, why)


def _compiled(text: str) -> Condition | None:
    """A condition compiled from its stored text; None if the text was truncated or is not one condition."""
    report = Report("")
    node = read(text.encode("utf-8", "replace"), report)
    conditions = compile_conditions(node, report) if node is not None else ()
    return conditions[0] if len(conditions) == 1 and not report.failed else None
