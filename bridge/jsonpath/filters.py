"""Compiles conditions in filters of a path to closures: RFC 9535, sections 2.3.5 and 2.4."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, Protocol, TypeAlias

from bridge.jsonpath.ast import (
    All,
    AnyOf,
    Call,
    Compare,
    Constant,
    Exists,
    Holds,
    Not,
    Operand,
    Query,
    Test,
)
from bridge.jsonpath.iregexp import compile_pattern
from bridge.jsonpath.scope import ABSENT
from bridge.model import Json
from bridge.regex import Regex, RegexError


class Known(list[list[Json]]):
    """Values of the absolute paths in filters, looked up once per find."""

    __slots__ = ("visited",)

    def __init__(self) -> None:
        super().__init__()
        self.visited = 0
        """Number of values that the find has visited so far."""


Finder: TypeAlias = Callable[[Json, Known], list[Json]]
Check: TypeAlias = Callable[[Json, Known], bool]
Value: TypeAlias = Callable[[Json, Known], Json]


class Paths(Protocol):
    """Compiles the paths inside filters, to find all their values or their only value."""

    def all(self, query: Query, /) -> Finder: ...

    def one(self, query: Query, /) -> Value: ...


def compile_test(test: Test, paths: Paths) -> Check:
    """Compile a test to a function that checks a value. `paths` compiles the paths inside the test."""
    match test:
        case All(tests=tests):
            every = [compile_test(one, paths) for one in tests]
            return lambda item, known: all(holds(item, known) for holds in every)
        case AnyOf(tests=tests):
            some = [compile_test(one, paths) for one in tests]
            return lambda item, known: any(holds(item, known) for holds in some)
        case Not(test=inner):
            holds = compile_test(inner, paths)
            return lambda item, known: not holds(item, known)
        case Exists(query=query):
            return _exists(query, paths)
        case Holds(call=call):
            return _matches(call, paths)
        case Compare(left=left, operator=operator, right=right):
            return _comparison(_value(left, paths), operator, _value(right, paths))


def _exists(query: Query, paths: Paths) -> Check:
    if query.single:
        value = paths.one(query)
        return lambda item, known: value(item, known) is not ABSENT
    find = paths.all(query)
    return lambda item, known: bool(find(item, known))


def _comparison(left: Value, operator: str, right: Value) -> Check:
    compare = _COMPARE[operator]
    return lambda item, known: compare(left(item, known), right(item, known))


def _value(operand: Operand, paths: Paths) -> Value:
    """Compile an operand to a function that gives one value, or ABSENT if there is none."""
    match operand:
        case Constant(value=value):
            return lambda _, __: value
        case Query():
            return paths.one(operand)
        case Call(name="length", arguments=(argument,)):
            return _length(_value(argument, paths))
        case Call(name="count", arguments=(Query() as query,)):
            find = paths.all(query)
            return lambda item, known: len(find(item, known))
        case Call(arguments=(Query() as query,)):
            return _only(paths.all(query))
    raise AssertionError(operand)


def _only(find: Finder) -> Value:
    def value(item: Json, known: Known) -> Json:
        found = find(item, known)
        return found[0] if len(found) == 1 else ABSENT

    return value


def _length(value: Value) -> Value:
    def length(item: Json, known: Known) -> Json:
        found = value(item, known)
        return len(found) if isinstance(found, str | list | dict) else ABSENT

    return length


def _matches(call: Call, paths: Paths) -> Check:
    text = _value(call.arguments[0], paths)
    pattern = _pattern(call.arguments[1], paths)
    whole = call.name == "match"

    def check(item: Json, known: Known) -> bool:
        subject, regex = text(item, known), pattern(item, known)
        if regex is None or not isinstance(subject, str):
            return False
        return bool(regex.fullmatch(subject) if whole else regex.search(subject))

    return check


def _pattern(argument: Operand, paths: Paths) -> Callable[[Json, Known], Regex | None]:
    """Compile a pattern argument, a literal only once. An invalid pattern of the document matches nothing."""
    if isinstance(argument, Constant):
        regex = _regex(argument.value)
        return lambda _, __: regex
    value = _value(argument, paths)
    return lambda item, known: _regex(value(item, known))


def _regex(text: Json) -> Regex | None:
    try:
        return compile_pattern(text) if isinstance(text, str) else None
    except RegexError:
        return None


def equal(left: Json, right: Json) -> bool:
    """Whether JSON values are equal: true is not 1, ABSENT equals only ABSENT, maps in any order."""
    pairs = [(left, right)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs.extend(zip(left, right, strict=True))
        elif isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            pairs.extend((value, right[key]) for key, value in left.items())
        elif isinstance(left, bool) or isinstance(right, bool):
            if left is not right:
                return False
        elif left is not right and left != right:
            return False
    return True


def less(left: Json, right: Json) -> bool:
    """Whether left is less than right. Only two numbers or two texts can be."""
    texts = isinstance(left, str) and isinstance(right, str)
    numbers = _is_number(left) and _is_number(right)
    return (texts or numbers) and bool(left < right)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


_COMPARE: Final[dict[str, Callable[[Json, Json], bool]]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": less,
    "<=": lambda left, right: less(left, right) or equal(left, right),
    ">": lambda left, right: less(right, left),
    ">=": lambda left, right: less(right, left) or equal(left, right),
}
