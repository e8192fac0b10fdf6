"""Reasons of verdicts, near misses, and suggestions for absent paths."""

from __future__ import annotations

import pytest
from hypothesis import given

from bridge.jsonpath.path import compile_path
from bridge.jsonpath.scope import Scope
from bridge.language.operator_table import OPERATORS
from bridge.mapping.author.explain import evaluate_rules, verdict_reason
from bridge.mapping.author.suggest_path import suggest_path
from bridge.mapping.rules.apply import apply
from bridge.model import Json, Match, Verdict
from bridge.text.render import english, render
from tests.language.test_functions import documents
from tests.mapping.given import event, mapping


def why(when: str, body: Json, *, alone: bool = False, language: str = "en") -> str:
    """The reason about a rule with these conditions, in words; `alone`: without the event at hand."""
    rules = mapping(f"- {{name: r, when: {{{when}}}, start: {{bot_id: 1, subscriber_id: 2}}}}")
    happened = event(body)
    verdict = apply(rules, happened).verdicts[0]
    return render(verdict_reason(verdict, None if alone else happened), language)


@pytest.mark.parametrize(
    ("when", "body", "words"),
    [
        ("$.status: paid", {"status": "Paid"}, '$.status is "Paid", wanted "paid": differs by case'),
        (
            "$.status: paid",
            {"status": "paid "},
            '$.status is "paid ", wanted "paid": differs by blanks around it',
        ),
        ("$.status: paid", {"status": "open"}, '$.status is "open", wanted "paid"'),
        ("$.status: [paid, done]", {"status": None}, '$.status is null, wanted one of "paid", "done"'),
        ("$.x: {gt: 1000}", {"x": "100"}, '$.x is the text "100", wanted a number over 1000'),
        ("$.x: {gte: 1000}", {"x": 100}, "$.x is the number 100, wanted a number of at least 1000"),
        ("$.x: {lt: 5}", {"x": "many"}, '$.x is the text "many", wanted a number under 5: not a number'),
        ("$.x: {between: [1, 5]}", {"x": 7}, "$.x is the number 7, wanted a number from 1 to 5"),
        (
            "$.x: '142'",
            {"x": 142},
            '$.x is the number 142, wanted "142": one is a text, the other is not',
        ),
        ("$.x: true", {"x": "true"}, '$.x is the text "true", wanted true: one is a text, the other is not'),
        (
            "$.tags: vip",
            {"tags": ["vip"]},
            '$.tags is a list of 1, wanted "vip"; $.tags[*] checks its elements',
        ),
        ("$.o: vip", {"o": {"a": 1}}, '$.o is an object of 1, wanted "vip"'),
        ("$.x: {exists: false}", {"x": None}, "$.x is null, wanted no value"),
        ("$.x: {empty: false}", {"x": " "}, '$.x is " ", wanted something not empty'),
        ("$.x: {ne: test}", {"x": "test"}, '$.x is "test", wanted anything but "test"'),
        (
            "$.x: {contains: a, ignore_case: true}",
            {"x": "b"},
            '$.x is "b", wanted something that contains "a" in any case',
        ),
        ("$.x: {matches: '^a'}", {"x": "b"}, '$.x is "b", wanted a text that matches ^a'),
        (
            "$.x: {every: {gt: 1}}",
            {"x": [2, 1]},
            "$.x is the number 1, wanted for every value a number over 1",
        ),
        ("$.x: {eq: $.y}", {"x": 5}, "$.x is 5, and there is no value at $.y to compare with"),
        ("$.x: {eq: $.y}", {"x": 5, "y": 6}, "$.x is 5, wanted the value of $.y"),
        ("not: {$.x: test}", {"x": "test"}, '$.x is "test", but must not be: not: {$.x: test}'),
        (
            "not: {$.x: 1, $.y: 2}",
            {"x": 1, "y": 2},
            "all of it holds, but must not: not: {$.x: 1, $.y: 2}",
        ),
        (
            "any: [{$.x: a}, {$.y: b}]",
            {"x": "A"},
            'none of the alternatives holds: $.x is "A", wanted "a": differs by case; or $.y is absent',
        ),
        ("all: [{$.x: 1}, {$.y: 2}]", {"x": 1, "y": 3}, "$.y is 3, wanted 2"),
    ],
)
def test_a_verdict_says_what_was_found_and_what_was_wanted(when: str, body: Json, words: str) -> None:
    assert why(when, body) == words


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("$.status", {"object": {"status": "paid"}}, "$.status is absent; $.object.status exists"),
        ("$.object.status", {"status": "paid"}, "$.object.status is absent; $.status exists"),
        ("$.object.metadata.id", {"data": {"metadata": {"id": 1}}}, None),
        ("$.objct.status", {"object": {"status": 1}}, "$.objct.status is absent; $.object.status exists"),
        ("$.Status", {"status": 1}, "$.Status is absent; $.status exists"),
        ("$.leads.id", {"leads": [{"id": 1}]}, "$.leads.id is absent; $.leads[0].id exists"),
        ("$.state", {"l": [{"a": {"state": 1}}, {}]}, "$.state is absent; $.l[0].a.state exists"),
        ("$.state", {"l": [[{"state": 1}]]}, "$.state is absent; $.l[0][0].state exists"),
        ("$.a.state", {"a": [], "state": 1}, "$.a.state is absent; $.state exists"),
        ("$['first name']", {"buyer": {"first name": "A"}}, None),
        ("$.gone", {"other": 1}, "$.gone is absent"),
        ("$.gone", [], "$.gone is absent"),
    ],
)
def test_an_absent_path_is_looked_for_elsewhere(path: str, body: Json, words: str | None) -> None:
    others = {
        "$.object.metadata.id": "$.object.metadata.id is absent; $.data.metadata.id exists",
        "$['first name']": "$['first name'] is absent; $.buyer[\"first name\"] exists",
    }
    assert why(f'"{path}": x', body) == (words or others[path])


def test_another_root_may_have_it() -> None:
    scope = Scope({"a": 1}, {"x-kind": "order"}, {"page": "7"}, {})
    assert suggest_path(compile_path("$.page"), scope) == "$query.page"
    assert suggest_path(compile_path("$.x-kind"), scope) == "$headers.x-kind"
    assert suggest_path(compile_path("$query.a"), scope) == "$.a"
    assert suggest_path(compile_path("$.gone"), scope) is None
    assert suggest_path(compile_path("$.l[*].gone"), scope) is None


def test_without_the_event_the_verdict_still_speaks() -> None:
    assert why("$.status: paid", {"status": "Paid"}, alone=True) == (
        '$.status is "Paid", wanted "paid": differs by case'
    )
    assert why("$.status: paid", {"object": {"status": 1}}, alone=True) == "$.status is absent"
    assert why("any: [{$.x: a}]", {}, alone=True) == "none of the alternatives holds: any: [{$.x: a}]"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict("r", Match.MATCHED), "matched"),
        (Verdict("r", Match.FAILED), "matched, but could not start"),
        (Verdict("r", Match.SKIPPED), "not evaluated: an earlier rule stopped before it"),
        (Verdict("r", Match.DISABLED), "switched off"),
        (Verdict("r", Match.UNMATCHED, "for_each: $.l[*]", "no_items"), "$.l[*] has no items"),
        (
            Verdict("r", Match.UNMATCHED, "$.x: {in: [a…", "differs", "b"),
            '$.x: {in: [a… does not hold: found "b"',
        ),
        (
            Verdict("r", Match.UNMATCHED, "$.x: {cut: [", "absent"),
            "$.x: {cut: [ does not hold: nothing found",
        ),
        (
            Verdict("r", Match.UNMATCHED, "$.x: {cut: [", "less", 5),
            "$.x: {cut: [ does not hold: found 5 (less)",
        ),
    ],
)
def test_every_verdict_has_a_sentence(verdict: Verdict, words: str) -> None:
    assert english(verdict_reason(verdict)) == words


RULES = """\
- name: paid
  when: {$.status: paid, $.sum: {gte: 1000}, $.kind: course}
  start: {bot_id: 1, subscriber_id: 2}
- name: leads
  for_each: $.leads[*]
  when: {$item.status: 142, $item.kind: a}
  start: {bot_id: 1, subscriber_id: 3}
- {name: off, enabled: false, start: {bot_id: 2, subscriber_id: 2}}
"""


@pytest.mark.parametrize(
    ("body", "nearness"),
    [
        ({"status": "paid", "sum": 1000, "kind": "course"}, "matched"),
        ({"status": "paid", "sum": 999, "kind": "course"}, "nearly"),
        ({"status": "Paid", "sum": 1000, "kind": " course"}, "nearly"),
        ({"status": "open", "sum": 1, "kind": "course"}, "not"),
        ({}, "not"),
    ],
)
def test_a_near_miss_is_distinguished(body: Json, nearness: str) -> None:
    story = evaluate_rules(mapping(RULES), event(body))[0]
    assert (story.rule, story.nearness) == ("paid", nearness)


def test_a_story_shows_every_condition_with_its_reason() -> None:
    story = evaluate_rules(mapping(RULES), event({"status": "Paid", "sum": 1}))[0]
    assert [(one.condition, one.holds, english(one.reason)) for one in story.conditions] == [
        ("$.status: paid", False, '$.status is "Paid", wanted "paid": differs by case'),
        ("$.sum: {gte: 1000}", False, "$.sum is the number 1, wanted a number of at least 1000"),
        ("$.kind: course", False, "$.kind is absent"),
    ]


def test_the_item_that_nearly_matches_is_shown() -> None:
    body = {"leads": [{"status": 1, "kind": "b"}, {"status": 142, "kind": "b"}]}
    story = evaluate_rules(mapping(RULES), event(body))[1]
    assert [one.holds for one in story.conditions] == [True, False]
    assert story.nearness == "nearly"
    empty = evaluate_rules(mapping(RULES), event({}))[1]
    assert [english(one.reason) for one in empty.conditions] == ["$.leads[*] has no items"] * 2


def test_rules_that_are_switched_off_have_no_story() -> None:
    assert [story.rule for story in evaluate_rules(mapping(RULES), event({}))] == ["paid", "leads"]


EVERYTHING = mapping(RULES)


@given(documents)
def test_any_document_can_be_explained(body: Json) -> None:
    happened = event(body)
    for verdict in apply(EVERYTHING, happened).verdicts:
        assert english(verdict_reason(verdict, happened))
        assert english(verdict_reason(verdict))
    assert len(evaluate_rules(EVERYTHING, happened)) == 2


@pytest.mark.parametrize(
    ("when", "body", "words"),
    [
        ("$.s: paid", {"s": "Paid"}, '$.s: ожидается "paid", а здесь "Paid": различаются заглавные буквы'),
        ("$.s: paid", {"s": " paid"}, '$.s: ожидается "paid", а здесь " paid": различаются пробелы по краям'),
        ("$.s: [paid, done]", {"s": None}, '$.s: ожидается одно из "paid", "done", а здесь null'),
        ("$.s: paid", {"t": {"s": "paid"}}, "$.s: значения нет, зато есть $.t.s"),
        ("$.s: paid", {}, "$.s: значения нет"),
        ("$.s: 'a and b'", {"s": "x and y"}, '$.s: ожидается "a and b", а здесь "x and y"'),
        ("$.s: is absent", {"s": "one of two"}, '$.s: ожидается "is absent", а здесь "one of two"'),
        ("$.s: paid", {"s": "a, wanted b"}, '$.s: ожидается "paid", а здесь "a, wanted b"'),
        ("$.x: {gt: 10}", {"x": "9"}, '$.x: ожидается число больше 10, а здесь текст "9"'),
        (
            "$.x: {gte: 1, ne: 5}",
            {"x": 0},
            "$.x: ожидается число не меньше 1 и что угодно, кроме 5, а здесь число 0",
        ),
        ("$.x: {lt: 5}", {"x": "many"}, '$.x: ожидается число меньше 5, а здесь текст "many": это не число'),
        (
            "$.x: {every: {gt: 1}}",
            {"x": [1]},
            "$.x: ожидается для каждого значения число больше 1, а здесь число 1",
        ),
        ("$.x: {eq: $.y}", {"x": 5, "y": 6}, "$.x: ожидается значение $.y, а здесь 5"),
        ("$.x: {eq: $.y}", {"x": 5}, "$.x: 5, а сравнить не с чем: $.y пуст"),
        (
            "$.x: v",
            {"x": ["v"]},
            '$.x: ожидается "v", а здесь список, элементов: 1; элементы проверяет $.x[*]',
        ),
        ("not: {$.x: no}", {"x": "no"}, '$.x: "no", а этого быть не должно: not: {$.x: no}'),
        (
            "any: [{$.a: 1}, {$.b: 2}]",
            {"a": 2},
            "ни один из вариантов не выполняется: $.a: ожидается 1, а здесь 2; или $.b: значения нет",
        ),
    ],
)
def test_a_verdict_in_russian(when: str, body: Json, words: str) -> None:
    assert why(when, body, language="ru") == words


ASKED = {
    "eq": "a", "ne": "zz", "in": "[a, b]", "not_in": "[zz, b]", "gt": "1", "gte": "1", "lt": "-5",
    "lte": "-5", "between": "[1, 2]", "exists": "false", "empty": "true", "contains": "a", "starts_with": "a",
    "ends_with": "a", "matches": "a",
}  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_operator_of_conditions_stays_english(operator: str) -> None:
    body = {"x": 0 if operator in ("gt", "gte", "lt", "lte", "between") else "zz"}
    shown = why(f"$.x: {{{operator}: {ASKED[operator]}}}", body, language="ru")
    assert ": ожидается " in shown
    assert not any(word in shown for word in ("wanted", "number", "text", "something", "nothing", "anything"))
