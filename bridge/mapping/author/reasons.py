"""Why a condition does not hold, in a sentence."""

from __future__ import annotations

from decimal import Decimal

from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition, Decision
from bridge.language.functions.base import quote
from bridge.mapping.author.suggest_path import nearby
from bridge.model import Json

_TAILS = {
    "case": ": differs by case",
    "blank": ": differs by blanks around it",
    "type": ": one is a text, the other is not",
    "not_number": ": not a number",
}


def reason(decision: Decision, condition: Condition | None, scope: Scope | None) -> str:
    """Why the decision is what it is. With a scope, absent paths are looked for elsewhere in it."""
    if decision.code == "no_items":
        return f"{decision.condition.removeprefix('for_each: ')} has no items"
    if condition is None:
        return f"{decision.condition} does not hold: {_bare(decision)}"
    if condition.kind == "path":
        return _of_path(decision, condition, scope)
    return _of_group(decision, condition, scope)


def _of_path(decision: Decision, condition: Condition, scope: Scope | None) -> str:
    path = condition.path.text if condition.path else ""
    if decision.code == "absent":
        return f"{path} is absent{_hint(condition, scope)}"
    found = _found(decision)
    if decision.code == "other_absent":
        others = " and ".join(one.text for one in condition.paths[1:])
        return f"{path} is {found}, and nothing stands at {others} to compare with"
    return f"{path} is {found}, wanted {condition.wanted}{_tail(decision, path)}"


def _hint(condition: Condition, scope: Scope | None) -> str:
    other = nearby(condition.path, scope) if scope and condition.path else None
    return f"; {other} exists" if other else ""


def _tail(decision: Decision, path: str) -> str:
    if decision.code == "list":
        return f"; {path}[*] asks its elements"
    return _TAILS.get(decision.code, "")


def _found(decision: Decision) -> str:
    """The found value, called a text or number where that is what matters."""
    if decision.code in ("list", "object"):
        return f"{'a list' if decision.code == 'list' else 'an object'} of {decision.found}"
    numeric = decision.code in ("type", "less", "more", "not_number")
    return _typed(decision.found) if numeric else quote(decision.found)


def _typed(found: Json) -> str:
    if isinstance(found, str):
        return f"the text {quote(found)}"
    is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
    return f"the number {quote(found)}" if is_number else quote(found)


def _of_group(decision: Decision, condition: Condition, scope: Scope | None) -> str:
    if decision.code == "held":
        path = condition.parts[0][0].path if len(condition.parts[0]) == 1 else None
        found = f"{path.text} is {quote(decision.found)}" if path else "all of it holds"
        return f"{found}, which must not be: {condition.text}"
    if scope is None:
        return f"none of the alternatives holds: {condition.text}"
    return f"none of the alternatives holds: {'; or '.join(_alternatives(condition, scope))}"


def _alternatives(condition: Condition, scope: Scope) -> list[str]:
    return [_first_reason(each, scope) for each in condition.parts]


def _first_reason(conditions: tuple[Condition, ...], scope: Scope) -> str:
    for one in conditions:
        decision = one.test(scope)
        if not decision.holds:
            return reason(decision, part(one, decision), scope)
    return "it holds now"


def _bare(decision: Decision) -> str:
    found = "nothing is there" if decision.code == "absent" else f"found {quote(decision.found)}"
    return f"{found} ({decision.code})" if decision.code not in ("absent", "differs") else found


def part(condition: Condition, decision: Decision) -> Condition | None:
    """The part of a group that decided."""
    if condition.text == decision.condition:
        return condition
    inner = (one for each in condition.parts for one in each)
    return next((found for one in inner if (found := part(one, decision))), None)
