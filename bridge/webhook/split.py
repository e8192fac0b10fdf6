"""Splits a webhook with several items into parts, one per event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bridge.errors import DocumentError
from bridge.frozen import frozen
from bridge.jsonpath.brackets import Bracketed, NotAListError, is_list
from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.keys_message import TEXTS
from bridge.language.keys_source import SPLIT
from bridge.language.nodes import Mapping, Node
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.budget import EVENT_ROW, allowance, size_of, too_large
from bridge.webhook.compile_context import CompileContext

MAX_ITEMS = 10_000
_SHOWN, _MAX_ROUTE = 5, 100
"""The most items that a note lists, and characters of each."""
_SEPARATORS = 8
"""Bytes per level of an envelope: braces, quotation marks, colon and comma."""

Route: TypeAlias = tuple[str | int, ...]
Step: TypeAlias = frozenset[str] | int | None
"""Names, an index, or None for all children."""
Steps: TypeAlias = tuple[Step, ...]

_STEP = re.compile(
    r"""\.(\*)|\.([^.\[\]'"*\s]+)|\[(\*)\]|\[(\d{1,9})\]|\[((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\]"""
)
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")


@frozen
class Part:
    """The part of a webhook for one event: its document, the item itself, and the names on the path to it."""

    document: Json
    item: Json = ABSENT
    names: tuple[str, ...] = ()
    size: int = 0
    """Bytes of the document as stored; 0 for a webhook with one event."""


@frozen
class Parts:
    """The parts of a webhook, at least one."""

    all: tuple[Part, ...]
    note: Reason | None = None
    """Which items of the batch are in no part."""


@dataclass(frozen=True, slots=True)
class Split:
    """Finds the items of a batch."""

    paths: tuple[Steps | Path, ...]
    """Simple paths as steps; those with filters as compiled paths, which give no names."""
    envelope: bool

    def parts(self, document: Json, body: int) -> Parts:
        """The items that are objects; the whole document if there are none.

        Only lists and maps made from brackets have items. Raises OverBudgetError for a body of length `body`
        whose parts are too large, and DocumentError for more than 10,000 items.
        """
        found, seen = self._found(document)
        if not found:
            objects = all(isinstance(element, dict) for element in seen.values())
            return Parts((Part(document),), None if objects else Reason(WebhookCode.SPLIT_NO_OBJECT))
        parts = self._parts(document, found, body)
        return Parts(parts, _note(_uncovered(seen, found, in_lists=self.envelope)))

    def _found(self, document: Json) -> tuple[dict[Route, Json], dict[Route, Json]]:
        """The items by their routes, and all elements on the path to items."""
        found: dict[Route, Json] = {}
        seen: dict[Route, Json] = {}
        for path in self.paths:
            for route, item in _located(document, path, seen):
                if isinstance(item, dict):
                    found[route] = item
                if len(found) > MAX_ITEMS:
                    raise DocumentError(Reason(WebhookCode.BATCH_TOO_LONG, limit=MAX_ITEMS))
        return _innermost(found), seen

    def _parts(self, document: Json, found: dict[Route, Json], body: int) -> tuple[Part, ...]:
        """One part per item. Sizes are checked before anything is built."""
        branches = _envelope_tree(document, found) if self.envelope else None
        sizes = [size_of(item) for item in found.values()]
        if branches:
            sizes = [size + _envelope_size(branches, route) for size, route in zip(sizes, found, strict=True)]
        total = sum(sizes) + EVENT_ROW * len(sizes)
        if total > allowance(body):
            code = WebhookCode.BUDGET_OF_ENVELOPES if branches else WebhookCode.BUDGET_OF_SPLIT
            raise too_large(Reason(code, count=len(found)), total, body)
        pairs = zip(found.items(), sizes, strict=True)
        return tuple(
            Part(_envelope_of(branches, route, item) if branches else item, item, _names(route), size)
            for (route, item), size in pairs
        )


def compile_split(node: Node | None, context: CompileContext) -> Split | None:
    """Compile `split:`, a path, a list of paths, or `{path: .., keep: envelope}`."""
    if node is None:
        return None
    if isinstance(node, Mapping):
        fields = context.reader.table(node, SPLIT)
        if fields is None:
            return None
        return _compile(fields.at("path"), fields["path"], context, envelope=fields["keep"] == "envelope")
    texts = context.reader.value(node, TEXTS)
    return _compile(node, texts, context, envelope=False) if isinstance(texts, tuple) else None


def _compile(
    node: Node, texts: tuple[str, ...] | None, context: CompileContext, *, envelope: bool
) -> Split | None:
    paths = [_path(node, text, context, envelope=envelope) for text in texts or ()]
    known = tuple(path for path in paths if path is not None)
    return Split(known, envelope) if known and len(known) == len(paths) else None


def _path(node: Node, text: str, context: CompileContext, *, envelope: bool) -> Steps | Path | None:
    steps = _steps(text)
    if steps is not None:
        return steps if "*" in text else (*steps, None)
    if not envelope:
        return context.path(node, text)
    context.report.add(node, "M410", Reason(WebhookCode.BAD_ENVELOPE, path=text))
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


def _located(document: Json, path: Steps | Path, seen: dict[Route, Json]) -> Iterator[tuple[Route, Json]]:
    if isinstance(path, tuple):
        yield from _find(document, path, (), seen)
        return
    try:
        items = path.items(Scope(document, {}, {}, {}))
    except NotAListError:
        return
    for index, item in enumerate(items):
        yield (path.text, index), item


def _find(node: Json, path: Steps, route: Route, seen: dict[Route, Json]) -> Iterator[tuple[Route, Json]]:
    if not path:
        yield route, node
        return
    for key, child in _children(node, path[0]):
        inner = (*route, key)
        if path[0] is None:
            seen[inner] = child
        yield from _find(child, path[1:], inner, seen)


def _children(node: Json, step: Step) -> list[tuple[str | int, Json]]:
    if isinstance(node, dict):
        if step is None:
            return list(node.items()) if is_list(node) else []
        names = {str(step)} if isinstance(step, int) else step
        return [(name, child) for name, child in node.items() if name in names]
    if not isinstance(node, list) or isinstance(step, frozenset):
        return []
    return [(index, child) for index, child in enumerate(node) if step is None or index == step]


def _uncovered(seen: dict[Route, Json], found: dict[Route, Json], *, in_lists: bool) -> list[Route]:
    """The outermost elements in no part. With `in_lists`, only those of lists: envelopes keep the others."""
    covered = {route[:end] for route in found for end in range(1, len(route) + 1)}
    uncovered: dict[Route, None] = {}
    for route in seen:
        above = [route[:end] for end in range(1, len(route))]
        if route in covered or (in_lists and isinstance(route[-1], str)):
            continue
        if not any(one in found or one in uncovered for one in above):
            uncovered[route] = None
    return list(uncovered)


def _note(uncovered: list[Route]) -> Reason | None:
    if not uncovered:
        return None
    paths = tuple(_route_text(route) for route in uncovered[:_SHOWN])
    rest = len(uncovered) - _SHOWN
    more = Reason(WebhookCode.SPLIT_MORE, count=rest) if rest > 0 else None
    return Reason(WebhookCode.SPLIT_LEFT, count=len(uncovered), paths=paths, more=more)


def _route_text(route: Route) -> str:
    text = "$" + "".join(f"[{step!r}]" for step in route)
    return text if len(text) <= _MAX_ROUTE else text[: _MAX_ROUTE - 1] + "…"


def _innermost(found: dict[Route, Json]) -> dict[Route, Json]:
    """The items without those that contain other items."""
    outer = {route[:end] for route in found for end in range(1, len(route))}
    return {route: item for route, item in found.items() if route not in outer}


def _names(route: Route) -> tuple[str, ...]:
    names = (step for step in route[:-1] if isinstance(step, str))
    return tuple(name for name in names if not name.isdecimal() and not name.startswith("$"))


@dataclass(slots=True)
class _Branch:
    """A container on the path to items, with its other content."""

    kind: type[list[Json] | dict[str, Json]]
    rest: dict[str, Json] = field(default_factory=dict)
    size: int = 0
    """Bytes of the rest as stored."""
    children: dict[str | int, _Branch] = field(default_factory=dict)


def _envelope_tree(document: Json, found: dict[Route, Json]) -> _Branch:
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
    return _Branch(type(node), rest, size_of(rest) if rest else 0, children)


def _envelope_size(branch: _Branch, route: Route) -> int:
    """Bytes that the envelope adds to an item."""
    size = 0
    for key in route[:-1]:
        size += branch.size + _SEPARATORS + len(str(key).encode("utf-8", "backslashreplace"))
        branch = branch.children[key]
    return size + branch.size + _SEPARATORS + len(str(route[-1]).encode("utf-8", "backslashreplace"))


def _envelope_of(branch: _Branch, route: Route, item: Json) -> Json:
    key, *below = route
    child = _envelope_of(branch.children[key], tuple(below), item) if below else item
    if branch.kind is list:
        return [child]
    own = "0" if branch.kind is Bracketed and str(key).isdecimal() else str(key)
    return branch.kind({**branch.rest, own: child})
