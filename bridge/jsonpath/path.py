"""Paths into what came in: RFC 9535's JSONPath behind the roots of a mapping file.

Every path is answered exactly as the RFC says or refused with a PathError. Beyond it: the named roots,
hyphens in names, and outside filters `.0` or `[0]` for the member "0" of a map as well as the first item of a
list, because a form's `add[0][id]` makes a map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bridge.jsonpath.ast import ROOTS, Digits, Name, PathError, Position, Query, Segment, Selector
from bridge.jsonpath.evaluate import Get, compile_find, compile_first
from bridge.jsonpath.grammar import parse
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.model import Json

__all__ = ["ABSENT", "ROOTS", "Path", "PathError", "Scope", "compile_path", "is_path"]


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path. Equal to another that was written the same way."""

    text: str
    root: str
    definite: bool
    """Whether it names one place: names and item numbers only."""
    find: Callable[[Scope], list[Json]] = field(compare=False, repr=False)
    """All values at the path, in the order of the document; empty where there are none."""
    first: Get = field(compare=False, repr=False)
    """The first of them, or ABSENT."""
    steps: tuple[str | int, ...] = ()
    """The names and numbers of a definite path."""
    items: Callable[[Scope], list[Json]] = field(default=lambda _: [], compare=False, repr=False)
    """As `find`, for paths of items: raises NotAListError where `[*]` or a filter would take a map apart."""


def is_path(text: str) -> bool:
    """Whether a text is to be read as a path: it begins with a root, and so with a dollar sign."""
    return text.startswith("$")


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """Compile a path. Raises PathError, only that, with the offset of the fault."""
    written = parse(text)
    query = Query(written.root, tuple([_for_forms(segment) for segment in _for_headers(written)]))
    if query.single:
        return _definite(text, query, _steps(written))
    find = compile_find(query)
    items = compile_find(query, items_only=True)

    def first(scope: Scope) -> Json:
        found = find(scope)
        return found[0] if found else ABSENT

    return Path(text, query.root, False, find, first, items=items)


def _definite(text: str, query: Query, steps: tuple[str | int, ...]) -> Path:
    first = compile_first(query)

    def find(scope: Scope) -> list[Json]:
        value = first(scope)
        return [] if value is ABSENT else [value]

    return Path(text, query.root, True, find, first, steps, find)


def _steps(query: Query) -> tuple[str | int, ...]:
    selectors = (segment.selectors[0] for segment in query.segments)
    return tuple(
        selector.name if isinstance(selector, Name) else selector.index
        for selector in selectors
        if isinstance(selector, Name | Position)
    )


def _for_headers(query: Query) -> tuple[Segment, ...]:
    """Header names stand in lower case in the scope, and mean the same however they are written."""
    if query.root != "$headers" or not query.segments:
        return query.segments
    first, *rest = query.segments
    lower = [Name(one.name.lower()) if isinstance(one, Name) else one for one in first.selectors]
    return replace(first, selectors=tuple(lower)), *rest


def _for_forms(segment: Segment) -> Segment:
    """Outside filters `[0]` also finds the member "0", as maps made from forms have them."""
    if not any(type(selector) is Position for selector in segment.selectors):
        return segment
    return replace(segment, selectors=tuple(map(_number_or_name, segment.selectors)))


def _number_or_name(selector: Selector) -> Selector:
    if isinstance(selector, Position) and selector.index >= 0:
        return Name(Digits(selector.index))
    return selector
