"""Compiles the syntax tree of a path to closures that find values.

Absolute paths inside filters do not depend on the value under test. They are looked up once per find, so the
cost of a filter is at most its length times the number of values that it tests.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from bridge.jsonpath.ast import Digits, Every, Name, Position, Query, Segment, Selector, Span, Where
from bridge.jsonpath.brackets import items_in
from bridge.jsonpath.filters import Finder, Known, Value, compile_test
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.model import Json

Get: TypeAlias = Callable[[Scope], Json]
_Move: TypeAlias = Callable[[Json], Json]
_Step: TypeAlias = Callable[[list[Json], Known], list[Json]]
_Pick: TypeAlias = Callable[[Json, Known], Iterable[Json]]
_Children: TypeAlias = Callable[[Json], Collection[Json]]

_ROOTS: Final[dict[str, Get]] = {
    "$": lambda scope: scope.body,
    "$headers": lambda scope: scope.headers,
    "$query": lambda scope: scope.query,
    "$event": lambda scope: scope.event,
    "$item": lambda scope: scope.item,
}


def compile_first(query: Query) -> Get:
    """Compile a path of names and numbers to a function that gives its only value, or ABSENT."""
    root = _ROOTS[query.root]
    if not query.segments:
        return lambda scope: _as_dict(root(scope))
    selectors = [segment.selectors[0] for segment in query.segments]
    names = [selector.name for selector in selectors if type(selector) is Name]
    if len(names) == len(selectors) and not any(isinstance(name, Digits) for name in names):
        return _members(root, tuple(names))
    return _mixed(root, tuple(_single(selector) for selector in selectors))


def compile_find(query: Query, *, items_only: bool = False) -> Callable[[Scope], list[Json]]:
    """Compile a path to a function that gives all its values, in the order of the document.

    With `items_only`, `[*]` and filters select only from lists, and a map raises NotAListError.
    """
    root, filter_paths = _ROOTS[query.root], _FilterPaths()
    look = filter_paths.follow(query, items_in if items_only else _children)

    def find(scope: Scope) -> list[Json]:
        known = Known()
        for absolute in filter_paths.absolutes:
            known.append(absolute(scope, known))
        found = look(_as_dict(root(scope)), known)
        if scope.looked_at is not None:
            scope.looked_at(known.visited)
        return found

    return find


def _members(root: Get, names: tuple[str, ...]) -> Get:
    def get(scope: Scope) -> Json:
        value = root(scope)
        try:
            for name in names:
                value = value[name]
        except (KeyError, TypeError):
            return ABSENT
        return value

    return get


def _mixed(root: Get, steps: tuple[_Move, ...]) -> Get:
    def get(scope: Scope) -> Json:
        value = root(scope)
        for step in steps:
            value = step(value)
        return value

    return get


def _single(selector: Selector) -> _Move:
    """One step that gives a value or ABSENT. From ABSENT it gives ABSENT."""
    if isinstance(selector, Position):
        return _item(selector.index, None)
    name = selector.name if isinstance(selector, Name) else ""
    if isinstance(name, Digits) and name == str(int(name)):
        return _item(int(name), name)
    return _member(name)


def _member(name: str) -> _Move:
    def step(value: Json) -> Json:
        try:
            return value[name]
        except (KeyError, TypeError):
            return ABSENT

    return step


def _item(index: int, name: str | None) -> _Move:
    def step(value: Json) -> Json:
        try:
            return value[index] if isinstance(value, list) else value[name]
        except (IndexError, KeyError, TypeError):
            return ABSENT

    return step


class _FilterPaths:
    """Compiles the paths inside the filters of one path, and collects the absolute ones."""

    def __init__(self) -> None:
        self.absolutes: list[Callable[[Scope, Known], list[Json]]] = []

    def all(self, query: Query) -> Finder:
        """Compile a path inside a filter to a function that finds all its values."""
        look = self.follow(query)
        if query.root == "@":
            return look
        root, place = _ROOTS[query.root], len(self.absolutes)
        self.absolutes.append(lambda scope, known: look(_as_dict(root(scope)), known))
        return lambda _, known: known[place]

    def one(self, query: Query) -> Value:
        """Compile a path of names and numbers inside a filter to a function that finds its value."""
        if query.root == "@":
            return _chain(tuple(_single(segment.selectors[0]) for segment in query.segments))
        find = self.all(query)
        return lambda item, known: found[0] if (found := find(item, known)) else ABSENT

    def follow(self, query: Query, children: _Children | None = None) -> Finder:
        """Compile the steps of a query. `[*]` and filters select from what `children` gives."""
        steps = [self._step(segment, children or _children) for segment in query.segments]

        def look(start: Json, known: Known) -> list[Json]:
            found = [] if start is ABSENT else [start]
            for step in steps:
                found = step(found, known)
            return found

        return look

    def _step(self, segment: Segment, children: _Children) -> _Step:
        step = _single_step(segment.selectors[0]) if segment.single else self._union(segment, children)
        if not segment.descendant:
            return step

        def everywhere(nodes: list[Json], known: Known) -> list[Json]:
            below = [one for node in nodes for one in _with_descendants(node)]
            known.visited += len(below)
            return step(below, known)

        return everywhere

    def _union(self, segment: Segment, children: _Children) -> _Step:
        picks = [self._pick(selector, segment, children) for selector in segment.selectors]
        if len(picks) == 1:
            (only,) = picks
            return lambda nodes, known: [value for node in nodes for value in only(node, known)]
        return lambda nodes, known: [value for node in nodes for pick in picks for value in pick(node, known)]

    def _pick(self, selector: Selector, segment: Segment, children: _Children) -> _Pick:
        match selector:
            case Name() | Position():
                single = _single(selector)
                return lambda node, _: () if (value := single(node)) is ABSENT else (value,)
            case Span(start, end, step):
                part = slice(start, end, step)
                return lambda node, _: node[part] if isinstance(node, list) and step != 0 else ()
            case Every():
                return lambda node, known: _counted(children(node), known)
            case Where(test=test):
                holds = compile_test(test, self)
                # `..[?@.sku]` searches the whole document, so it also selects from maps.
                among = _children if segment.descendant else children
                return lambda node, known: [
                    child for child in _counted(among(node), known) if holds(child, known)
                ]


def _single_step(selector: Selector) -> _Step:
    single = _single(selector)
    return lambda nodes, _: [value for node in nodes if (value := single(node)) is not ABSENT]


def _chain(steps: tuple[_Move, ...]) -> Value:
    def value(item: Json, _: Known) -> Json:
        for step in steps:
            item = step(item)
        return item

    return value


def _counted(children: Collection[Json], known: Known) -> Collection[Json]:
    known.visited += len(children)
    return children


def _children(node: Json) -> Collection[Json]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _with_descendants(node: Json) -> Iterator[Json]:
    """The node and all nodes below it, parents before children."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(tuple(_children(node))))


def _as_dict(root: Json) -> Json:
    """A root as dict: headers and the event may be any mapping, but steps support only dict and list."""
    return dict(root) if isinstance(root, Mapping) and not isinstance(root, dict) else root
