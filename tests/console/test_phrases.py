"""What is stored or said in English is told in Russian on Russian pages, by the words of the catalogue."""

from __future__ import annotations

import pytest

from bridge.dispatch import outcome
from bridge.dispatch.connection import LATE
from bridge.store.queue.claims import EXPIRED
from bridge.store.queue.sweep import LAPSED
from bridge.web.console.phrases import retold
from tests.console.conftest import MakeSite
from tests.store.given import begin, claim, sale, settle, settlement, start, take_in


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
