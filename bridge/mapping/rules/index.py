"""Which rules of a large set an event can match at all, found without asking every rule.

A rule that demands one of some literals at a path is filed under them, and an event's value at that path
finds it. Values are filed without regard to capital letters, blanks around them and whether a number is sent
as text, so what is found is a little more than what holds: near misses are asked, too, and tell why.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.functions.figures import decimal_of
from bridge.language.text import Unusable
from bridge.mapping.rules.rule import MAX_ITEMS, Rule, item_scope, items_of
from bridge.model import Json

Key: TypeAlias = Hashable
Find: TypeAlias = Callable[[Scope], Iterable[Json] | None]
"""The values at a place; None where that is not known and all that is filed there must be asked."""

_FEW = 4
"""So many rules are asked one by one rather than filed by another of their conditions."""
_LEVELS = 3
"""Conditions by which one rule is filed at most, and how many literals all but the first may have: a rule is
filed once per literal."""
_FEW_LITERALS = 4
_LONGEST_LITERAL = 500
_LONGEST_VALUE = 3 * _LONGEST_LITERAL
"""Characters; a text without capital letters has up to three times as many as the text itself."""


def key_of(value: Json) -> Key:
    """What a value is filed under: the same for all that an equality may take for the same."""
    if isinstance(value, str):
        if len(value) > _LONGEST_VALUE:
            return None
        text = value.casefold().strip()
        number = decimal_of(text)
        return text if number is None else number
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return None
    return "null" if value is None else value


@dataclass(frozen=True, slots=True)
class Place:
    """Where a literal is demanded: at a path of the event, or of the items of `for_each`."""

    path: Path
    for_each: Path | None = None

    def finder(self) -> Find:
        """How to find the event's values there."""
        if self.for_each is None:
            return self.path.find
        return _in_items(self.for_each, self.path)


def _in_items(for_each: Path, path: Path) -> Find:
    def find(scope: Scope) -> list[Json] | None:
        try:
            items = items_of(for_each, scope)
        except Unusable:
            return None
        if len(items) > MAX_ITEMS:
            return None
        return [value for item in items for value in path.find(item_scope(scope, item))]

    return find


@dataclass(frozen=True, slots=True)
class _Demand:
    """One condition of a rule: the keys of which the event must have one at the place."""

    place: Place
    keys: frozenset[Key]


_Entry: TypeAlias = tuple[int, tuple[_Demand, ...]]
"""A rule's number, and the demands by which it can still be filed."""


@dataclass(frozen=True, slots=True)
class _File:
    """What is filed by the values at one place."""

    find: Find
    drawers: dict[Key, Drawer]

    def opened(self, scope: Scope, found: list[int]) -> list[Drawer]:
        """The drawers that the event's values open; none where they are not known and all rules are found."""
        values = self.find(scope)
        if values is not None:
            return [drawer for value in values if (drawer := self.drawers.get(key_of(value)))]
        for drawer in self.drawers.values():
            drawer.collect_all(found)
        return []


@dataclass(frozen=True, slots=True)
class Drawer:
    """Rules by their number: those that must be asked, and those that are filed further."""

    always: tuple[int, ...]
    files: tuple[_File, ...] = ()

    def collect(self, scope: Scope, found: list[int]) -> None:
        """Add the numbers of the rules to ask."""
        found += self.always
        for file in self.files:
            for drawer in file.opened(scope, found):
                drawer.collect(scope, found)

    def collect_all(self, found: list[int]) -> None:
        """Add the numbers of all rules."""
        found += self.always
        for file in self.files:
            for drawer in file.drawers.values():
                drawer.collect_all(found)


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """A set of rules, filed."""

    rules: tuple[Rule, ...]
    names: frozenset[str]
    """Of all rules."""
    top: Drawer

    def candidates(self, scope: Scope) -> list[Rule]:
        """The rules that an event can match, in the order of the file, and perhaps some more."""
        found: list[int] = []
        self.top.collect(scope, found)
        return [self.rules[number] for number in sorted(set(found))]


def index_rules(rules: tuple[Rule, ...]) -> RuleIndex:
    """File the rules that are switched on by their most telling conditions."""
    entries = [(number, _demands(rule)) for number, rule in enumerate(rules) if rule.enabled]
    return RuleIndex(rules, frozenset(rule.name for rule in rules), _drawer(entries, _LEVELS))


def _demands(rule: Rule) -> tuple[_Demand, ...]:
    found = []
    for condition in (*rule.conditions, *rule.item_conditions):
        path, values = condition.equality or (None, ())
        if path is not None and all(len(str(value)) <= _LONGEST_LITERAL for value in values):
            place = Place(path, rule.for_each if path.root == "$item" else None)
            found.append(_Demand(place, frozenset(map(key_of, values))))
    return tuple(found)


def _drawer(entries: list[_Entry], levels: int) -> Drawer:
    if len(entries) <= _FEW or not levels:
        return Drawer(tuple(number for number, _ in entries))
    crowds = Counter(
        (demand.place, key) for _, demands in entries for demand in demands for key in demand.keys
    )
    always: list[int] = []
    filed: dict[Place, dict[Key, list[_Entry]]] = defaultdict(lambda: defaultdict(list))
    for number, demands in entries:
        if not demands:
            always.append(number)
            continue
        best = min(demands, key=lambda one: sum(crowds[one.place, key] for key in one.keys))
        rest = tuple(one for one in demands if one is not best and len(one.keys) <= _FEW_LITERALS)
        for key in best.keys:
            filed[best.place][key].append((number, rest))
    files = (
        _File(place.finder(), {key: _drawer(inside, levels - 1) for key, inside in drawers.items()})
        for place, drawers in filed.items()
    )
    return Drawer(tuple(always), tuple(files))
