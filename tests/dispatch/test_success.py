"""What a 2xx means: by its data, by the owner's conditions, by its words. The whole outcome is compared."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Final

import pytest

from bridge.dispatch.http.exchange import Phase
from bridge.language.document import read
from bridge.language.nodes import Report
from bridge.mapping.compile.success import compile_success
from bridge.model import Account, Outcome
from tests.dispatch.answers import ACCOUNT, HTML, PAGE, Shown, answered, shown
from tests.support.reasons import because

DONE, REFUSED, UNCERTAIN, PAUSE = Outcome.DONE, Outcome.REFUSED, Outcome.UNCERTAIN, Outcome.PAUSE
UNSUBSCRIBED: Final = "the subscriber is unsubscribed (sent a stop word); `forced: true` would reach them"
BLOCKED: Final = "the subscriber has forbidden messages in the messenger; nothing reaches them, forced or not"
SAYS: Final = "answered 200 but says that it failed"
BY_WORDS: Final = "answered 200 with a refusal"
UNMET: Final = "answered 200, which is not what `success` asks for"
OTHER: Final = "answered 200, but not with the JSON that `success` looks at; it may have run"
GONE: Final = "Подписчик отписан"
FORBADE: Final = "Пользователь запретил писать сообщения"
BLOCKED_BY: Final = "Forbidden: bot was blocked by the user"


def refused(sign: str) -> Shown:
    return Shown(REFUSED, f"{SAYS}: {sign}")


def gone(text: str, heading: str = BY_WORDS) -> Shown:
    return Shown(REFUSED, f"{UNSUBSCRIBED} ({heading}: {text})")


def forbade(text: str, heading: str = BY_WORDS) -> Shown:
    return Shown(REFUSED, f"{BLOCKED} ({heading}: {text})")


def page(title: str = "") -> Shown:
    reason = f"answered 200 with an HTML page{title} instead of the API's answer"
    return Shown(UNCERTAIN, reason, cause="html")


def doubt(reason: str) -> Shown:
    return Shown(UNCERTAIN, f"answered 200 with {reason}", cause="unreadable")


DONE_200 = Shown(DONE, "answered 200")
BY_DATA = [
    ('{"result": false}', refused("result is false")),
    ('{"result": 0}', refused("result is 0")),
    ('{"started": 0, "bot_id": 1}', refused("started is 0")),
    ('{"started": 0.0}', refused("started is 0.0")),
    ('{"started": -0.0}', refused("started is -0.0")),
    ('{"started": "0"}', refused("started is 0")),
    ('{"ok": "false", "message": "no bot"}', refused("no bot")),
    ('{"success": "off"}', refused("success is off")),
    ('{"status": "Error"}', refused("status is Error")),
    ('{"status": " failed "}', refused("status is failed")),
    ('{"status": "blocked"}', forbade("status is blocked", SAYS)),
    ('{"status": "blocked", "message": "no"}', forbade("no", SAYS)),
    ('{"status": "unsubscribed"}', gone("status is unsubscribed", SAYS)),
    ('{"status": 422, "message": "no bot"}', refused("no bot")),
    ('{"status": "500"}', refused("status is 500")),
    ('{"result": "error"}', refused("result is error")),
    ('{"error": true}', refused("error is filled")),
    ("0", refused("the answer is 0")),
    ('"false"', refused("false")),
    ('{"success": true, "success": false}', refused("success is false")),
]
BY_ITS_WORDS = [
    (f'{{"message": "{GONE}"}}', gone(GONE)),
    (f'{{"ok": true, "message": "{GONE}"}}', gone(GONE)),
    (f'{{"description": "{FORBADE}"}}', forbade(FORBADE)),
    ('{"status": "Отписан"}', gone("Отписан")),
    ('{"result": "Unsubscribed by a stop word"}', gone("Unsubscribed by a stop word")),
    (GONE, gone(GONE)),
    (f'"{FORBADE}"', forbade(FORBADE)),
    (BLOCKED_BY, forbade(BLOCKED_BY)),
]
NO_SIGN = [
    ('{"message": "Подписчик не отписан"}', DONE_200),
    ('{"message": "the user is not unsubscribed"}', DONE_200),
    ('{"message": "Подписчик не был отписан"}', DONE_200),
    ('{"message": "the user has never been blocked by the bot"}', DONE_200),
    ('{"message": "Не запущен: отписан"}', gone("Не запущен: отписан")),
    (f'{{"note": "{GONE}"}}', DONE_200),
    ('{"subscriber": {"status": "unsubscribed"}}', DONE_200),
    ('{"data": {"started": 0}}', DONE_200),
    ('[{"success": false}]', DONE_200),
    (GONE + "." * 200, DONE_200),
    ('{"message": "the account of this project was blocked last year"}', DONE_200),
    ('{"result": null, "error": "", "errors": [], "status": null}', DONE_200),
    ('{"result": {"id": 7}, "status": 1, "started": "1"}', DONE_200),
    ('{"result": "", "status": 0}', DONE_200),
    ('{"result": 450, "code": 500}', DONE_200),
    ('{"success": false, "success": true}', DONE_200),
    ("", DONE_200),
    ("null", DONE_200),
    ("[]", DONE_200),
    ("OK", DONE_200),
]
LARGE_OR_ODD = [
    ('  \r\n{"started": 0}\r\n ', refused("started is 0")),
    (f'{{"a": "{"x" * 200_000}", "started": 0}}', refused("started is 0")),
    ('"<!DOCTYPE html><title>Login</title>"', page(", Login")),
    (f"<{'x' * 300_000}", page()),
    ("<title" * 50_000, page()),
    ("x" * 300_000, doubt("a long text instead of the API's answer")),
    ("\x00\x01" * 40, doubt("unreadable content")),
]


@pytest.mark.parametrize("kind", [HTML, "text/plain", ""])
@pytest.mark.parametrize(("text", "whole"), [*BY_DATA, *BY_ITS_WORDS, *NO_SIGN, *LARGE_OR_ODD])
def test_every_shape_of_a_200_has_its_outcome_however_it_is_packed(
    text: str, whole: Shown, kind: str
) -> None:
    body = text.encode()
    assert shown(answered(200, body, kind)) == whole
    assert shown(answered(200, gzip.compress(body), kind, content_encoding="gzip")) == whole
    assert shown(answered(200, b"\xef\xbb\xbf" + body, kind)) == whole
    assert shown(answered(200, text.encode("utf-16"), kind)) == whole


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204, 205, 206, 207, 226, 299])
def test_every_2xx_is_read_alike(status: int) -> None:
    assert shown(answered(status)) == Shown(DONE, f"answered {status}")
    assert shown(answered(status, {"started": 0})).outcome is REFUSED


@pytest.mark.parametrize("charset", ["punycode", "zip", "rot13", "idna", "undefined", "unicode_escape", "x"])
def test_a_charset_that_is_none_is_read_as_utf_8(charset: str) -> None:
    assert shown(answered(200, GONE.encode(), f"text/plain; charset={charset}")) == gone(GONE)


def test_a_gzip_bomb_is_unpacked_to_its_limit_and_not_taken_for_an_answer() -> None:
    bomb = gzip.compress(b'{"started": 1, "x": "' + b" " * 20_000_000 + b'"}')
    assert shown(answered(200, bomb, content_encoding="gzip")).outcome is UNCERTAIN


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        ({"message": GONE}, DONE),
        ({"status": "unsubscribed"}, DONE),
        ({"message": FORBADE}, REFUSED),
        ({"status": "blocked"}, REFUSED),
        ({"success": False, "message": GONE}, REFUSED),
    ],
)
def test_unsubscribed_says_nothing_about_a_forced_start(document: object, outcome: Outcome) -> None:
    found = shown(answered(200, document), forced=True)
    assert found.outcome is outcome
    assert UNSUBSCRIBED not in found.reason


@pytest.mark.parametrize(
    "text",
    [
        '{"status": "error", "message": "Unauthenticated."}',
        '{"error": "Invalid token"}',
        '{"error": "Неверный токен"}',
        "Error: invalid token",
    ],
)
def test_words_about_the_token_pause_only_when_they_come_in_a_row(text: str) -> None:
    found = shown(answered(200, text.encode(), HTML))
    assert (found.outcome, found.pause_account, found.denied) == (REFUSED, False, True)


@pytest.mark.parametrize("text", ["Error: too many requests", "Ошибка: превышен лимит запросов"])
def test_words_alone_send_nothing_again_and_slow_nothing_down(text: str) -> None:
    assert shown(answered(200, text.encode(), "text/plain")) == Shown(REFUSED, f"{BY_WORDS}: {text}")


def test_a_limit_of_something_else_is_not_the_pace() -> None:
    document = {"success": False, "message": "Превышен лимит символов в переменной"}
    assert shown(answered(200, document)) == refused("Превышен лимит символов в переменной")


def asking(conditions: str) -> Account:
    report = Report("accounts.yml")
    account = replace(ACCOUNT, success=compile_success(read(conditions.encode(), report), report))
    assert not report.findings
    return account


STARTED = "{$.started: 1}"
ABSENT = Shown(REFUSED, f"{UNMET}: $.started is absent")


@pytest.mark.parametrize(
    ("conditions", "text", "whole"),
    [
        (STARTED, '{"started": 1}', DONE_200),
        (STARTED, '{"started": "1", "error": "old", "message": "Отписан"}', DONE_200),
        (STARTED, '{"started": 0}', Shown(REFUSED, f"{UNMET}: $.started is 0, wanted 1")),
        (STARTED, '{"ok": true}', ABSENT),
        (STARTED, '{"code": 401}', Shown(PAUSE, ABSENT.reason, pause_account=True)),
        (STARTED, "[]", ABSENT),
        (STARTED, "", Shown(UNCERTAIN, OTHER, cause="unreadable")),
        (STARTED, "OK", Shown(UNCERTAIN, OTHER, cause="unreadable")),
        (STARTED, GONE, gone(GONE)),
        (STARTED, PAGE.decode(), page(", Sign in to it")),
        ("{$: {starts_with: Started}}", " Started <b>7</b>\n", DONE_200),
        ("{$.data.ok: true}", '{"data": {"ok": true}, "status": "error"}', DONE_200),
        (
            "{not: {$.error: {exists: true}}}",
            '{"error": null}',
            Shown(
                REFUSED,
                f"{UNMET}: $.error is null, but must not be: not: {{$.error: {{exists: true}}}}",
            ),
        ),
        ("{$.price: 10.5}", '{"price": 10.50}', DONE_200),
    ],
)
def test_the_owners_own_success_goes_before_all(conditions: str, text: str, whole: Shown) -> None:
    assert shown(answered(200, text.encode(), HTML), asking(conditions)) == whole


def test_a_cut_answer_is_no_success_even_where_its_beginning_is() -> None:
    cut = replace(answered(200, b'{"started": 1}'), phase=Phase.READING, fault=because("it was cut"))
    reason = "probably done: answered 200, but it was cut"
    assert shown(cut, asking(STARTED)) == Shown(UNCERTAIN, reason, cause="cut")


@pytest.mark.parametrize("status", [201, 302, 401, 403, 422, 503])
def test_success_is_asked_of_a_2xx_only(status: int) -> None:
    found = shown(answered(status, {"started": 1}), asking(STARTED))
    assert (found.outcome is DONE) == (status < 300)
