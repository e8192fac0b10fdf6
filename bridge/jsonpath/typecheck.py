"""Checks a path: the types of functions (RFC 9535, section 2.4.3) and the limits of cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

from bridge.did_you_mean import suggestion
from bridge.jsonpath.ast import Call, Constant, Operand, PathError, Query
from bridge.jsonpath.iregexp import compile_pattern
from bridge.jsonpath.tokens import Token
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.regex import RegexError

MAX_COMBINATIONS: Final = 64
"""The largest product of the lengths of the lists of selectors in one path."""

_TAKES: Final = {
    "length": ("value",),
    "count": ("paths",),
    "value": ("paths",),
    "match": ("value", "value"),
    "search": ("value", "value"),
}
_GIVES_VALUE: Final = ("length", "count", "value")


def check_limits(tokens: Sequence[Token]) -> None:
    """Reject a path that may be too expensive: `..` in a filter or twice, too many selectors."""
    every = list(_inner(tokens, filtering=False))
    dots = [(token, filtering) for token, filtering in every if token.kind == ".."]
    for token, filtering in dots:
        if filtering:
            raise PathError(Reason(FindingCode.PATH_DOTS_IN_FILTER), "M202", token.offset)
    if len(dots) > 1:
        raise PathError(Reason(FindingCode.PATH_SECOND_DOTS), "M202", dots[1][0].offset)
    lists = [token for token, _ in every if token.kind == "[]" and len(token.items) > 1]
    if prod(len(token.items) for token in lists) > MAX_COMBINATIONS:
        reason = Reason(FindingCode.PATH_LISTS_MULTIPLY, limit=MAX_COMBINATIONS)
        raise PathError(reason, "M202", lists[-1].offset)


def _inner(tokens: Sequence[Token], *, filtering: bool) -> Iterator[tuple[Token, bool]]:
    for token in tokens:
        filtering = filtering or token.kind == "?"
        yield token, filtering
        for item in token.items:
            yield from _inner(item, filtering=filtering)


def check_call(call: Call, token: Token) -> None:
    """Reject an unknown function, and arguments of a wrong number or kind."""
    if call.name not in _TAKES:
        known = tuple(_TAKES)
        reason = Reason(FindingCode.UNKNOWN_FUNCTION, name=call.name, hint=suggestion(call.name, known))
        raise PathError(reason, "M203", token.offset, Reason(FindingCode.HINT_FILTER_FUNCTIONS, names=known))
    takes = _TAKES[call.name]
    if len(call.arguments) != len(takes):
        wanted, found = len(takes), len(call.arguments)
        reason = Reason(FindingCode.PATH_ARGUMENTS, name=call.name, wanted=wanted, found=found)
        raise PathError(reason, "M204", token.offset)
    for kind, argument, item in zip(takes, call.arguments, token.items, strict=True):
        if kind == "paths" and not isinstance(argument, Query):
            raise PathError(Reason(FindingCode.PATH_TAKES_PATH, name=call.name), "M204", item[0].offset)
        if kind == "value":
            check_operand(argument, item[0].offset)
    if call.name in ("match", "search"):
        _check_pattern(call.arguments[1], token.items[1][0].offset)


def _check_pattern(argument: Operand, offset: int) -> None:
    if isinstance(argument, Constant) and isinstance(argument.value, str):
        try:
            compile_pattern(argument.value)
        except RegexError as error:
            raise PathError(error.reason, "M207", offset, error.cure) from None


def check_operand(part: object, offset: int) -> Operand:
    """Return the part if it gives one value: a literal, a path of names and numbers, some functions."""
    if isinstance(part, Constant) or (isinstance(part, Query) and part.single):
        return part
    if isinstance(part, Call) and part.name in _GIVES_VALUE:
        return part
    if isinstance(part, Query):
        cure = Reason(FindingCode.HINT_MANY_VALUES)
        raise PathError(Reason(FindingCode.PATH_MANY_VALUES), "M202", offset, cure)
    raise PathError(Reason(FindingCode.PATH_NO_VALUE), offset=offset)


def check_holding(call: Call, offset: int) -> Call:
    """Return the call if it gives true or false, as match and search do, and not a value."""
    if call.name in _GIVES_VALUE:
        raise PathError(Reason(FindingCode.PATH_GIVES_VALUE, name=call.name), offset=offset)
    return call
