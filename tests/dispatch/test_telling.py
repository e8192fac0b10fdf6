from __future__ import annotations

import pytest

from bridge.dispatch import telling
from bridge.model import ALERT_KINDS, AlertStart, Recipient
from bridge.store.state.alerts import Pending

SINCE = 1_778_423_274_000
LATER = SINCE + 60_000


def test_one_thing_is_told_in_a_sentence_with_what_to_do() -> None:
    one = Pending("uncertain", 1, SINCE, "call 812 of account main: no answer came within 20 s", 0)
    assert telling.sentence(one) == (
        "1 call may or may not have run; call 812 of account main: no answer came within 20 s. "
        "See: leadbridge calls --state uncertain"
    )


def test_several_are_counted_and_the_last_is_told() -> None:
    one = Pending("refused", 17, SINCE, "call 812 of account main: answered 422", 0)
    assert telling.sentence(one) == (
        "17 calls ended without a bot started; the last since 2026-05-10T14:27:54Z: "
        "call 812 of account main: answered 422. See: leadbridge calls --state refused"
    )


@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_every_kind_has_its_words(kind: str) -> None:
    for many in (1, 2):
        assert telling.sentence(Pending(kind, many, SINCE, "what", 0)).startswith(f"{many} ")


def test_programs_get_a_document() -> None:
    one = Pending("paused", 1, SINCE, "account main: the token is not accepted", 0)
    assert telling.document(one, LATER) == {
        "text": "1 account is paused; account main: the token is not accepted. See: leadbridge resume",
        "alert": "paused",
        "count": 1,
        "since": "2026-05-10T14:27:54Z",
        "at": "2026-05-10T14:28:54Z",
        "detail": "account main: the token is not accepted",
    }


def test_a_bot_gets_variables_and_reaches_its_owner_for_sure() -> None:
    one = Pending("silent", 1, SINCE, "yookassa has sent nothing", 0)
    start = telling.bot_start(one, AlertStart("second", 12, Recipient(subscriber_id=77)))
    assert (start.rule, start.account, start.bot_id) == ("alerts: silent", "second", 12)
    assert (start.recipient, start.forced, start.order) == (Recipient(subscriber_id=77), True, "none")
    assert dict(start.variables) == {
        "alert": "silent",
        "count": "1",
        "since": "2026-05-10T14:27:54Z",
        "text": "1 source has fallen silent; yookassa has sent nothing. See: leadbridge events",
    }
