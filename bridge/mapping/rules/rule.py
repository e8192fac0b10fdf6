"""A compiled rule, and the items that it goes through."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.jsonpath.brackets import NotAListError, is_numbered
from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition
from bridge.language.text import Unusable
from bridge.mapping.rules.start import Start
from bridge.model import Json, OnUncertain, Order
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

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


def items_of(path: Path, scope: Scope) -> list[Json]:
    """The elements that `for_each` goes through: all values of a path, or those of the one list found.

    Lists have items, and so have maps made from brackets in place of one. Unusable where the path would take
    any other map apart, each member of which would become a start of its own.
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
    """The same for those who only look: none where a list is wanted and a map is there."""
    try:
        return items_of(path, scope)
    except Unusable:
        return []


def item_scope(scope: Scope, item: Json) -> Scope:
    """The scope with one element as `$item`."""
    return Scope(scope.body, scope.headers, scope.query, scope.event, item, scope.looked_at)
