"""Paths under any text and any document: their own error or an answer, in bounded time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.ast import (
    All,
    AnyOf,
    Call,
    Compare,
    Constant,
    Digits,
    Every,
    Exists,
    Holds,
    Name,
    Not,
    Operand,
    Position,
    Query,
    Segment,
    Selector,
    Span,
    Test,
    Where,
)
from bridge.jsonpath.grammar import parse
from bridge.jsonpath.path import ABSENT, PathError, Scope, compile_path
from bridge.model import Json
from tests.support.timing import SOON, seconds_of

PIECES = [
    *("$", "@", ".", "..", "[", "]", "(", ")", "?", "!", "*", ",", ":", "&&", "||", "==", "<", "<=", "!="),
    *(
        "a",
        "имя",
        "'a'",
        '"b"',
        "0",
        "-1",
        "1.5",
        "1e9",
        "true",
        "null",
        "length(",
        "match(",
        "count(",
        "$item",
    ),
    *(" ", "\n", "\\", "'", '"', "'\\u0430'", "'\\ud83d\\ude00'", "[?@.a]", "[*]", "[0,1]", "[::2]"),
]
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.decimals(-2, 2, places=1) | st.sampled_from("ab0")
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab01"), inner, max_size=4),
    max_leaves=20,
)


def scope(body: Json) -> Scope:
    return Scope(body, {"a": "b"}, {"a": ["0"]}, {"id": "a", "type": "b"}, body)


@given(st.text(max_size=60) | st.text(max_size=60).map("$".__add__))
def test_any_text_is_a_path_or_a_path_error(text: str) -> None:
    assert _agrees_or_points(text)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map(lambda pieces: "$" + "".join(pieces)), DOCUMENTS)
def test_any_path_like_text_is_refused_or_finds(text: str, document: Json) -> None:
    assert _agrees_or_points(text, document)


def _agrees_or_points(text: str, document: Json = None) -> bool:
    """Whether all ways to look up a path agree about the document, or its error points into the text."""
    try:
        path = compile_path(text)
    except PathError as error:
        return 0 <= error.offset <= len(text)
    found, first = path.find(scope(document)), path.first(scope(document))
    same = first == found[0] if found else first is ABSENT
    return same and (len(found) <= 1 or not path.definite)


QUOTABLE = st.text("aя'\"\\ \n\x00😀$@.[]", max_size=4)
NAMES = st.sampled_from(["a", "b", "имя", "x-y", "_"]) | QUOTABLE
NUMBERS = st.none() | st.integers(-4, 4)
CONSTANTS = (st.none() | st.booleans() | st.integers(-9, 9) | QUOTABLE).map(Constant)
SINGLE = st.builds(Name, NAMES) | st.builds(Position, st.integers(-9, 9))
SINGLE_QUERIES = st.builds(
    Query,
    st.sampled_from(["@", "$", "$event"]),
    st.lists(SINGLE.map(lambda one: Segment((one,))), max_size=2).map(tuple),
)
FLAT = SINGLE | st.builds(Span, NUMBERS, NUMBERS, NUMBERS) | st.just(Every())
FLAT_QUERIES = st.builds(
    Query,
    st.just("@"),
    st.lists(st.lists(FLAT, min_size=1, max_size=2).map(tuple).map(Segment), max_size=2).map(tuple),
)
VALUES = SINGLE_QUERIES | CONSTANTS
OPERANDS = (
    VALUES
    | VALUES.map(lambda value: Call("length", (value,)))
    | FLAT_QUERIES.map(lambda query: Call("count", (query,)))
    | FLAT_QUERIES.map(lambda query: Call("value", (query,)))
)
COMPARISONS = st.builds(Compare, OPERANDS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), OPERANDS)
MATCHES = st.builds(
    lambda name, value: Holds(Call(name, (value, Constant("a.*")))),
    st.sampled_from(["match", "search"]),
    VALUES,
)
TESTS = st.recursive(
    COMPARISONS | MATCHES | FLAT_QUERIES.map(Exists),
    lambda inner: (
        inner.filter(lambda test: not isinstance(test, Not)).map(Not)
        | st.lists(inner.filter(lambda test: not isinstance(test, All)), min_size=2, max_size=3)
        .map(tuple)
        .map(All)
        | st.lists(inner.filter(lambda test: not isinstance(test, AnyOf)), min_size=2, max_size=3)
        .map(tuple)
        .map(AnyOf)
    ),
    max_leaves=4,
)
SELECTORS = FLAT | TESTS.map(Where)
SEGMENTS = st.lists(SELECTORS, min_size=1, max_size=2).map(tuple).map(Segment)
QUERIES = st.builds(
    Query, st.sampled_from(["$", "$headers", "$query", "$item"]), st.lists(SEGMENTS, max_size=2).map(tuple)
)


@given(QUERIES)
def test_a_path_means_what_it_was_written_from(query: Query) -> None:
    text = spelled(query)
    try:
        assert parse(text) == query
    except PathError as error:
        assert error.code == "M202", text  # noqa: PT017 - only a limit may stop it


@given(QUERIES, DOCUMENTS)
def test_any_well_made_path_finds_values_of_the_document(query: Query, document: Json) -> None:
    assert _agrees_or_points(spelled(query), document)


def spelled(query: Query) -> str:
    """A query in brackets only."""
    return query.root + "".join(_segment(segment) for segment in query.segments)


def _segment(segment: Segment) -> str:
    return "[" + ", ".join(_selector(selector) for selector in segment.selectors) + "]"


def _selector(selector: Selector) -> str:
    match selector:
        case Name(name):
            return _quoted(name)
        case Position(index):
            return str(index)
        case Span(start, end, step):
            return ":".join("" if number is None else str(number) for number in (start, end, step))
        case Every():
            return "*"
        case Where(test):
            return "?" + _test(test)


def _test(test: Test) -> str:
    match test:
        case All(tests):
            return " && ".join(f"({_test(one)})" if isinstance(one, AnyOf) else _test(one) for one in tests)
        case AnyOf(tests):
            return " || ".join(_test(one) for one in tests)
        case Not(inner):
            return f"!({_test(inner)})" if isinstance(inner, All | AnyOf | Compare) else f"!{_test(inner)}"
        case Exists(query):
            return spelled(query)
        case Holds(call):
            return _operand(call)
        case Compare(left, operator, right):
            return f"{_operand(left)} {operator} {_operand(right)}"


def _operand(operand: Operand) -> str:
    match operand:
        case Constant(str() as text):
            return _quoted(text)
        case Constant(value):
            return {None: "null", True: "true", False: "false"}[value] if not _is_int(value) else str(value)
        case Query():
            return spelled(operand)
        case Call(name, arguments):
            return f"{name}({', '.join(_operand(argument) for argument in arguments)})"


def _is_int(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + "".join(one if ord(one) >= 32 else f"\\u{ord(one):04x}" for one in plain) + "'"


WIDE = {"list": [{"a": [1, 2], "b": "x" * 50} for _ in range(8_000)], "pattern": "(x+x+)+y"}


def nested(depth: int) -> Json:
    """Lists and maps in turn, one inside the other."""
    document: Json = 1
    for level in range(depth):
        document = {"a": document} if level % 2 else [document]
    return document


@pytest.mark.parametrize(
    "text",
    [
        "$..*",
        "$..[*,*,*,*,*,*]",
        "$..[0,0,0,0,0,0,0,0][*]",
        "$.list[?$.list[?$.list[*]]]",
        "$.list[?count($.list[*]) > count(@.a[*,*,*,*])]",
        "$..[?@.a[?@ == 2] || @.b == $.list[3].b]",
        "$.list[?search(@.b, $.pattern)]",
        "$.list[?match(@.b, '(x|xx)*y')]",
        "$.list[?@ == $.list[7999]]",
    ],
)
def test_a_costly_path_over_a_large_document_ends_within_seconds(text: str) -> None:
    path = compile_path(text)
    assert seconds_of(lambda: path.find(scope(WIDE))) < SOON


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("$..a", 64),
        ("$..[*]", 130),
        ("$[?@ == @]", 2),
        ("$[?@ == $[0]]", 2),
        ("$[1]" + ".a[0]" * 32, 1),
        ("$" + ".a" * 64, 0),
    ],
)
def test_a_deep_document_is_searched_to_its_end(text: str, count: int) -> None:
    assert len(compile_path(text).find(scope([nested(64), nested(64)]))) == count


def test_a_name_of_digits_is_kept_as_such() -> None:
    assert parse("$.0") == Query("$", (Segment((Name(Digits("0")),)),))
