from __future__ import annotations

import pytest

from bridge.dispatch.alerts import messages
from bridge.model import ALERT_KINDS, AlertStart, Recipient
from bridge.reasons.alerts import AlertCode
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.store.state.alerts import Pending
from bridge.text.render import english
from tests.support.reasons import because

SINCE = 1_778_423_274_000
LATER = SINCE + 60_000


def test_one_thing_is_told_in_a_sentence_with_what_to_do() -> None:
    one = Pending("uncertain", 1, SINCE, because("call 812 of account main: no answer within 20 s"), 0)
    assert english(messages.message(one)) == (
        "1 call may or may not have run; call 812 of account main: no answer within 20 s. "
        "See: leadbridge calls --state uncertain"
    )


def test_several_are_counted_and_the_last_is_told() -> None:
    one = Pending("refused", 17, SINCE, because("call 812 of account main: answered 422"), 0)
    assert english(messages.message(one)) == (
        "17 calls ended without a bot started; the last since 2026-05-10T14:27:54Z: "
        "call 812 of account main: answered 422. See: leadbridge calls --state refused"
    )


@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_every_kind_has_its_words(kind: str) -> None:
    for many in (1, 2):
        assert english(messages.message(Pending(kind, many, SINCE, because("what"), 0))).startswith(
            f"{many} "
        )


def test_programs_get_a_document() -> None:
    one = Pending("paused", 1, SINCE, because("account main: the token is not accepted"), 0)
    assert messages.document(one, LATER, "en") == {
        "text": "1 reason why calls are not sent; account main: the token is not accepted. "
        "See: leadbridge doctor",
        "alert": "paused",
        "count": 1,
        "since": "2026-05-10T14:27:54Z",
        "at": "2026-05-10T14:28:54Z",
        "detail": "account main: the token is not accepted",
    }


def test_what_no_request_takes_does_not_keep_an_alert_from_its_owner() -> None:
    one = Pending("refused", 1, SINCE, because("odd \ud83d and \0"), 0)
    document = messages.document(one, LATER, "en")
    start = messages.bot_start(one, AlertStart("main", 12, Recipient(subscriber_id=77)), "en")
    assert document["detail"] == "odd \ufffd and \ufffd"
    assert dict(start.variables)["text"] == document["text"]
    document["text"].encode()


def test_a_bot_gets_variables_and_reaches_its_owner_for_sure() -> None:
    one = Pending("silent", 1, SINCE, because("yookassa has sent nothing"), 0)
    start = messages.bot_start(one, AlertStart("second", 12, Recipient(subscriber_id=77)), "en")
    assert (start.rule, start.account, start.bot_id) == ("alerts: silent", "second", 12)
    assert (start.recipient, start.forced, start.order) == (Recipient(subscriber_id=77), True, "none")
    assert dict(start.variables) == {
        "alert": "silent",
        "count": "1",
        "since": "2026-05-10T14:27:54Z",
        "text": "1 source has stopped sending; yookassa has sent nothing. See: leadbridge events",
    }


@pytest.mark.parametrize(
    ("many", "text"),
    [
        (1, "1 вызов кончился без запуска бота; вызов 8 аккаунта main: ответ 422"),
        (
            3,
            "3 вызова кончились без запуска бота; с 2026-05-10T14:27:54Z, последнее: вызов 8 аккаунта main: ",
        ),
        (17, "17 вызовов кончились без запуска бота; с 2026-05-10T14:27:54Z, последнее: вызов 8 аккаунта"),
    ],
)
def test_an_alert_is_in_the_language_of_the_settings(many: int, text: str) -> None:
    answered = Reason(CallCode.ANSWERED, status=422)
    detail = Reason(AlertCode.OF_CALL, call=8, account="main", reason=answered)
    one = Pending("refused", many, SINCE, detail, 0)
    document = messages.document(one, LATER, "ru")
    assert document["text"].startswith(text)
    assert document["text"].endswith(". Подробнее: leadbridge calls --state refused")
    assert (document["alert"], document["detail"]) == ("refused", "вызов 8 аккаунта main: ответ 422")
    start = messages.bot_start(one, AlertStart("second", 12, Recipient(subscriber_id=77)), "ru")
    assert dict(start.variables)["text"] == document["text"]
