"""Indexes a large set of rules, to find those that an event can match without evaluating every rule.

A rule that requires one of some literals at a path is indexed under them, and an event's value at that path
finds it. Keys ignore case, surrounding blanks and whether a number is sent as text. So the index also finds
some rules that do not match: near misses, which are evaluated and get a verdict with the reason.
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
"""Finds the values at a place; None if unknown, so that all rules indexed there must be evaluated."""

_FEW = 4
"""Up to this number of rules are evaluated one by one instead of indexed further."""
_LEVELS = 3
"""Maximum number of conditions by which one rule is indexed."""
_FEW_LITERALS = 4
"""Maximum number of literals of all but the first condition: a rule is indexed once per literal."""
_LONGEST_LITERAL = 500
_LONGEST_VALUE = 3 * _LONGEST_LITERAL
"""In characters. Case folding makes a text up to three times as long."""


def key_of(value: Json) -> Key:
    """The index key of a value: the same for all values that an equality may treat as equal."""
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
    """Where a literal is required: at a path of the event, or of the items of `for_each`."""

    path: Path
    for_each: Path | None = None

    def finder(self) -> Find:
        """A function that finds the event's values there."""
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
class _Requirement:
    """One condition of a rule: the event must have one of the keys at the place."""

    place: Place
    keys: frozenset[Key]


_Entry: TypeAlias = tuple[int, tuple[_Requirement, ...]]
"""A rule's number, and the requirements by which it can still be indexed."""


@dataclass(frozen=True, slots=True)
class _Branch:
    """Child nodes by the values at one place."""

    find: Find
    nodes: dict[Key, IndexNode]

    def matching(self, scope: Scope, found: list[int]) -> list[IndexNode]:
        """The child nodes for the event's values. If these are unknown, add all rules and return none."""
        values = self.find(scope)
        if values is not None:
            return [node for value in values if (node := self.nodes.get(key_of(value)))]
        for node in self.nodes.values():
            node.collect_all(found)
        return []


@dataclass(frozen=True, slots=True)
class IndexNode:
    """Numbers of rules: those that are always evaluated, and branches by further values."""

    always: tuple[int, ...]
    branches: tuple[_Branch, ...] = ()

    def collect(self, scope: Scope, found: list[int]) -> None:
        """Add the numbers of the rules to evaluate."""
        found += self.always
        for branch in self.branches:
            for node in branch.matching(scope, found):
                node.collect(scope, found)

    def collect_all(self, found: list[int]) -> None:
        """Add the numbers of all rules."""
        found += self.always
        for branch in self.branches:
            for node in branch.nodes.values():
                node.collect_all(found)


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """A set of rules with its index."""

    rules: tuple[Rule, ...]
    names: frozenset[str]
    """The names of all rules."""
    top: IndexNode

    def candidates(self, scope: Scope) -> list[Rule]:
        """The rules that an event can match, in the order of the file, and possibly a few others."""
        found: list[int] = []
        self.top.collect(scope, found)
        return [self.rules[number] for number in sorted(set(found))]


def index_rules(rules: tuple[Rule, ...]) -> RuleIndex:
    """Index the rules that are switched on by their most selective conditions."""
    entries = [(number, _requirements(rule)) for number, rule in enumerate(rules) if rule.enabled]
    return RuleIndex(rules, frozenset(rule.name for rule in rules), _index_node(entries, _LEVELS))


def _requirements(rule: Rule) -> tuple[_Requirement, ...]:
    found = []
    for condition in rule.all_conditions:
        path, values = condition.equality or (None, ())
        if path is not None and all(len(str(value)) <= _LONGEST_LITERAL for value in values):
            place = Place(path, rule.for_each if path.root == "$item" else None)
            found.append(_Requirement(place, frozenset(map(key_of, values))))
    return tuple(found)


def _index_node(entries: list[_Entry], levels: int) -> IndexNode:
    if len(entries) <= _FEW or not levels:
        return IndexNode(tuple(number for number, _ in entries))
    counts = Counter(
        (one.place, key) for _, requirements in entries for one in requirements for key in one.keys
    )
    always: list[int] = []
    indexed: dict[Place, dict[Key, list[_Entry]]] = defaultdict(lambda: defaultdict(list))
    for number, requirements in entries:
        if not requirements:
            always.append(number)
            continue
        best = min(requirements, key=lambda one: sum(counts[one.place, key] for key in one.keys))
        rest = tuple(one for one in requirements if one is not best and len(one.keys) <= _FEW_LITERALS)
        for key in best.keys:
            indexed[best.place][key].append((number, rest))
    branches = (
        _Branch(place.finder(), {key: _index_node(inside, levels - 1) for key, inside in keys.items()})
        for place, keys in indexed.items()
    )
    return IndexNode(tuple(always), tuple(branches))
