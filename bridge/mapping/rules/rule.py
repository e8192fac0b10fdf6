"""A compiled rule, and the items of its `for_each`."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.jsonpath.brackets import NotAListError, is_numbered
from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition
from bridge.language.text import Unusable
from bridge.mapping.rules.start import Start
from bridge.mapping.rules.waiting import Waiting
from bridge.model import Json, OnUncertain, Order
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

MAX_ITEMS = 1_000
"""Maximum number of items of `for_each` in one event: each becomes a bot start."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a mapping file, compiled."""

    name: str
    line: int
    """Line of its name. `column` likewise."""
    start: Start | None
    """None if it only ends errands."""
    account: str
    column: int = 1
    conditions: tuple[Condition, ...] = ()
    """Conditions on the event."""
    item_conditions: tuple[Condition, ...] = ()
    """Conditions on `$item`: they select items."""
    for_each: Path | None = None
    enabled: bool = True
    stop: bool = False
    expires: int = 86400
    order: Order = "relaxed"
    on_uncertain: OnUncertain | None = None
    shadow: bool = False
    waiting: Waiting | None = None
    """None if it has none of the keys `after`, `at`, `key` and `cancel`."""

    @property
    def all_conditions(self) -> tuple[Condition, ...]:
        """The conditions on the event, then those on its items."""
        return (*self.conditions, *self.item_conditions)


def items_of(path: Path, scope: Scope) -> list[Json]:
    """The items of `for_each`: all values of a path, or the elements of the one list found.

    A map with numbers as keys, which forms make from brackets, counts as a list. Raises Unusable for `[*]` on
    any other map: each of its members would start a bot.
    """
    try:
        found = path.items(scope)
    except NotAListError as error:
        reason = Reason(RuleCode.MAP_FOR_LIST, what=path.text, size=error.size)
        raise Unusable(reason, path.text, Reason(RuleCode.WRITE_LIST_PATH)) from None
    if not path.definite or not found:
        return found
    only = found[0]
    if isinstance(only, list):
        return only
    return list(only.values()) if is_numbered(only) and only else found


def known_items(path: Path, scope: Scope) -> list[Json]:
    """The items of `for_each`; none where `items_of` raises."""
    try:
        return items_of(path, scope)
    except Unusable:
        return []


def item_scope(scope: Scope, item: Json) -> Scope:
    """The scope with one element as `$item`."""
    roots = (scope.body, scope.headers, scope.query, scope.event)
    return Scope(*roots, item, scope.looked_at, scope.counts_from)
