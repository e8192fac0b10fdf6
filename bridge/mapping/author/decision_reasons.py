"""Gives the reason for a decision: why a condition does not hold."""

from __future__ import annotations

from decimal import Decimal

from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition, Decision
from bridge.language.functions.base import quote
from bridge.mapping.author.suggest_path import suggest_path
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode


def decision_reason(decision: Decision, condition: Condition | None, scope: Scope | None) -> Reason:
    """Why the condition does not hold. With a scope, suggest another path for one that is absent."""
    if decision.code == "no_items":
        return Reason(RuleCode.NO_ITEMS, path=decision.condition.removeprefix("for_each: "))
    if condition is None:
        return Reason(RuleCode.UNREADABLE_CONDITION, condition=decision.condition, found=_coded(decision))
    if condition.kind == "path":
        return _of_path(decision, condition, scope)
    return _of_group(decision, condition, scope)


def _of_path(decision: Decision, condition: Condition, scope: Scope | None) -> Reason:
    path = condition.path.text if condition.path else ""
    found, wanted = _found(decision), condition.wanted
    match decision.code:
        case "absent":
            return Reason(RuleCode.ABSENT, path=path, hint=_hint(condition, scope))
        case "other_absent":
            others = tuple(one.text for one in condition.paths[1:])
            return Reason(RuleCode.OTHER_ABSENT, path=path, found=found, others=others)
        case "list":
            return Reason(RuleCode.IS_A_LIST, path=path, found=found, wanted=wanted, elements=f"{path}[*]")
        case "case":
            return Reason(RuleCode.DIFFERS_BY_CASE, path=path, found=found, wanted=wanted)
        case "blank":
            return Reason(RuleCode.DIFFERS_BY_BLANKS, path=path, found=found, wanted=wanted)
        case "type":
            return Reason(RuleCode.DIFFERS_BY_TYPE, path=path, found=found, wanted=wanted)
        case "not_number":
            return Reason(RuleCode.IS_NO_NUMBER, path=path, found=found, wanted=wanted)
    return Reason(RuleCode.DIFFERS, path=path, found=found, wanted=wanted)


def _hint(condition: Condition, scope: Scope | None) -> Reason | None:
    other = suggest_path(condition.path, scope) if scope and condition.path else None
    return Reason(RuleCode.ELSEWHERE, other=other) if other else None


def _found(decision: Decision) -> str | Reason:
    """The found value, with its type if the type decided."""
    if decision.code == "list":
        return Reason(RuleCode.LIST_OF, size=decision.found)
    if decision.code == "object":
        return Reason(RuleCode.OBJECT_OF, size=decision.found)
    numeric = decision.code in ("type", "less", "more", "not_number")
    return _typed(decision.found) if numeric else quote(decision.found)


def _typed(found: Json) -> str | Reason:
    if isinstance(found, str):
        return Reason(RuleCode.TEXT, value=quote(found))
    is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
    return Reason(RuleCode.NUMBER, value=quote(found)) if is_number else quote(found)


def _of_group(decision: Decision, condition: Condition, scope: Scope | None) -> Reason:
    if decision.code == "held":
        path = condition.parts[0][0].path if len(condition.parts[0]) == 1 else None
        if path is None:
            return Reason(RuleCode.ALL_HELD, condition=condition.text)
        found = quote(decision.found)
        return Reason(RuleCode.HELD, path=path.text, found=found, condition=condition.text)
    alternatives = (condition.text,) if scope is None else _alternatives(condition, scope)
    return Reason(RuleCode.NONE_HELD, alternatives=alternatives)


def _alternatives(condition: Condition, scope: Scope) -> tuple[Reason, ...]:
    return tuple(_first_reason(each, scope) for each in condition.parts)


def _first_reason(conditions: tuple[Condition, ...], scope: Scope) -> Reason:
    for one in conditions:
        decision = one.test(scope)
        if not decision.holds:
            return decision_reason(decision, part(one, decision), scope)
    return Reason(RuleCode.HOLDS_NOW)


def _coded(decision: Decision) -> Reason:
    """What was found, with the decision's code, for a condition whose text can no longer be compiled."""
    if decision.code == "absent":
        return Reason(RuleCode.NOTHING_FOUND)
    value = quote(decision.found)
    if decision.code == "differs":
        return Reason(RuleCode.FOUND, value=value)
    return Reason(RuleCode.FOUND_AS, value=value, kind=decision.code)


def part(condition: Condition, decision: Decision) -> Condition | None:
    """The part of a group of conditions that decided; None if there is none."""
    if condition.text == decision.condition:
        return condition
    inner = (one for each in condition.parts for one in each)
    return next((found for one in inner if (found := part(one, decision))), None)
