"""Paths in received data: RFC 9535's JSONPath with the roots of a mapping file.

Every path is evaluated exactly as the RFC says or rejected with a PathError. Extensions: named roots, hyphens
in names, and, outside filters, `.0` or `[0]` for the member "0" of a map as well as for the first item of a
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
    """A compiled path. Paths with the same text are equal."""

    text: str
    root: str
    definite: bool
    """Whether it can find only one value: it has only names and item numbers."""
    find: Callable[[Scope], list[Json]] = field(compare=False, repr=False)
    """Gives all values at the path, in the order of the document."""
    first: Get = field(compare=False, repr=False)
    """Gives the first value at the path, or ABSENT."""
    steps: tuple[str | int, ...] = ()
    """The names and numbers of a definite path."""
    items: Callable[[Scope], list[Json]] = field(default=lambda _: [], compare=False, repr=False)
    """Like `find`, for paths of items: raises NotAListError if `[*]` or a filter would select from a map."""


def is_path(text: str) -> bool:
    """Whether a text is read as a path: it begins with a dollar sign, as every root does."""
    return text.startswith("$")


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """Compile a path. Raises only PathError, with the offset of the error."""
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
    """The segments with header names in lower case, as in the scope: header names are case-insensitive."""
    if query.root != "$headers" or not query.segments:
        return query.segments
    first, *rest = query.segments
    lower = [Name(one.name.lower()) if isinstance(one, Name) else one for one in first.selectors]
    return replace(first, selectors=tuple(lower)), *rest


def _for_forms(segment: Segment) -> Segment:
    """The segment, with `[0]` outside filters finding the member "0" of a map made from a form, too."""
    if not any(type(selector) is Position for selector in segment.selectors):
        return segment
    return replace(segment, selectors=tuple(map(_number_or_name, segment.selectors)))


def _number_or_name(selector: Selector) -> Selector:
    if isinstance(selector, Position) and selector.index >= 0:
        return Name(Digits(selector.index))
    return selector
