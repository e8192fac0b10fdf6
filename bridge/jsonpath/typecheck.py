"""What goes together in a path: the functions' types (RFC 9535, section 2.4.3) and the limits of cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

from bridge.did_you_mean import suggestion
from bridge.jsonpath.ast import Call, Constant, Operand, PathError, Query
from bridge.jsonpath.iregexp import compile_pattern
from bridge.jsonpath.tokens import Token
from bridge.regex import RegexError
from bridge.text.render import english

MAX_COMBINATIONS: Final = 64
"""How many times the lists of selectors in one path may multiply what is found."""

_TAKES: Final = {
    "length": ("value",),
    "count": ("paths",),
    "value": ("paths",),
    "match": ("value", "value"),
    "search": ("value", "value"),
}
_GIVES_VALUE: Final = ("length", "count", "value")


def check_limits(tokens: Sequence[Token]) -> None:
    """Refuse a path that could cost more than its place in a rule is worth."""
    every = list(_inner(tokens, filtering=False))
    dots = [(token, filtering) for token, filtering in every if token.kind == ".."]
    for token, filtering in dots:
        if filtering:
            raise PathError('".." inside a filter is not allowed; name the way there', "M202", token.offset)
    if len(dots) > 1:
        raise PathError('a second ".." is not allowed; name the way there', "M202", dots[1][0].offset)
    lists = [token for token, _ in every if token.kind == "[]" and len(token.items) > 1]
    if prod(len(token.items) for token in lists) > MAX_COMBINATIONS:
        limit = f"the lists in brackets multiply to more than {MAX_COMBINATIONS}"
        raise PathError(limit, "M202", lists[-1].offset)


def _inner(tokens: Sequence[Token], *, filtering: bool) -> Iterator[tuple[Token, bool]]:
    for token in tokens:
        filtering = filtering or token.kind == "?"
        yield token, filtering
        for item in token.items:
            yield from _inner(item, filtering=filtering)


def check_call(call: Call, token: Token) -> None:
    """Refuse an unknown function, and arguments of another number or kind than it takes."""
    if call.name not in _TAKES:
        hint = f"known in filters: {', '.join(_TAKES)}; other functions go in a pipe"
        near = english(suggestion(call.name, tuple(_TAKES)))
        raise PathError(f'unknown function "{call.name}"{near}', "M203", token.offset, hint)
    takes = _TAKES[call.name]
    if len(call.arguments) != len(takes):
        message = f"{call.name}() takes {len(takes)}, found {len(call.arguments)}"
        raise PathError(message, "M204", token.offset)
    for kind, argument, item in zip(takes, call.arguments, token.items, strict=True):
        if kind == "paths" and not isinstance(argument, Query):
            raise PathError(f"{call.name}() takes a path", "M204", item[0].offset)
        if kind == "value":
            check_operand(argument, item[0].offset)
    if call.name in ("match", "search"):
        _check_pattern(call.arguments[1], token.items[1][0].offset)


def _check_pattern(argument: Operand, offset: int) -> None:
    if isinstance(argument, Constant) and isinstance(argument.value, str):
        try:
            compile_pattern(argument.value)
        except RegexError as error:
            raise PathError(error.message, "M207", offset, error.hint) from None


def check_operand(part: object, offset: int) -> Operand:
    """What gives one value: a literal, a path of names and numbers only, length, count or value."""
    if isinstance(part, Constant) or (isinstance(part, Query) and part.single):
        return part
    if isinstance(part, Call) and part.name in _GIVES_VALUE:
        return part
    if isinstance(part, Query):
        hint = "a filter compares paths of names and numbers only; value(...) makes one value of many"
        raise PathError("this path can give many values", "M202", offset, hint)
    raise PathError("this is no value that can be compared or given to a function", offset=offset)


def check_holding(call: Call, offset: int) -> Call:
    """What says yes or no by itself: match and search, not the functions that give a value."""
    if call.name in _GIVES_VALUE:
        raise PathError(f"{call.name}() gives a value; compare it, as in {call.name}(...) > 0", offset=offset)
    return call
