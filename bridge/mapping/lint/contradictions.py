"""Finds conditions of one rule that no event can meet together.

Tries every value that could make a difference, instead of reasoning about operators. Conditions for which
that is not enough (they compare with other paths, ignore case or search texts) are taken to be possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import pairwise
from typing import TypeAlias

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.conditions import Condition, leaves
from bridge.language.functions.figures import decimal_of
from bridge.model import Json
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

_LOOKS_INTO_TEXTS = frozenset({"contains", "starts_with", "ends_with", "matches"})
_MAX_INDEX = 100
_EXACT = Context(prec=1_000)
_ODDS: tuple[Json, ...] = (ABSENT, None, True, False, "", "some other text", [], [0], {"some": "object"})
"""Values of every type. Texts and numbers in conditions are tried in addition."""

_Place: TypeAlias = tuple[str, tuple[str | int, ...]]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A condition that cannot hold, and the earlier one that it contradicts; None if it never holds alone."""

    condition: Condition
    earlier: Condition | None
    alternative: bool = False
    """Whether it is part of an `any`: only that alternative can never hold."""

    @property
    def reason(self) -> Reason:
        if self.earlier is None:
            never = MappingCode.ALTERNATIVE_IMPOSSIBLE if self.alternative else MappingCode.RULE_IMPOSSIBLE
            return Reason(never)
        code = MappingCode.ALTERNATIVE_CONTRADICTS if self.alternative else MappingCode.RULE_CONTRADICTS
        return Reason(code, condition=self.earlier.text, line=self.earlier.line)


def contradiction(conditions: Iterable[Condition]) -> Contradiction | None:
    """The first contradiction of conditions that must all hold; None if they may hold."""
    return next(_contradictions(_flat(conditions)), None)


def dead_alternatives(conditions: Iterable[Condition]) -> Iterator[Contradiction]:
    """Alternatives of an `any` that never hold together with the other conditions."""
    together = _flat(conditions)
    for group in together:
        others = [one for one in together if one is not group]
        for part in group.parts if group.kind == "any" else ():
            found = next(_contradictions([*others, *_flat(part)]), None)
            if found is not None:
                yield Contradiction(found.condition, found.earlier, alternative=True)


def _flat(conditions: Iterable[Condition]) -> list[Condition]:
    """The conditions, with each `all` replaced by its parts."""
    found: list[Condition] = []
    for one in conditions:
        found += _flat(inner for part in one.parts for inner in part) if one.kind == "all" else [one]
    return found


def _contradictions(conditions: list[Condition]) -> Iterator[Contradiction]:
    groups: dict[_Place, list[Condition]] = {}
    for one in conditions:
        place = _place(one)
        if place is not None:
            groups.setdefault(place, []).append(one)
    for place, group in groups.items():
        if _worth_trying(group) and _impossible(place, group):
            yield _conflict(place, group)


def _worth_trying(group: list[Condition]) -> bool:
    """Whether a contradiction is possible: a single operator never contradicts itself."""
    leaf_conditions = list(leaves(group))
    return (
        len(group) > 1 or len(leaf_conditions) > 1 or any(len(_operators(one)) > 1 for one in leaf_conditions)
    )


def _conflict(place: _Place, group: list[Condition]) -> Contradiction:
    for number, later in enumerate(group):
        if _impossible(place, [later]):
            return Contradiction(later, None)
        for earlier in group[:number]:
            if _impossible(place, [earlier, later]):
                return Contradiction(later, earlier)
    return Contradiction(group[-1], group[0])


def _place(condition: Condition) -> _Place | None:
    """The one definite path that a condition compares with literals only; None for other conditions."""
    paths = condition.paths
    places = {_written(path) for path in paths}
    if len(places) != 1 or not paths[0].definite:
        return None
    leaf_conditions = list(leaves([condition]))
    decidable = len(paths) == len(leaf_conditions) and not any(
        one.question and one.question.every for one in leaf_conditions
    )
    return places.pop() if decidable else None


def _written(path: Path) -> _Place:
    """Root and steps of a path. Names of headers are case-insensitive, so they become lower case."""
    if path.root != "$headers":
        return path.root, path.steps
    return path.root, tuple(step.lower() if isinstance(step, str) else step for step in path.steps)


def _operators(condition: Condition) -> tuple[str, ...]:
    return condition.question.operators if condition.question else ()


def _impossible(place: _Place, group: list[Condition]) -> bool:
    candidates = _candidates(group)
    if candidates is None:
        return False
    scopes = [_scope(place, value) for value in candidates]
    return not any(scope is None or all(one.test(scope).holds for one in group) for scope in scopes)


def _candidates(group: list[Condition]) -> list[Json] | None:
    """Values of which at least one meets the group if any value does; None if that cannot be listed."""
    leaf_conditions = list(leaves(group))
    if any(one.question and one.question.fold for one in leaf_conditions):
        return None
    demanded = [one.equality[1] for one in group if one.equality]
    texts = next((values for values in demanded if all(isinstance(one, str) for one in values)), None)
    if texts is not None:
        return list(texts)
    if any(_LOOKS_INTO_TEXTS.intersection(_operators(one)) for one in leaf_conditions):
        return None
    if demanded:
        return [value for values in demanded for value in values]
    literals = [value for one in leaf_conditions if one.question for value in one.question.literals]
    return [*_ODDS, *literals, *_numbers(literals)]


def _numbers(literals: list[Json]) -> list[Json]:
    """Numbers below, above and (two of them) between the literals."""
    named = sorted({number for value in literals if (number := decimal_of(value)) is not None})
    if not named:
        return [0, 1]
    steps = [(_EXACT.divide(_EXACT.subtract(high, low), Decimal(4)), low) for low, high in pairwise(named)]
    between = [
        _EXACT.add(low, _EXACT.multiply(step, Decimal(many))) for step, low in steps for many in (1, 2)
    ]
    ends = [_EXACT.subtract(named[0], Decimal(1)), _EXACT.add(named[-1], Decimal(1))]
    return [*between, *ends]


def _scope(place: _Place, value: Json) -> Scope | None:
    """A scope with the value at the place; None if an index is too large to build it."""
    root, steps = place
    if any(isinstance(step, int) and not -_MAX_INDEX <= step <= _MAX_INDEX for step in steps):
        return None
    document = value
    for number, step in reversed(tuple(enumerate(steps))):
        is_last = number == len(steps) - 1
        document = _container(step, document, empty=is_last and value is ABSENT)
    roots = {"$": {}, "$headers": {}, "$query": {}, "$event": {}, "$item": ABSENT, root: document}
    return Scope(roots["$"], roots["$headers"], roots["$query"], roots["$event"], roots["$item"])


def _container(step: str | int, value: Json, *, empty: bool) -> Json:
    """An object or list with the value at the step."""
    if isinstance(step, str):
        return {} if empty else {step: value}
    if empty:
        return []
    return [*[None] * step, value] if step >= 0 else [value, *[None] * (-step - 1)]
