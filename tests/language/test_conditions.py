"""Conditions: what holds, what does not and why, and which are findings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number
from bridge.language.conditions import HOLDS, Decision, compile_conditions, decide
from bridge.language.document import read
from bridge.language.evaluate import shown
from bridge.language.nodes import Report
from bridge.language.operator_table import OPERATORS
from bridge.language.operators import CODES
from bridge.model import Json
from tests.language.given import decision, findings_of_conditions, holds, scope
from tests.language.test_functions import documents


def test_the_operators_are_those_of_the_language() -> None:
    spec = "eq ne in not_in gt gte lt lte between exists empty contains starts_with ends_with matches"
    assert list(OPERATORS) == spec.split()


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("paid", "paid"),
        ("'100'", "100"),
        ("100", 100),
        ("100", "100"),
        ("100", "100.00"),
        ("100", Number("1.0e2")),
        ("1990.00", "1990"),
        ("0.1", Number("0.10")),
        ("true", True),
        ("false", False),
        ("null", None),
        ("[python, sql]", "sql"),
        ("[1, 2]", "2"),
        ("[a, null]", None),
        ("{eq: paid}", "paid"),
        ("{eq: PAID, ignore_case: true}", "paid"),
        ("{eq: ПРИВЕТ, ignore_case: true}", "привет"),
        ("{eq: a, ignore_case: false}", "a"),
        ("{value: $5}", "$5"),
        ("{eq: {value: $.a}}", "$.a"),
        ("{ne: paid}", "refused"),
        ("{ne: 1}", "2"),
        ("{ne: paid}", None),
        ("{in: [a, b]}", "b"),
        ("{in: [A, B], ignore_case: true}", "b"),
        ("{not_in: [a, b]}", "c"),
        ("{gt: 1000}", "1000.01"),
        ("{gte: 1000}", "1000.00"),
        ("{gte: 1000}", 1000),
        ("{lt: 0.3}", Number("0.29")),
        ("{lte: -1}", -1),
        ("{between: [1, 5]}", 1),
        ("{between: [1, 5]}", "5.0"),
        ("{gte: 1, lt: 2}", "1.99"),
        ("{exists: true}", None),
        ("{exists: true, ne: 5}", 6),
        ("{empty: true}", ""),
        ("{empty: true}", "  "),
        ("{empty: true}", []),
        ("{empty: true}", {}),
        ("{empty: true}", None),
        ("{empty: false}", "a"),
        ("{empty: false}", 0),
        ("{contains: bc}", "abcd"),
        ("{contains: BC, ignore_case: true}", "abcd"),
        ("{contains: [x, bc]}", "abcd"),
        ("{contains: vip}", ["new", "vip"]),
        ("{contains: 5}", ["5"]),
        ("{contains: 9}", 1990),
        ("{starts_with: +7}", "+7916"),
        ("{starts_with: [8, +7]}", "+7916"),
        ("{starts_with: 7}", 7916),
        ("{ends_with: .RU, ignore_case: true}", "shop.ru"),
        (r"{matches: '^\p{L}+$'}", "Привет"),
        (r"{matches: 'RU$', ignore_case: true}", "shop.ru"),
        (r"{matches: '^\d+$'}", 1990),
        ("{every: {gt: 1}}", [2, 3]),
        ("{every: [a, b]}", ["a", "b"]),
        ("{every: a}", "a"),
    ],
)
def test_holds(condition: str, value: Json) -> None:
    assert decision(f"$.v: {condition}", {"v": value}) is HOLDS


@pytest.mark.parametrize(
    ("condition", "value", "code"),
    [
        ("paid", "Paid", "case"),
        ("paid", " paid", "blank"),
        ("paid", "Paid ", "blank"),
        ("paid", "open", "differs"),
        ("paid", "", "differs"),
        ("'100'", 100, "type"),
        ("'1990.00'", Number("1990.00"), "type"),
        ("'100'", "100.0", "differs"),
        ("100", "1e", "differs"),
        ("100", "100 RUB", "differs"),
        ("100", True, "differs"),
        ("1", True, "differs"),
        ("true", 1, "differs"),
        ("true", "true", "type"),
        ("'true'", True, "type"),
        ("null", "", "differs"),
        ("paid", None, "differs"),
        ("paid", ["paid"], "list"),
        ("paid", {"paid": 1}, "object"),
        ("[Python, sql]", "python", "case"),
        ("[Python, 5]", "python", "case"),
        ("[Python, 5]", " Python", "blank"),
        ("[python, true]", "true", "type"),
        ("[python, 5]", ["python"], "list"),
        ("paid", "p" * 2000, "differs"),
        ("{ne: paid}", "paid", "excluded"),
        ("{not_in: [1, 2]}", "2", "excluded"),
        ("{not_in: [A], ignore_case: true}", "a", "excluded"),
        ("{gt: 1000}", "100", "less"),
        ("{gt: 1000}", 1000, "less"),
        ("{gte: 1000}", "999.99", "less"),
        ("{lt: 1000}", 1000, "more"),
        ("{lte: 1000}", 1001, "more"),
        ("{between: [1, 5]}", 0, "less"),
        ("{between: [1, 5]}", 6, "more"),
        ("{gt: 1000}", "many", "not_number"),
        ("{gt: 0}", True, "not_number"),
        ("{gt: 0}", None, "not_number"),
        ("{gt: 0}", [1], "not_number"),
        ("{gt: 0}", "1" * 5000, "not_number"),
        ("{lt: 0}", Number("1e999999999"), "more"),
        ("{exists: false}", None, "present"),
        ("{empty: true}", "a", "not_empty"),
        ("{empty: true}", 0, "not_empty"),
        ("{empty: false}", " ", "empty"),
        ("{contains: x}", "abc", "no_match"),
        ("{contains: x}", ["xx"], "list"),
        ("{contains: x}", {"x": 1}, "object"),
        ("{starts_with: x}", "ax", "no_match"),
        ("{starts_with: t}", True, "no_match"),
        ("{ends_with: x}", ["x"], "list"),
        (r"{matches: '^\w+$'}", "Привет", "no_match"),
        ("{matches: x}", "\ud800x", "no_match"),
        ("{every: {gt: 1}}", [2, 1], "less"),
        ("{gte: 1, lt: 2}", 2, "more"),
    ],
)
def test_does_not_hold_and_why(condition: str, value: Json, code: str) -> None:
    found = decision(f"$.v: {condition}", {"v": value})
    assert (found.holds, found.code) == (False, code)
    assert code in CODES


@pytest.mark.parametrize(
    "condition",
    [
        "paid",
        "null",
        "{ne: paid}",
        "{not_in: [a]}",
        "{empty: true}",
        "{empty: false}",
        "{exists: true}",
        "{gt: 0}",
        "{every: {ne: a}}",
        "{eq: $.v}",
    ],
)
def test_an_absent_path_makes_every_operator_false(condition: str) -> None:
    assert decision(f"$.v: {condition}", {}) == Decision(False, "absent", None, f"$.v: {condition}", 1)


def test_but_exists_false() -> None:
    assert holds("$.v: {exists: false}", {})
    assert not holds("$.v: {exists: false}", {"v": None})


def test_a_decision_says_the_condition_the_value_and_the_line() -> None:
    text = "$.a: 1\n$.status: [paid, done]\n$.c: 3"
    assert decision(text, {"a": 1, "status": "open"}) == Decision(
        False, "differs", "open", "$.status: [paid, done]", 2
    )


def test_the_condition_is_shown_as_the_owner_wrote_it() -> None:
    for text in (
        "$.a: '1'",
        "$.a: {gte: 1000, lt: 2000.50}",
        "\"$['x: y']\": no",
        '$.a: "b: c"',
        "$.a: {in: [ё, 'a b']}",
    ):
        shown_as = decision(text, {"a": None, "x: y": 1}).condition
        assert decision(shown_as, {}).condition == shown_as


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        ([1, 2, 3], 3),
        ({"a": 1}, 1),
        (int("9" * 300), "9" * 199 + "…"),
        (Number("1.50"), Number("1.50")),
        (True, True),
        (None, None),
    ],
)
def test_a_found_value_is_kept_short(value: Json, kept: Json) -> None:
    assert shown(value) == kept
    assert type(shown(value)) is type(kept)


@pytest.mark.parametrize(
    ("condition", "values", "wanted"),
    [
        ("2", [1, 2], True),
        ("3", [1, 2], False),
        ("{gt: 1, lt: 2}", [3, 0], False),
        ("{gt: 1, lt: 4}", [3, 0], True),
        ("{ne: 1}", [1, 2], True),
        ("{ne: 1}", [1, 1], False),
        ("{every: {gt: 0}}", [1, 2], True),
        ("{every: {gt: 1}}", [1, 2], False),
        ("{every: {gt: 0}}", [], False),
        ("{exists: false}", [], True),
        ("{exists: true}", [1], True),
    ],
)
def test_many_values_hold_if_one_does_and_every_asks_all(condition: str, values: Json, wanted: bool) -> None:
    body = {"items": [{"n": value} for value in values]}
    assert holds(f"$.items[*].n: {condition}", body) is wanted


def test_of_many_values_the_decision_shows_the_nearest() -> None:
    body = {"items": [{"s": "new"}, {"s": "Paid"}, {"s": "old"}]}
    assert decision("$.items[*].s: paid", body).found == "Paid"


@pytest.mark.parametrize(
    ("condition", "body", "code"),
    [
        ("{eq: $.w}", {"v": "a", "w": "a"}, ""),
        ("$.w", {"v": "a", "w": "a"}, ""),
        ("{eq: $.w}", {"v": "100", "w": 100}, ""),
        ("{eq: $.w}", {"v": 100, "w": "100.0"}, ""),
        ("{eq: $.w}", {"v": "a", "w": "b"}, "differs"),
        ("{eq: $.w}", {"v": "a"}, "other_absent"),
        ("{ne: $.w}", {"v": "a", "w": "b"}, ""),
        ("{ne: $.w}", {"v": "5", "w": 5}, "excluded"),
        ("{ne: $.w}", {"v": "a"}, "other_absent"),
        ("{gt: $.w}", {"v": 10, "w": "9"}, ""),
        ("{gt: $.w}", {"v": 10, "w": "ten"}, "not_number"),
        ("{gt: $.w}", {"v": 10}, "other_absent"),
        ("{between: [$.w, 20]}", {"v": 10, "w": 5}, ""),
        ("{in: $.w}", {"v": "b", "w": ["a", "b"]}, ""),
        ("{in: [x, $.w]}", {"v": "x"}, ""),
        ("{not_in: $.w}", {"v": "b", "w": ["a"]}, ""),
        ("{contains: $.w}", {"v": "abc", "w": "b"}, ""),
        ("{contains: $.w}", {"v": "abc"}, "other_absent"),
        ('{eq: "x-{$.w}"}', {"v": "x-1", "w": 1}, ""),
        ('{eq: "x-{$.w}"}', {"v": "x-1"}, "other_absent"),
        ('{eq: "x-{$.w}"}', {"v": "x-1", "w": [1]}, "other_absent"),
        ("{eq: $.w, ignore_case: true}", {"v": "A", "w": "a"}, ""),
        ("[x, $.w]", {"v": 5, "w": 5}, ""),
        ("{ends_with: $event.id}", {"v": "is e-1"}, ""),
        ("{eq: $query.page}", {"v": "7"}, ""),
    ],
)
def test_a_condition_may_compare_with_another_path(condition: str, body: Json, code: str) -> None:
    assert decision(f"$.v: {condition}", body).code == code


@pytest.mark.parametrize(
    ("text", "body", "wanted"),
    [
        ("any: [{$.a: 1}, {$.b: 2}]", {"b": 2}, True),
        ("any: [{$.a: 1}, {$.b: 2}]", {"b": 1}, False),
        ("any: [{$.a: 1, $.b: 2}]", {"a": 1, "b": 1}, False),
        ("all: [{$.a: {gt: 0}}, {$.a: {lt: 5}}]", {"a": 3}, True),
        ("all: [{$.a: {gt: 0}}, {$.a: {lt: 5}}]", {"a": 7}, False),
        ("not: {$.a: 1}", {"a": 2}, True),
        ("not: {$.a: 1}", {}, True),
        ("not: {$.a: 1}", {"a": 1}, False),
        ("not: {$.a: 1, $.b: 2}", {"a": 1, "b": 3}, True),
        ("not: {any: [{$.a: 1}, {not: {$.b: 2}}]}", {"b": 2}, True),
        ("any: [{all: [{$.a: 1}]}, {any: [{$.b: 2}]}]", {"b": 2}, True),
    ],
)
def test_groups(text: str, body: Json, wanted: bool) -> None:
    assert holds(text, body) is wanted


def test_a_group_tells_which_part_decided() -> None:
    assert decision("all: [{$.a: 1}, {$.b: 2}]", {"a": 1, "b": 3}) == Decision(
        False, "differs", 3, "$.b: 2", 1
    )
    assert decision("any: [{$.a: 1}]", {"a": 2}) == Decision(False, "none_held", None, "any: [{$.a: 1}]", 1)
    assert decision("not: {$.a: test}", {"a": "test"}) == Decision(
        False, "held", "test", "not: {$.a: test}", 1
    )


def test_a_condition_knows_the_literals_without_which_it_cannot_hold() -> None:
    report = Report("rules.yml")
    text = """\
$.a: x
$.b: [y, 1, null]
$.c: {eq: X, ignore_case: true}
$.d: {in: [y, z], starts_with: y}
$.e[*]: true
$.f: {value: $5}
$.not: {ne: x}
$.path: $.a
$.mixed: [x, $.a]
$.every: {every: {eq: x}}
$.gone: {exists: false}
not: {$.a: x}
any: [{$.a: x}]
"""
    node = read(text.encode(), report)
    assert node is not None
    found = [
        (one.equality[0].text, one.equality[1]) for one in compile_conditions(node, report) if one.equality
    ]
    assert found == [
        ("$.a", ("x",)),
        ("$.b", ("y", 1, None)),
        ("$.c", ("X",)),
        ("$.d", ("y", "z")),
        ("$.e[*]", (True,)),
        ("$.f", ("$5",)),
    ]
    assert report.findings == []


def test_a_condition_knows_whether_it_looks_at_the_item() -> None:
    report = Report("rules.yml")
    node = read(b"$.a: x\n$item.b: y\n$.c: $item.d\nany: [{$.a: 1}, {$item.a: 1}]", report)
    assert node is not None
    assert [one.uses_item for one in compile_conditions(node, report)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("[a]", "1:1: M103 expected conditions such as $.status: paid, found a list"),
        ("status: x", '1:1: M210 expected a path, any, all or not, found "status"; write $.status'),
        ("$.a: {gtt: 1}", '1:7: M205 unknown operator "gtt"; did you mean "gt"?'),
        ("$.a: {startswith: a}", '1:7: M205 unknown operator "startswith"; did you mean "starts_with"?'),
        ("$.a: {}", "1:6: M206 expected an operator such as {gte: 100}, found an empty mapping"),
        ("$.a: []", "1:6: M206 expected at least one value, found an empty list"),
        ("$.a: [[b]]", "1:7: M206 expected a value to compare with, found a list"),
        ("$.a: {eq: [b]}", "1:11: M206 eq: expected one value, found a list; use in"),
        ("$.a: {ne: [b]}", "1:11: M206 ne: expected one value, found a list; use not_in"),
        ("$.a: {in: b}", '1:11: M206 in: expected a list or a path, found the text "b"'),
        ("$.a: {gt: '5'}", '1:11: M206 gt: expected a number or a path, found the text "5"'),
        ("$.a: {gt: [5]}", "1:11: M206 gt: expected a number or a path, found a list"),
        ("$.a: {between: 5}", "1:16: M206 between: expected [lowest, highest], found the number 5"),
        ("$.a: {between: [1, x]}", '1:20: M206 between: expected a number or a path, found the text "x"'),
        (
            "$.a: {between: [5, 1]}",
            "1:16: M206 between: the first number is larger than the second, so no value matches",
        ),
        ("$.a: {exists: 1}", "1:15: M206 exists: expected true or false, found the number 1"),
        ("$.a: {empty: nein}", '1:14: M206 empty: expected true or false, found the text "nein"'),
        (
            "$.a: {exists: false, eq: 1}",
            "1:6: M206 exists: false leaves no value for another operator",
        ),
        ("$.a: {matches: 5}", "1:16: M206 matches: expected a regular expression, found the number 5"),
        ("$.a: {matches: '('}", "1:16: M207 the pattern is not read by RE2: missing ): ("),
        (
            r"$.a: {matches: '(а)\1'}",
            r"1:16: M207 the pattern is not read by RE2: invalid escape sequence: \1; "
            "RE2 has no look-around and no back-references",
        ),
        (
            r"$.a: {matches: '\bда'}",
            r"1:16: W502 \w, \d, \s and \b know only ASCII; for letters of any language write \p{L}, "
            r"for digits \p{Nd}",
        ),
        ("$.a: {ignore_case: true}", "1:6: M206 ignore_case needs an operator such as eq next to it"),
        (
            "$.a: {eq: a, ignore_case: 1}",
            "1:27: M206 ignore_case: expected true or false, found the number 1",
        ),
        (
            "$.a: {gt: 1, ignore_case: true}",
            "1:7: M206 gt does not compare letters; remove ignore_case",
        ),
        (
            "$.a: {every: {gt: 1}, gt: 2}",
            "1:7: M206 every takes no other operators next to it; write them inside it",
        ),
        (
            "$.a: {every: {exists: true}}",
            "1:14: M206 every asks about values that are there, not about every or exists",
        ),
        ("any: {$.a: 1}", "1:6: M103 any: expected a list of conditions, found a mapping"),
        ("any: []", "1:6: M103 any: expected a list of conditions, found a list"),
        ("all: [{}]", "1:7: M103 expected conditions such as $.status: paid, found an empty mapping"),
        ("not: {}", "1:6: M103 expected conditions such as $.status: paid, found an empty mapping"),
        ("$.a: {in: [[b]]}", "1:12: M206 expected a value to compare with, found a list"),
        ("$.a: {every: [[b]]}", "1:15: M206 expected a value to compare with, found a list"),
        ("not: [a]", "1:6: M103 expected conditions such as $.status: paid, found a list"),
    ],
)
def test_what_cannot_be_a_condition_is_one_finding_at_its_position(text: str, finding: str) -> None:
    assert findings_of_conditions(text) == [finding]


@given(
    st.binary(max_size=120) | st.text(max_size=120).map(lambda text: text.encode("utf-8", "replace")),
    documents,
)
def test_any_bytes_are_conditions_or_findings(data: bytes, body: Json) -> None:
    report = Report("rules.yml")
    node = read(data, report)
    if node is None:
        assert report.failed
    else:
        found = decide(compile_conditions(node, report), scope(body))
        assert found.holds or found.code in CODES


CONDITIONS = [
    "$.v: {eq: $.w}",
    "$.v: {in: $.w}",
    "$.v: {gt: $.w}",
    "$.v: {contains: $.w}",
    "$.v: {starts_with: $.w, ignore_case: true}",
    "$.v: {between: [$.w, 5]}",
    "$.v: {every: {ne: $.w}}",
    "$.v[*]: {matches: 'a+'}",
    "$.v: [1, a, null, true]",
    "$.v: {empty: true}",
    "not: {any: [{$.v: 1}, {$.w: {exists: false}}]}",
]


@given(st.sampled_from(CONDITIONS), documents, documents)
def test_any_two_values_can_be_compared(text: str, left: Json, right: Json) -> None:
    found = decision(text, {"v": left, "w": right})
    assert found.holds or found.code in CODES


def test_a_key_that_is_no_path_is_a_finding_at_the_key() -> None:
    found = findings_of_conditions("$.b: 1\n$.a[: 1")
    assert len(found) == 1
    assert found[0].startswith("2:")
