"""What is stored or said in English is told in Russian on Russian pages, by the words of the catalogue."""

from __future__ import annotations

import pytest

from bridge.dispatch import outcome
from bridge.dispatch.connection import LATE
from bridge.language.operator_table import OPERATORS
from bridge.mapping.author.explain import sentence
from bridge.mapping.rules.apply import apply
from bridge.model import Json
from bridge.store.queue.claims import EXPIRED
from bridge.store.queue.sweep import LAPSED
from bridge.web.console.phrases import retold
from tests.console.conftest import MakeSite
from tests.mapping.given import event, mapping
from tests.store.given import begin, claim, sale, settle, settlement, start, take_in


def why(when: str, body: Json) -> str:
    """The sentence about a rule with these conditions in Russian."""
    rules = mapping(f"- {{name: r, when: {{{when}}}, start: {{bot_id: 1, subscriber_id: 2}}}}")
    happened = event(body)
    told = sentence(apply(rules, happened).verdicts[0], happened)
    return retold("ru", "verdict", told) or f"not known: {told}"


@pytest.mark.parametrize(
    ("when", "body", "words"),
    [
        ("$.s: paid", {"s": "Paid"}, '$.s: "Paid", нужно "paid": различаются заглавные буквы'),
        ("$.s: paid", {"s": " paid"}, '$.s: " paid", нужно "paid": различаются пробелы по краям'),
        ("$.s: [paid, done]", {"s": None}, '$.s: null, нужно одно из "paid", "done"'),
        ("$.s: paid", {"t": {"s": "paid"}}, "$.s: значения нет, зато есть $.t.s"),
        ("$.s: paid", {}, "$.s: значения нет"),
        ("$.s: 'a and b'", {"s": "x and y"}, '$.s: "x and y", нужно "a and b"'),
        ("$.s: is absent", {"s": "one of two"}, '$.s: "one of two", нужно "is absent"'),
        ("$.s: paid", {"s": "a, wanted b"}, '$.s: "a, wanted b", нужно "paid"'),
        ("$.x: {gt: 10}", {"x": "9"}, '$.x: текст "9", нужно число больше 10'),
        ("$.x: {gte: 1, ne: 5}", {"x": 0}, "$.x: число 0, нужно число не меньше 1 и что угодно, кроме 5"),
        ("$.x: {lt: 5}", {"x": "many"}, '$.x: текст "many", нужно число меньше 5: это не число'),
        ("$.x: {every: {gt: 1}}", {"x": [1]}, "$.x: число 1, нужно для каждого значения число больше 1"),
        ("$.x: {eq: $.y}", {"x": 5, "y": 6}, "$.x: 5, нужно значение $.y"),
        ("$.x: {eq: $.y}", {"x": 5}, "$.x: 5, а сравнить не с чем: $.y пуст"),
        ("$.x: v", {"x": ["v"]}, '$.x: список, элементов: 1, нужно "v"; элементы проверяет $.x[*]'),
        ("not: {$.x: no}", {"x": "no"}, '$.x: "no", а этого быть не должно: not: {$.x: no}'),
        (
            "any: [{$.a: 1}, {$.b: 2}]",
            {"a": 2},
            "ни один из вариантов не выполняется: $.a: 2, нужно 1; или $.b: значения нет",
        ),
    ],
)
def test_a_verdict_is_told_in_russian_and_values_stay_as_they_came(when: str, body: Json, words: str) -> None:
    assert why(when, body) == words


def test_a_text_that_would_take_long_to_look_at_stays_as_it_is() -> None:
    assert retold("ru", "verdict", "$.a is , wanted ; " * 20) is not None
    assert retold("ru", "verdict", "$.a is , wanted ; " * 100) is None


ASKED = {
    "eq": "a", "ne": "zz", "in": "[a, b]", "not_in": "[zz, b]", "gt": "1", "gte": "1", "lt": "-5",
    "lte": "-5", "between": "[1, 2]", "exists": "false", "empty": "true", "contains": "a", "starts_with": "a",
    "ends_with": "a", "matches": "a",
}  # fmt: skip


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_operator_of_conditions_stays_english(operator: str) -> None:
    body = {"x": 0 if operator in ("gt", "gte", "lt", "lte", "between") else "zz"}
    told = why(f"$.x: {{{operator}: {ASKED[operator]}}}", body)
    assert ", нужно " in told
    assert not any(word in told for word in ("wanted", "number", "text", "something", "nothing", "anything"))


@pytest.mark.parametrize("row", [*outcome.ROWS.items(), *((100 * n, r) for n, r in outcome.FAMILIES.items())])
def test_what_an_answers_status_decides_is_told_in_russian(row: tuple[int, outcome.Shown]) -> None:
    status, shown = row
    told = retold("ru", "call", outcome.definite(status, "Бот: not found").reason)
    assert told is not None
    assert told.startswith(f"ответ {status}: ")
    assert told.endswith(": Бот: not found")
    assert shown.reason not in told


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("answered 200", "ответ 200"),
        (
            "all 491 bytes were sent, then the connection was reset; it may have run",
            "отправлено целиком, байт: 491, затем соединение сброшено; бот мог запуститься",
        ),
        (
            f"{outcome.UNSUBSCRIBED} (answered 422: a parameter is not valid: отписан)",
            "подписчик отписан (прислал стоп-слово); до него дойдёт с `forced: true` "
            "(ответ 422: недопустимый параметр: отписан)",
        ),
        (
            "20 tries failed, the last: nothing was sent: connection refused",
            "попыток без успеха: 20; последняя: ничего не отправлено: в соединении отказано",
        ),
        (
            "answered 500: LeadConverter failed: at x; it may have run",
            "ответ 500: сбой LeadConverter: at x; бот мог запуститься",
        ),
        (
            f"{outcome.BLOCKED} (answered 200, refused by its words: user blocked the bot)",
            "подписчик запретил сообщения в мессенджере; до него не дойдёт ничего, и с forced тоже "
            "(ответ 200, отказ по словам ответа: user blocked the bot)",
        ),
        (
            "answered 200, which is not what `success` asks for: $.started is 0, wanted 1",
            "ответ 200, но не такой, какого требует `success`: $.started: 0, нужно 1",
        ),
        (
            "answered 200, but not with the JSON that `success` looks at; it may have run",
            "ответ 200, но не тот JSON, на который смотрит `success`; бот мог запуститься",
        ),
        (
            "5 calls in a row were denied (403, 404, 410): is the token right, and the project paid for?",
            "отказов подряд (403, 404, 410): 5; верен ли токен, оплачен ли проект?",
        ),
        (
            "5 calls in a row were denied (402, 403, 404, 410): is the token right, "
            "and the project paid for?",
            "отказов подряд (402, 403, 404, 410): 5; верен ли токен, оплачен ли проект?",
        ),
        ("cancelled by anna: it may have run", "отменил anna: it may have run"),
        ("the bot is being rebuilt", None),
    ],
)
def test_why_a_call_stands_where_it_stands_is_told_in_russian(reason: str, words: str | None) -> None:
    assert retold("ru", "call", reason) == words


def test_no_way_to_lose_a_call_stays_english() -> None:
    late = [f"nothing was sent: {words} within 15 s" for words in LATE.values() if "came, but" not in words]
    told = [retold("ru", "call", reason) or reason for reason in (EXPIRED, LAPSED, *late)]
    assert [one for one in told if "within" in one or one.isascii()] == []


def test_a_russian_page_tells_its_reasons_in_russian_and_says_what_is_english(site: MakeSite) -> None:
    one = site(LEADCONVERTER_TOKEN="canary")
    take_in(one.side.store, sale("a", start(1)), sale("b", start(2)), sale("c", start(3)))
    taken = claim(one.side.store)[:2]
    begin(one.side.store, *taken)
    for call, reason in zip(taken, ("nothing was sent: no route to host", "an odd reason"), strict=True):
        settle(one.side.store, settlement(call, "refused", reason=reason))
    page = one.get("/calls", Accept_Language="ru").text
    assert "ничего не отправлено: нет пути к серверу" in page
    assert '<span lang="en">an odd reason</span>' in page
    assert 'class="reason">–</td>' in page
    assert "nothing was sent: no route to host" in one.get("/calls").text
    assert 'lang="en">an odd' not in one.get("/calls").text
