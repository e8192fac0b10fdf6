"""Why a rule did or did not match, in a sentence: verdicts hold codes, this turns them into words."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bridge.language.conditions import Condition, Decision, compile_conditions
from bridge.language.document import read
from bridge.language.functions.base import quote
from bridge.language.nodes import Report
from bridge.language.operators import NEAR_CODES
from bridge.language.scope import Scope
from bridge.mapping.nearby import nearby
from bridge.mapping.rule import Rule, item_scope, items_of
from bridge.mapping.rules import MappingFile, judge
from bridge.model import Event, Json, Match, Verdict
from bridge.webhook.source import scope_of

Nearness = Literal["matched", "nearly", "not"]

_TAILS = {
    "case": ": differs by case",
    "blank": ": differs by blanks around it",
    "type": ": one is a text, the other is not",
    "not_number": ": not a number",
}
_STATES = {
    Match.MATCHED: "matched",
    Match.FAILED: "matched, but could not start",
    Match.SKIPPED: "not tried: an earlier rule said stop",
    Match.DISABLED: "switched off",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One condition of a rule, held against an event."""

    condition: str
    line: int
    holds: bool
    sentence: str
    """Why it does not hold; empty where it does."""


@dataclass(frozen=True, slots=True)
class Story:
    """One rule held against an event: every condition, not only the first that failed."""

    rule: str
    line: int
    nearness: Nearness
    """nearly: all conditions but one hold, or what fails looks like a slip."""
    conditions: tuple[Line, ...]


def sentence(verdict: Verdict, event: Event | None = None) -> str:
    """Why the verdict is what it is. With the event, absent paths are looked for elsewhere in it."""
    if verdict.match in _STATES:
        return _STATES[verdict.match]
    decision = Decision(False, verdict.code, verdict.found, verdict.condition, verdict.line)
    return _reason(decision, _compiled(verdict.condition), scope_of(event) if event else None)


def near_misses(mapping: MappingFile, event: Event, told: Collection[str], most: int) -> tuple[Verdict, ...]:
    """Verdicts of the first rules that nearly match, without those whose names are told already."""
    near = {story.rule for story in stories(mapping, event) if story.nearness == "nearly"}.difference(told)
    return tuple(verdict for verdict in judge(mapping, event) if verdict.rule in near)[:most]


def stories(mapping: MappingFile, event: Event) -> tuple[Story, ...]:
    """Every rule that is switched on, held against the event."""
    scope = scope_of(event)
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
    scopes = [item_scope(scope, item) for item in items_of(rule.for_each, scope)[:1_000]]
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
    words = "" if decision.holds else _reason(decision, _part(condition, decision), scope)
    return Line(condition.text, condition.line, decision.holds, words)


def _part(condition: Condition, decision: Decision) -> Condition | None:
    """The part of a group that decided."""
    if condition.text == decision.condition:
        return condition
    inner = (one for part in condition.parts for one in part)
    return next((found for one in inner if (found := _part(one, decision))), None)


def _compiled(text: str) -> Condition | None:
    """A condition read again from its own text; None where that was cut or is no condition."""
    report = Report("")
    node = read(text.encode("utf-8", "replace"), report)
    conditions = compile_conditions(node, report) if node is not None else ()
    return conditions[0] if len(conditions) == 1 and not report.failed else None


def _reason(decision: Decision, condition: Condition | None, scope: Scope | None) -> str:
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
    return [_first_reason(part, scope) for part in condition.parts]


def _first_reason(part: tuple[Condition, ...], scope: Scope) -> str:
    for one in part:
        decision = one.test(scope)
        if not decision.holds:
            return _reason(decision, _part(one, decision), scope)
    return "it holds now"


def _bare(decision: Decision) -> str:
    found = "nothing is there" if decision.code == "absent" else f"found {quote(decision.found)}"
    return f"{found} ({decision.code})" if decision.code not in ("absent", "differs") else found
