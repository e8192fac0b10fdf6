"""One delivery that carries several events is taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.errors import DocumentError
from bridge.language.document import Mapping, Node
from bridge.language.keys_message import TEXTS
from bridge.language.keys_source import SPLIT
from bridge.language.paths import Path
from bridge.language.scope import ABSENT, Scope
from bridge.model import Json
from bridge.webhook.setup import Setup

MAX_ITEMS = 10_000

Route: TypeAlias = tuple[str | int, ...]
Step: TypeAlias = frozenset[str] | int | None
"""Names, an index, or None for all."""
Steps: TypeAlias = tuple[Step, ...]

_STEP = re.compile(
    r"""\.(\*)|\.([^.\[\]'"*\s]+)|\[(\*)\]|\[(\d{1,9})\]|\[((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\]"""
)
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")


@dataclass(frozen=True, slots=True)
class Part:
    """One event's share of a delivery, the item itself, and the names on the way to it."""

    document: Json
    item: Json = ABSENT
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Where the items of a batch are."""

    paths: tuple[Steps | Path, ...]
    """Plain ones as steps; those with filters as they are, which tell no names."""
    envelope: bool

    def parts(self, document: Json) -> tuple[Part, ...]:
        """The items; the whole document where there are none. DocumentError for more than 10,000."""
        found: dict[Route, Json] = {}
        for path in self.paths:
            for route, item in _located(document, path):
                if isinstance(item, dict) or not self.envelope:
                    found[route] = item
                if len(found) > MAX_ITEMS:
                    raise DocumentError(f"the batch has more than {MAX_ITEMS} items")
        found = _innermost(found)
        if not found:
            return (Part(document),)
        if not self.envelope:
            return tuple(Part(item, item, _names(route)) for route, item in found.items())
        branches = _grow(document, found)
        return tuple(Part(_only(branches, route, item), item, _names(route)) for route, item in found.items())


def compile_split(node: Node | None, setup: Setup) -> Split | None:
    """`split:` as a path, a list of paths, or `{path: .., keep: envelope}`."""
    if node is None:
        return None
    if isinstance(node, Mapping):
        fields = setup.reader.table(node, SPLIT)
        if fields is None:
            return None
        return _compile(fields.at("path"), fields["path"], setup, envelope=fields["keep"] == "envelope")
    texts = setup.reader.value(node, TEXTS)
    return _compile(node, texts, setup, envelope=False) if isinstance(texts, tuple) else None


def _compile(node: Node, texts: tuple[str, ...] | None, setup: Setup, *, envelope: bool) -> Split | None:
    paths = [_path(node, text, setup, envelope=envelope) for text in texts or ()]
    known = tuple(path for path in paths if path is not None)
    return Split(known, envelope) if known and len(known) == len(paths) else None


def _path(node: Node, text: str, setup: Setup, *, envelope: bool) -> Steps | Path | None:
    steps = _steps(text)
    if steps is not None:
        return steps if "*" in text else (*steps, None)
    if not envelope:
        return setup.path(node, text)
    message = f'"{text}" cannot keep its envelope; such a path has only names, indexes and [*]'
    setup.report.add(node, "M410", message)
    return None


def _steps(text: str) -> Steps | None:
    if text[:1] != "$" or text[1:2] not in (".", "["):
        return None
    steps: list[Step] = []
    position = 1
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            return None
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match[1] or match[3]:
        return None
    if match[2]:
        return frozenset((match[2],))
    if match[4]:
        return int(match[4])
    return frozenset(single or double for single, double in _QUOTED.findall(match[5]))


def _located(document: Json, path: Steps | Path) -> Iterator[tuple[Route, Json]]:
    if isinstance(path, tuple):
        yield from _find(document, path, ())
        return
    for index, item in enumerate(path.find(Scope(document, {}, {}, {}))):
        yield (path.text, index), item


def _find(node: Json, path: Steps, route: Route) -> Iterator[tuple[Route, Json]]:
    if not path:
        yield route, node
        return
    for key, child in _children(node, path[0]):
        yield from _find(child, path[1:], (*route, key))


def _children(node: Json, step: Step) -> list[tuple[str | int, Json]]:
    if isinstance(node, dict):
        if step is None:
            return list(node.items())
        names = {str(step)} if isinstance(step, int) else step
        return [(name, child) for name, child in node.items() if name in names]
    if not isinstance(node, list) or isinstance(step, frozenset):
        return []
    return [(index, child) for index, child in enumerate(node) if step is None or index == step]


def _innermost(found: dict[Route, Json]) -> dict[Route, Json]:
    """Without the items that hold other items."""
    outer = {route[:end] for route in found for end in range(1, len(route))}
    return {route: item for route, item in found.items() if route not in outer}


def _names(route: Route) -> tuple[str, ...]:
    names = (step for step in route[:-1] if isinstance(step, str))
    return tuple(name for name in names if not name.isdecimal() and not name.startswith("$"))


@dataclass(slots=True)
class _Branch:
    """A container on the way to items, with what it holds beside them."""

    is_list: bool
    rest: dict[str, Json] = field(default_factory=dict)
    children: dict[str | int, _Branch] = field(default_factory=dict)


def _grow(document: Json, found: dict[Route, Json]) -> _Branch:
    tree: dict[str | int, Json] = {}
    for route in found:
        node = tree
        for step in route:
            node = node.setdefault(step, {})
    return _branch(document, tree)


def _branch(node: Json, tree: dict[str | int, Json]) -> _Branch:
    is_list = isinstance(node, list)
    rest = {} if is_list else {key: value for key, value in node.items() if key not in tree}
    children = {key: _branch(node[key], below) for key, below in tree.items() if below}
    return _Branch(is_list, rest, children)


def _only(branch: _Branch, route: Route, item: Json) -> Json:
    key, *below = route
    child = _only(branch.children[key], tuple(below), item) if below else item
    if branch.is_list:
        return [child]
    own = "0" if isinstance(key, str) and key.isdecimal() else str(key)
    return {**branch.rest, own: child}
