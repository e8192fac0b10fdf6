"""Texts with paths in them, and values as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number
from bridge.jsonpath.path import ABSENT, PathError, Scope, compile_path
from bridge.language.templates import compile_template, is_template
from bridge.language.text import Unusable, text_of
from bridge.model import Json

BODY = {
    "id": 17,
    "name": "Анна",
    "total": Number("1990.00"),
    "paid": True,
    "note": None,
    "tags": ["a", "b"],
    "odd}": "x",
    "items": [{"sku": "py", "n": 1}, {"sku": "sql", "n": 2}],
}


def rendered(text: str, body: Json = BODY) -> str:
    return compile_template(text).render(Scope(body, {"x-shop": "4"}, {}, {"type": "paid"}))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Спасибо, {$.name}! Заказ №{$.id}", "Спасибо, Анна! Заказ №17"),
        ("{$.id}{$.name}", "17Анна"),
        ("{$.total} {$.paid}", "1990.00 true"),
        ("{$headers.X-Shop}/{$event.type}", "4/paid"),
        ("{$.items[?@.n == 2].sku}", "sql"),
        ("{$.items[?@.sku == '}' || @.n == 1].sku}", "py"),
        ('{$["odd}"]}', "x"),
        ("{name} } { $ {}", "{name} } { $ {}"),
        ("", ""),
    ],
)
def test_holes_are_filled_from_the_event(text: str, wanted: str) -> None:
    assert rendered(text) == wanted


def test_what_a_value_holds_is_never_read_as_a_template() -> None:
    assert rendered("{$.a}", {"a": "{$.b} $.b", "b": "secret"}) == "{$.b} $.b"


def test_a_template_knows_its_paths() -> None:
    assert compile_template("a {$.b} c {$event.d}").paths == (compile_path("$.b"), compile_path("$event.d"))


@pytest.mark.parametrize(
    ("text", "wanted"), [("{$.a}", True), ("a {$", True), ("{a}", False), ("$.a", False)]
)
def test_a_template_is_a_text_with_a_hole(text: str, wanted: bool) -> None:
    assert is_template(text) is wanted


@pytest.mark.parametrize(
    ("text", "path", "message", "hint"),
    [
        ("{$.gone}", "$.gone", "$.gone is absent", None),
        ("{$.note}", "$.note", "$.note is null", None),
        (
            "{$.tags}",
            "$.tags",
            "$.tags is a list, not a single value",
            "pick one with first or last, or make a text of it with join, count or to_json",
        ),
        (
            "{$.items[0]}",
            "$.items[0]",
            "$.items[0] is a map, not a single value",
            "go deeper with the path, or make a text of it with to_json",
        ),
        (
            "{$.items[*].sku}",
            "$.items[*].sku",
            "$.items[*].sku gives 2 values, a template takes one",
            "pick one with an index or a filter, or use a value with a pipe",
        ),
        ("{$.items[?@.n == 9].sku}", "$.items[?@.n == 9].sku", "$.items[?@.n == 9].sku is absent", None),
    ],
)
def test_a_hole_that_cannot_be_filled_names_its_path(
    text: str, path: str, message: str, hint: str | None
) -> None:
    with pytest.raises(Unusable) as caught:
        rendered(text)
    assert (caught.value.path, caught.value.message, caught.value.hint) == (path, message, hint)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ab {$.x", 'M208@3 a placeholder "{$" is not closed by "}"'),
        ("ab {$['x}", 'M208@3 a placeholder "{$" is not closed by "}"'),
        ("ab {{$.x}}", "M208@3 a placeholder has single braces: {$.name}"),
        ("ab {$.x y}", 'M201@8 "y" does not fit here'),
        ("ab {$foo}", 'M210@4 unknown root "$foo"'),
        ("{$.a} {$.b|upper}", 'M201@10 "|" does not fit here'),
        ("{$..a..b}", 'M202@5 a second ".." is not allowed; write the whole path'),
    ],
)
def test_a_fault_is_reported_at_its_place_in_the_text(text: str, wanted: str) -> None:
    with pytest.raises(PathError) as caught:
        compile_template(text)
    assert f"{caught.value.code}@{caught.value.offset} {caught.value.message}" == wanted


@given(
    st.lists(st.sampled_from(["{", "}", "$", ".a", "{$.id}", "x", "'", '"', "\\", "[0]", "я"])).map("".join)
)
def test_any_text_is_a_template_or_a_path_error(text: str) -> None:
    try:
        template = compile_template(text)
    except PathError as error:
        place = error.offset
    else:
        place = 0
        if not template.paths:
            assert template.render(Scope({}, {}, {}, {})) == text
    assert 0 <= place <= len(text)


@given(st.text())
def test_a_value_arrives_in_the_text_as_it_is(value: str) -> None:
    assert rendered("<{$.a}>", {"a": value}) == f"<{value}>"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("", ""),
        ("a&b=c", "a&b=c"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (2**53 + 1, "9007199254740993"),
        (Number("1990.00"), "1990.00"),
        (Number("1e3"), "1e3"),
    ],
)
def test_a_scalar_as_text_keeps_its_spelling(value: Json, wanted: str) -> None:
    assert text_of(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "the value is null"),
        (ABSENT, "the value is absent"),
        ([], "the value is a list, not a single value"),
        ({}, "the value is a map, not a single value"),
    ],
)
def test_what_is_no_scalar_has_no_text(value: Json, wanted: str) -> None:
    with pytest.raises(Unusable) as caught:
        text_of(value)
    assert caught.value.message == wanted
