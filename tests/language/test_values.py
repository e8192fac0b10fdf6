"""Values: literals, paths, templates, and objects with functions, table and default."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number
from bridge.jsonpath.scope import ABSENT
from bridge.language.document import read
from bridge.language.nodes import Report
from bridge.language.text import Unusable, text_of
from bridge.language.values import compile_value
from bridge.model import Json
from tests.language.given import render, scope, unusable, value_of

JOINED = '; a template joins several, such as "{$.a}-{$.b}"'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("paid", "paid"),
        ("'12'", "12"),
        ("12", 12),
        ("true", True),
        ("null", None),
        ("no", "no"),
        ("2024-01-01", "2024-01-01"),
        ("{value: $5}", "$5"),
        ("{value: '{$.a}'}", "{$.a}"),
        ("{value: 7}", 7),
        ("US$", "US$"),
        ("{template: plain}", "plain"),
    ],
)
def test_anything_else_is_a_literal(text: str, wanted: Json) -> None:
    value, findings = value_of(text)
    assert findings == []
    assert value is not None
    assert value.render(scope({})) == wanted


def test_a_literal_number_keeps_the_digits_it_is_written_with() -> None:
    assert text_of(render("1990.00")) == "1990.00"
    assert text_of(render("9007199254740993")) == "9007199254740993"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$.a", "x"),
        ("'$.a'", "x"),
        ("$['a']", "x"),
        ("$headers.x-kind", "order"),
        ("$headers.X-Kind", "order"),
        ("$query.page", "7"),
        ("$event.id", "e-1"),
        ("$event.type", "paid"),
        ("$event.source", "shop"),
        ("$event.received_at", 1_700_000_000_000),
        ("$item.n", 5),
        ("$.gone", ABSENT),
        ("$.null", None),
        ("$.list", ["x"]),
    ],
)
def test_a_scalar_that_begins_with_a_root_is_a_path(text: str, wanted: Json) -> None:
    body = {"a": "x", "null": None, "list": ["x"]}
    assert render(text, body, {"n": 5}) == wanted


@pytest.mark.parametrize("number", ["1990.00", "1e2", "-0.10", "12345678901234567890.123"])
def test_a_number_keeps_the_digits_it_was_sent_with(number: str) -> None:
    assert text_of(render("$.n", {"n": Number(number)})) == number


@pytest.mark.parametrize(
    ("sent", "text"), [(True, "true"), (False, "false"), (2**53 + 1, "9007199254740993")]
)
def test_booleans_and_large_numbers_have_one_spelling(sent: Json, text: str) -> None:
    assert text_of(render("$.n", {"n": sent})) == text


def test_a_path_that_finds_one_value_of_many_possible_is_that_value() -> None:
    assert render("$.items[*].n", {"items": [{"n": 1}, {"m": 2}]}) == 1
    assert render("$.items[*].n", {"items": []}) is ABSENT


def test_a_path_that_finds_several_values_is_unusable_until_a_function_picks() -> None:
    body = {"items": [{"n": 1}, {"n": 2}]}
    assert unusable("$.items[*].n", body) == "$.items[*].n gives 2 values, not a single one"
    assert render("{path: '$.items[*].n', pipe: [first]}", body) == 1
    assert render("{path: '$.items[*].n', pipe: [sum]}", body) == 3
    assert render("{path: '$.items[*]', pipe: [count]}", body) == 2
    assert render("{path: '$.items[*]', pipe: [count]}", {}) == 0
    assert render("{path: '$.items[*].n', pipe: [join], default: none}", {}) == "none"
    assert unusable("{path: '$.items[*].n', pipe: [{multiply: 2}]}", body) == (
        "$.items[*].n gives 2 values, not a single one"
    )


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"name": "Аня", "id": 7}, "Спасибо, Аня! Заказ №7"),
        ({"name": "{$.id}", "id": "7"}, "Спасибо, {$.id}! Заказ №7"),
        ({"name": "Аня"}, ABSENT),
        ({"name": None, "id": 7}, ABSENT),
    ],
)
def test_a_text_with_paths_in_it_is_a_template_and_absent_with_any_of_them(body: Json, wanted: Json) -> None:
    assert render('"Спасибо, {$.name}! Заказ №{$.id}"', body) == wanted


def test_a_list_in_a_template_is_unusable() -> None:
    assert unusable('"a {$.list}"', {"list": [1]}) == "$.list is a list, not a single value"
    assert unusable('"a {$.map}"', {"map": {}}) == "$.map is a map, not a single value"


def test_the_order_is_pipe_then_map_then_default() -> None:
    text = "{path: $.s, pipe: [trim, lower], map: {won: Выиграна}, default: Другая}"
    assert render(text, {"s": " WON "}) == "Выиграна"
    assert render(text, {"s": "lost"}) == "Другая"
    assert render(text, {}) == "Другая"
    assert render(text, {"s": None}) == "Другая"


def test_a_default_serves_absent_and_null_but_no_other_value() -> None:
    text = "{path: $.s, default: x}"
    assert render(text, {}) == "x"
    assert render(text, {"s": None}) == "x"
    assert render(text, {"s": ""}) == ""
    assert render(text, {"s": False}) is False
    assert render(text, {"s": []}) == []


def test_a_default_may_be_a_value_of_its_own() -> None:
    assert render("{path: $.a, default: $.b}", {"b": "x"}) == "x"
    assert render("{path: $.a, default: {path: $.b, pipe: [upper], default: none}}", {"b": "x"}) == "X"
    assert render('{path: $.a, default: "№{$.b}"}', {"b": 7}) == "№7"
    assert render("{path: $.a, default: null}", {}) is None


def test_a_pipe_may_be_a_single_function() -> None:
    assert render("{path: $.a, pipe: upper}", {"a": "x"}) == "X"
    assert render("{path: $.a, pipe: {round: 1}}", {"a": "1.25"}) == Number("1.3")


def test_what_a_function_refuses_names_the_path() -> None:
    value, _ = value_of("{path: $.when, pipe: [{date: iso}]}")
    assert value is not None
    with pytest.raises(Unusable) as caught:
        value.render(scope({"when": "soon"}))
    assert caught.value.path == "$.when"


def test_a_value_says_which_paths_it_looks_at() -> None:
    value, _ = value_of('{template: "{$.a} {$item.b}", default: $query.c}')
    assert value is not None
    assert [path.text for path in value.paths] == ["$.a", "$item.b", "$query.c"]
    assert value.literal is ABSENT


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("[a]", f"1:1: M209 expected a value, found a list{JOINED}"),
        ("{}", "1:1: M209 expected one of path, value or template, found none"),
        (
            "{path: $.a, value: b}",
            "1:1: M209 expected one of path, value or template, found path and value",
        ),
        ("{pth: $.a, path: $.a}", '1:2: M104 unknown key "pth"; did you mean "path"?'),
        ("{path: 12}", "1:8: M103 expected a path such as $.id, found the number 12"),
        ("{path: [a]}", "1:8: M209 path: expected a single value, found a list"),
        ("{value: {a: b}}", "1:9: M209 value: expected a single value, found a mapping"),
        (
            "{path: $.a, map: {a: [b]}}",
            "1:22: M209 map: expected a text, number, true or false, found a list",
        ),
        ("{path: $.a, map: a}", '1:18: M209 map: expected a mapping of values, found the text "a"'),
        ("{path: $.a, default: [b]}", f"1:22: M209 expected a value, found a list{JOINED}"),
        ("{path: $.a, pipe: [trm]}", '1:20: M203 unknown function "trm"; did you mean "trim"?'),
        ("$evnt.id", ""),
        ("$5", ""),
        ("$.a[", ""),
        ('"a {$.b"', ""),
    ],
)
def test_what_cannot_be_a_value_is_one_finding_at_its_position(text: str, finding: str) -> None:
    value, findings = value_of(text)
    if not finding:
        assert value is None
        assert len(findings) == 1
    else:
        assert findings == [f"rules.yml:{finding}"]
        assert value is None


@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_give_a_value_or_findings(data: bytes) -> None:
    report = Report("rules.yml")
    node = read(data, report)
    if node is None:
        assert report.failed
        return
    value = compile_value(node, report)
    assert (value is None) is report.failed
