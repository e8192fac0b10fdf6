"""Warnings about rules that cannot mean what they say: never reached, never matching, doubled, forced."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number
from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition, compile_conditions, decide
from bridge.language.document import read
from bridge.language.nodes import Report
from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.lint.contradictions import contradiction, dead_alternatives
from bridge.model import Json
from bridge.text.render import english
from tests.mapping.given import ENVIRONMENT, HEAD, TESTS, findings


def conditions(text: str) -> tuple[Condition, ...]:
    report = Report("rules.yml")
    node = read(text.encode(), report)
    assert node is not None
    found = compile_conditions(node, report)
    assert report.findings == []
    return found


def fault(text: str) -> str | None:
    found = contradiction(conditions(text))
    return f"{found.condition.line}: {english(found.reason)}" if found else None


@pytest.mark.parametrize(
    ("text", "line", "earlier"),
    [
        ("$.a: x\n$['a']: y", 2, "$.a: x"),
        ("$.a: x\nall: [{$.a: y}]", 2, "$.a: x"),
        ("$.a: [x, y]\nall: [{$.a: [z, Y]}]", 2, "$.a: [x, y]"),
        ("$.a: x\nall: [{$.a: {ne: x}}]", 2, "$.a: x"),
        ("$.a: x\nnot: {$.a: x}", 2, "$.a: x"),
        ("$.a: x\nnot: {$.a: {exists: true}}", 2, "$.a: x"),
        ("$.a: paid\nall: [{$.a: {starts_with: refund}}]", 2, "$.a: paid"),
        ("$.a: 5\nall: [{$.a: {gt: 5}}]", 2, "$.a: 5"),
        ("$.a: true\nall: [{$.a: [false, 1]}]", 2, "$.a: true"),
        ("$.a: {gt: 5}\nall: [{$.a: {lt: 5}}]", 2, "$.a: {gt: 5}"),
        ("$.a: {gte: 5}\nall: [{$.a: {lt: 5}}]", 2, "$.a: {gte: 5}"),
        ("$.a: {exists: false}\nall: [{$.a: {gt: 1}}]", 2, "$.a: {exists: false}"),
        ("$.a: {empty: true}\nall: [{$.a: {between: [1, 2]}}]", 2, "$.a: {empty: true}"),
        ("$.a: 1\n$.b: 2\nany: [{$.a: 2}, {$.a: 3}]", 3, "$.a: 1"),
        ("$headers.X-Kind: a\n$headers['x-kind']: b", 2, "$headers.X-Kind: a"),
        ("$.l[0].a: x\nall: [{'$.l[0].a': y}]", 2, "$.l[0].a: x"),
        ("$.l[-2]: x\nall: [{'$.l[-2]': y}]", 2, "$.l[-2]: x"),
        ("$item.a: x\n$item['a']: y", 2, "$item.a: x"),
        ("$event.type: x\n$event['type']: y", 2, "$event.type: x"),
        ("$query.a: x\n$query['a']: y", 2, "$query.a: x"),
    ],
)
def test_two_conditions_that_exclude_each_other(text: str, line: int, earlier: str) -> None:
    expected = f'{line}: contradicts "{earlier}" in line 1, so the rule never matches'
    assert fault(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$.a: {eq: x, ne: x}",
        "$.a: {in: [x, y], not_in: [y, x, z]}",
        "$.a: {eq: x, in: [y, z]}",
        "$.a: {gt: 5, lt: 3}",
        "$.a: {gt: 5, lte: 5}",
        "$.a: {between: [1, 5], gt: 5}",
        "$.a: {empty: true, gt: 0}",
        "$.a: {eq: x, gt: 0}",
        "$.a: {gte: 5, lte: 5, ne: 5}",
    ],
)
def test_a_condition_that_excludes_itself(text: str) -> None:
    assert fault(text) == "1: no value fulfils this condition, so the rule never matches"


def test_conditions_that_only_all_together_exclude_each_other() -> None:
    text = "$.a: {gte: 5}\n$['a']: {lte: 5}\nnot: {$.a: 5}"
    assert fault(text) == '3: contradicts "$.a: {gte: 5}" in line 1, so the rule never matches'


@pytest.mark.parametrize(
    "text",
    [
        "$.a: x\n$.b: y",
        "$.a: [x, y]\nall: [{$.a: [y, z]}]",
        "$.a: 5\nall: [{$.a: '5'}]",
        "$.a: 5\nall: [{$.a: '5.00'}]",
        "$.a: 5\nall: [{$.a: {ends_with: '.00'}}]",
        "$.a: 5\nall: [{$.a: {ne: '5'}}]",
        "$.a: {gt: 5, lt: 5.0000000000000000000000000000000001}",
        "$.a: {gte: 5, lte: 5}",
        "$.a: {between: [1, 5], ne: 3, not_in: [1, 5]}",
        "$.a: {eq: PAID, ignore_case: true}\nall: [{$.a: Paid}]",
        "$.a[*]: x\n$['a'][*]: y",
        "$.a: {every: {gt: 5}}\n$['a']: {every: {lt: 5}}",
        "$.a: $.b\n$['a']: x",
        "$.a: {gt: $.b, lt: 3}",
        "$.a: {exists: true}\n$['a']: null",
        "$.a: {empty: true}\n$['a']: {exists: true}",
        "$.a: {empty: true}\n$['a']: {ne: x}",
        "$.a: {contains: x, starts_with: y}",
        "any: [{$.a: 1}, {$.b: 2}]\n$.a: 2",
        "any: [{$.a: 1}, {$.a: 2}]\n$.a: 2",
        "not: {$.a: 1}\n$.a: 2",
        "not: {$.a: 1, $.b: 2}\n$.a: 1",
        "'$.l[100000]': x\n$['l'][100000]: y",
        "$.a: {exists: false}",
    ],
)
def test_conditions_that_may_hold_together(text: str) -> None:
    assert fault(text) is None


def test_an_alternative_that_never_holds_is_reported_if_the_rule_may_match() -> None:
    found = list(dead_alternatives(conditions("$.a: x\nany:\n  - $.b: 1\n  - $.c: 2\n    $.a: y")))
    assert [(one.condition.line, english(one.reason)) for one in found] == [
        (5, 'contradicts "$.a: x" in line 1, so this alternative never holds')
    ]
    assert list(dead_alternatives(conditions("$.a: x\nany: [{$.a: x}, {$.b: 1}]"))) == []


WORDS = ("x", "y", "5", "'5'", "5.0", "true", "null", "''")
QUESTIONS = st.one_of(
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda words: f"[{', '.join(words)}]"),
    st.sampled_from(WORDS).map(lambda word: f"{{ne: {word}}}"),
    st.tuples(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(3, 6)).map(
        lambda pair: f"{{{pair[0]}: {pair[1]}}}"
    ),
    st.sampled_from(
        [
            "{exists: true}",
            "{exists: false}",
            "{empty: true}",
            "{empty: false}",
            "{between: [4, 5]}",
            "{starts_with: x}",
            "{eq: X, ignore_case: true}",
        ]
    ),
)
LINES = st.one_of(
    QUESTIONS.map(lambda question: f"all: [{{$.a: {question}}}]"),
    QUESTIONS.map(lambda question: f"all: [{{not: {{$.a: {question}}}}}]"),
    st.lists(QUESTIONS, min_size=1, max_size=2).map(
        lambda some: f"all: [{{any: [{', '.join(f'{{$.a: {one}}}' for one in some)}]}}]"
    ),
)
VALUES: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            False,
            "",
            "x",
            "X",
            "xy",
            "y",
            "5",
            "5.0",
            5,
            Number("5.0"),
            Number("4.5"),
            [],
            ["x"],
            {},
        ]
    ),
    st.integers(2, 7),
    st.text(max_size=2),
)


@given(st.lists(LINES, min_size=1, max_size=4), VALUES)
def test_what_is_called_impossible_never_holds(lines: list[str], value: Json) -> None:
    parts = tuple(one for line in lines for one in conditions(line))
    if contradiction(parts) is not None:
        assert not decide(parts, Scope({"a": value}, {}, {}, {})).holds
        assert not decide(parts, Scope({}, {}, {}, {})).holds


def test_the_finding_is_at_the_condition() -> None:
    rules = "- name: r\n  when:\n    $.a: x\n    not: {$.a: x}\n  start: {bot_id: 1, subscriber_id: 2}"
    assert findings(rules) == ['4:5: W507 contradicts "$.a: x" in line 10, so the rule never matches']


STOPS = "- {{name: a, stop: true, when: {{{}}}, start: {{bot_id: 1, subscriber_id: 2}}}}\n"
LATER = "- {{name: b, when: {{{}}}, start: {{bot_id: 2, subscriber_id: 2}}}}"


@pytest.mark.parametrize(
    ("stops", "later"),
    [
        ("$.a: [x, y]", "$.a: x"),
        ("$.a: [x, y]", "$.a: [y, x]"),
        ("$.a: {in: [x, y]}", "$.b: 1, $.a: {eq: y}"),
        ("$.a: x, $.b: {gt: 1}", "$.b: {gt: 1}, \"$['a']\": x"),
    ],
)
def test_a_rule_is_not_reached_where_the_stopping_one_asks_no_more(stops: str, later: str) -> None:
    assert findings(STOPS.format(stops) + LATER.format(later)) == [
        '2:10: W505 never reached: "a" in line 8 stops before it'
    ]


@pytest.mark.parametrize(
    ("stops", "later"),
    [
        ("$.a: x", "$.a: [x, y]"),
        ("$.a: {eq: x, ignore_case: true}", "$.a: X"),
        ("$.a: '5'", "$.a: 5"),
        ("$.a: x, $.b: y", "$.a: x"),
        ("'$.l[*]': x", "'$.l[*]': [x, x]"),
        ("$.a: true", "$.a: 1"),
    ],
)
def test_and_may_be_where_it_asks_something_else(stops: str, later: str) -> None:
    assert findings(STOPS.format(stops) + LATER.format(later)) == []


def test_the_first_of_several_that_stop_is_named() -> None:
    rules = (
        STOPS.format("$.b: 1")
        + STOPS.format("$.a: x").replace("name: a", "name: c")
        + LATER.format("$.a: x, $.b: 1")
    )
    assert findings(rules) == ['3:10: W505 never reached: "a" in line 8 stops before it']


def test_a_thousand_rules_that_stop_are_compared_by_what_they_ask() -> None:
    rules = "".join(
        f"- {{name: r{number}, stop: true, when: {{$event.type: paid, $.a: c-{number}}}, "
        f"start: {{bot_id: {number + 1}, subscriber_id: 2}}}}\n"
        for number in range(1_000)
    )
    assert findings(
        f"{rules}- {{name: r, when: {{$.a: c-7, $event.type: paid}}, start: {{bot_id: 1, subscriber_id: 2}}}}"
    ) == ['1001:10: W505 never reached: "r7" in line 15 stops before it']


def strict(start: str) -> list[str]:
    """The findings of a strict check of one rule with this start; its first line is line 1."""
    lines = "\n".join(f"      {line}" for line in start.splitlines())
    text = f"{HEAD}rules:\n  - name: r\n    start:\n{lines}\n{TESTS}"
    result = compile_files({"shop.yml": text.encode()}, ENVIRONMENT, notices=True)
    before = text[: text.index("    start:\n")].count("\n") + 1
    found = [str(one).split(":", 3) for one in result.findings]
    return [f"{int(line) - before}:{int(column) - 6}:{rest}" for _, line, column, rest in found]


BOT = "bot_id: 1\nsubscriber_id: {value: 2}\n"
FORCED = "N508 forced starts the bot for people who have unsubscribed; say why in a comment next to it"


@pytest.mark.parametrize("start", ["forced: true", "forced: true  #", "forced: true\n# a receipt"])
def test_a_forced_start_deserves_a_comment_in_a_strict_check(start: str) -> None:
    assert strict(f"{BOT}{start}") == [f"3:9: {FORCED}"]


@pytest.mark.parametrize(
    "start",
    [
        "forced: true  # a receipt, which they asked for",
        "# a receipt\nforced: true",
        "forced: false",
        "variables: {forced: true}",
    ],
)
def test_and_with_one_it_is_fine(start: str) -> None:
    assert strict(f"{BOT}{start}") == []
    assert strict("{bot_id: 1, subscriber_id: {value: 2}, forced: true} # a receipt".removesuffix("\n")) == []


def test_an_everyday_check_says_nothing_about_forced_starts() -> None:
    assert findings("- {name: r, start: {bot_id: 1, subscriber_id: 2, forced: true}}") == []


NUMBER = 'W512 .0 may be an item of a list or a key; write [0] for the item, ["0"] for the key'


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ("- {name: r, when: {$.add.0.id: 1}, start: {bot_id: 1, subscriber_id: 2}}", "1:20"),
        ("- {name: r, start: {bot_id: 1, subscriber_id: $.add.0.id}}", "1:47"),
    ],
)
def test_a_number_after_a_dot_may_be_an_item_or_a_key_in_json(rule: str, at: str) -> None:
    assert findings(rule) == [f"{at}: {NUMBER}"]


@pytest.mark.parametrize("path", ["$.add[0].id", "$.add['0'].id", "$['a.0.b']", "text .0."])
def test_a_number_that_is_meant_one_way_is_fine(path: str) -> None:
    rule = f'- {{name: r, start: {{bot_id: 1, subscriber_id: 2, variables: {{x: "{path}"}}}}}}'
    assert findings(rule) == []


def test_a_form_has_maps_alone() -> None:
    text = f"{HEAD}rules:\n  - {{name: r, start: {{bot_id: 1, subscriber_id: $.add.0.id}}}}\n{TESTS}"
    result = compile_files({"shop.yml": text.replace("body: json", "body: form").encode()}, ENVIRONMENT)
    assert [str(one) for one in result.findings] == []
