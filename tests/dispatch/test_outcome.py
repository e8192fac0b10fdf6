"""Every row of what an attempt may show, as pure cases: what was seen, and what it means."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.policy.answer import decode
from bridge.dispatch.policy.answer_shape import shape_of
from bridge.dispatch.policy.outcome import retry_after
from bridge.model import Outcome
from tests.dispatch.answers import ACCOUNT, HTML, JSON, NOW, PAGE, Shown, answered, shown
from tests.support.reasons import because

DONE, REFUSED, RETRY = Outcome.DONE, Outcome.REFUSED, Outcome.RETRY
UNCERTAIN, PAUSE = Outcome.UNCERTAIN, Outcome.PAUSE


# Before the whole request was handed over, it cannot have run.


@pytest.mark.parametrize(
    ("seen", "outcome", "reason"),
    [
        (Exchange(Phase.BUILDING, because("too long")), REFUSED, "it cannot be sent: too long"),
        (Exchange(Phase.RESOLVING, because("no such name")), RETRY, "nothing was sent: no such name"),
        (Exchange(Phase.CONNECTING, because("refused")), RETRY, "nothing was sent: refused"),
        (Exchange(Phase.TLS, because("no handshake")), RETRY, "nothing was sent: no handshake"),
        (Exchange(Phase.SENDING, because("reset"), total=300), RETRY, "nothing was sent: reset"),
        (
            Exchange(Phase.SENDING, because("reset"), sent=299, total=300),
            RETRY,
            "only 299 of 300 bytes were sent: reset",
        ),
    ],
)
def test_what_was_not_sent_whole_did_not_run(seen: Exchange, outcome: Outcome, reason: str) -> None:
    assert shown(seen) == Shown(outcome, reason)


def test_an_invalid_certificate_pauses_the_account_and_loses_no_call() -> None:
    assert shown(Exchange(Phase.TLS, because("expired"), bad_certificate=True)) == Shown(
        PAUSE, "nothing was sent: the server's certificate is not valid: expired", pause_account=True
    )


# After it, only an answer tells.


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.READING])
def test_a_request_without_an_answer_may_have_run(phase: Phase) -> None:
    seen = Exchange(phase, because("the line went dead"), sent=300, total=300, cause="reset")
    reason = "all 300 bytes were sent, then the line went dead; it may have run"
    assert shown(seen) == Shown(UNCERTAIN, reason, cause="reset")
    assert shown(replace(seen, cause="")) == Shown(UNCERTAIN, reason, cause="lost")


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (answered(200, {"id": 17, "created_at": "2024-05-22T14:17:17.000000Z"}), "answered 200"),
        (answered(200, {"success": True, "error": None, "errors": []}), "answered 200"),
        (answered(200, {"success": 1, "error": "", "status": "ok"}), "answered 200"),
        (answered(200, {"error": 0, "errors": {}, "status": 1}, HTML), "answered 200"),
        (answered(200, []), "answered 200"),
        (answered(200, True), "answered 200"),
        (answered(200, b"", HTML), "answered 200"),
        (answered(200, b"\xef\xbb\xbf{}"), "answered 200"),
        (answered(204), "answered 204"),
        (answered(202, b"OK", "text/plain"), "answered 202"),
        (answered(200, "Принято".encode("cp1251"), "text/plain; charset=windows-1251"), "answered 200"),
        (answered(200, b"accepted", "text/plain; charset=no-such-thing"), "answered 200"),
        (answered(200, gzip.compress(b'{"id": 1}'), content_encoding="gzip"), "answered 200"),
    ],
)
def test_a_success_that_shows_no_sign_of_failure_is_done(seen: Exchange, reason: str) -> None:
    assert shown(seen) == Shown(DONE, reason)


UNSUBSCRIBED = "the subscriber is unsubscribed (sent a stop word); `forced: true` would reach them"
BLOCKED = "the subscriber has forbidden messages in the messenger; nothing reaches them, forced or not"
SAYS = "answered 200 but says that it failed"
BY_WORDS = "answered 200 with a refusal"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (answered(200, {"success": False}), f"{SAYS}: success is false"),
        (answered(200, {"success": 0, "message": "no such bot"}), f"{SAYS}: no such bot"),
        (answered(200, {"ok": "false", "description": "no such bot"}, HTML), f"{SAYS}: no such bot"),
        (answered(200, {"status": "error", "message": "no such bot"}), f"{SAYS}: no such bot"),
        (answered(200, {"status": False}), f"{SAYS}: status is false"),
        (answered(200, {"error": "no such bot"}), f"{SAYS}: no such bot"),
        (answered(200, {"error": {"code": 17, "message": "no such bot"}}), f"{SAYS}: no such bot"),
        (
            answered(200, {"errors": {"bot_id": ["required", "integer"]}}),
            f"{SAYS}: bot_id: required; bot_id: integer",
        ),
        (answered(200, {"errors": ["no such bot"]}), f"{SAYS}: no such bot"),
        (
            answered(200, {"message": "no such bot", "errors": {"bot_id": ["no such bot"]}}),
            f"{SAYS}: bot_id: no such bot",
        ),
        (
            answered(200, {"message": "bot_id: no such bot", "errors": {"bot_id": ["bot_id: no such bot"]}}),
            f"{SAYS}: bot_id: no such bot",
        ),
        (answered(200, False), f"{SAYS}: the answer is false"),
        (answered(200, b"ERROR: no such\r\n bot", "text/plain"), f"{BY_WORDS}: ERROR: no such bot"),
        (answered(200, "Ошибка: нет бота".encode(), HTML), f"{BY_WORDS}: Ошибка: нет бота"),
    ],
)
def test_a_success_that_speaks_of_failure_is_refused_with_its_message(seen: Exchange, reason: str) -> None:
    assert shown(seen) == Shown(REFUSED, reason)


@pytest.mark.parametrize(
    "document",
    [
        {"success": False, "code": 429},
        {"error": {"error_code": "429"}},
        {"success": False, "message": "Too Many Attempts."},
        {"error": "Слишком много запросов"},
    ],
)
def test_a_success_that_speaks_of_the_pace_is_a_429(document: object) -> None:
    found = shown(answered(200, document, retry_after="7"))
    assert (found.outcome, found.slow_down, found.retry_after) == (RETRY, True, 7.0)


@pytest.mark.parametrize(
    "document",
    [
        {"success": False, "status": 401},
        {"error": {"code": 401}},
        {"status": "401", "message": "no"},
    ],
)
def test_a_success_with_the_code_401_is_a_401(document: object) -> None:
    found = shown(answered(200, document))
    assert (found.outcome, found.pause_account) == (PAUSE, True)


@pytest.mark.parametrize(
    ("seen", "reason", "cause"),
    [
        (
            answered(200, PAGE, HTML),
            "answered 200 with an HTML page, Sign in to it instead of the API's answer",
            "html",
        ),
        (
            answered(200, b" <p>hi", JSON),
            "answered 200 with an HTML page instead of the API's answer",
            "html",
        ),
        (
            answered(200, b"Warning <br />\n{}"),
            "answered 200 with an HTML page instead of the API's answer",
            "html",
        ),
        (answered(200, b"<?xml?><a/>"), "answered 200 with an HTML page instead of the API's answer", "html"),
        (
            answered(200, b"x" * 2049, "text/plain"),
            "answered 200 with a long text instead of the API's answer",
            "unreadable",
        ),
        (answered(200, b"\x00\x01\x02", "image/png"), "answered 200 with unreadable content", "unreadable"),
        (answered(200, b"{}", content_encoding="br"), "answered 200 with unreadable content", "unreadable"),
        (answered(200, b"{}", content_encoding="gzip"), "answered 200 with unreadable content", "unreadable"),
        (
            answered(200, b'{"id": 1'),
            "probably done: answered 200 with incomplete or invalid JSON",
            "unreadable",
        ),
        *(
            (
                answered(200, body, HTML),
                "probably done: answered 200 with incomplete or invalid JSON",
                "unreadable",
            )
            for body in (b' {"success":fal', b'{"success":false}\n-- 3 ms', b'[{"started":0},')
        ),
        (
            answered(200, b"[" * 5000),
            "probably done: answered 200 with incomplete or invalid JSON",
            "unreadable",
        ),
        (
            replace(answered(200), framed=False),
            "probably done: answered 200 with incomplete or invalid JSON",
            "unreadable",
        ),
        (
            replace(answered(200, b"{}x"), oversized=True),
            "probably done: answered 200 with an answer longer than the read limit",
            "unreadable",
        ),
        (
            replace(answered(200), phase=Phase.READING, fault=because("it was cut")),
            "probably done: answered 200, but it was cut",
            "cut",
        ),
    ],
)
def test_a_success_that_cannot_be_trusted_is_uncertain(seen: Exchange, reason: str, cause: str) -> None:
    assert shown(seen) == Shown(UNCERTAIN, reason, cause=cause)


REDIRECT = "a redirect, not followed because the token is in the URL"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_refused_and_pauses(status: int) -> None:
    assert shown(answered(status, b"", location="/login")) == Shown(
        REFUSED, f"answered {status}: {REDIRECT}", pause_account=True
    )


@pytest.mark.parametrize("status", [400, 405, 406, 411, 413, 414, 415, 418, 422, 431, 451, 501, 505])
def test_a_request_at_fault_is_refused_with_what_is_wrong(status: int) -> None:
    found = shown(
        answered(status, {"message": "The given data was invalid.", "errors": {"bot_id": ["must be"]}})
    )
    assert found.outcome is REFUSED
    assert not found.pause_account
    assert found.reason.startswith(f"answered {status}: ")
    assert found.reason.endswith(": The given data was invalid.; bot_id: must be")


def test_a_token_that_is_not_accepted_pauses_and_loses_no_call() -> None:
    assert shown(answered(401, {"message": "Unauthenticated."})) == Shown(
        PAUSE, "answered 401: the token is not accepted: Unauthenticated.", pause_account=True
    )


@pytest.mark.parametrize("status", [402, 403, 404, 410])
@pytest.mark.parametrize(
    "body",
    [
        PAGE,
        b"",
        b'{"message": "Your account is blocked, please pay"}',
        '{"message": "Запретил писать сообщения"}'.encode(),
        '{"error": "Подписчик отписан"}'.encode(),
        b'{"success": true}',
    ],
)
def test_a_denial_is_refused_and_counts_whatever_its_words(status: int, body: bytes) -> None:
    found = shown(answered(status, body, HTML))
    assert (found.outcome, found.pause_account, found.denied) == (REFUSED, False, True)


def test_a_blocked_account_is_not_taken_for_a_person_who_blocked_the_bot() -> None:
    assert shown(answered(403, {"message": "Your account is blocked, please pay"})) == Shown(
        REFUSED,
        "answered 403: access is denied: Your account is blocked, please pay",
        denied=True,
    )


@pytest.mark.parametrize("status", [401, 429, 500, 503, 302, 422])
@pytest.mark.parametrize("words", ["Отписан", "user blocked the bot", "Invalid token", "Too many requests"])
def test_words_never_change_what_a_status_decides(status: int, words: str) -> None:
    silent, said = shown(answered(status)), shown(answered(status, {"message": words}))
    assert replace(said, reason="") == replace(silent, reason="")


@pytest.mark.parametrize("status", [408, 421, 425, 429])
def test_a_bad_moment_is_tried_again(status: int) -> None:
    found = shown(answered(status, retry_after="30"))
    assert (found.outcome, found.retry_after, found.slow_down) == (RETRY, 30.0, status == 429)


def test_a_conflict_is_refused_unless_the_call_may_have_run_before() -> None:
    assert shown(answered(409)).outcome is REFUSED
    assert shown(answered(409), had_uncertain=True) == Shown(
        DONE, "answered 409 after an attempt that may have run: it ran"
    )


@pytest.mark.parametrize("status", [500, 502, 504, 507, 520, 599])
def test_a_whole_server_error_is_uncertain_unless_the_account_says_retry(status: int) -> None:
    seen = answered(status, {"message": "Server Error"}, retry_after="5")
    reason = f"answered {status}: LeadConverter failed: Server Error; it may have run"
    assert shown(seen) == Shown(UNCERTAIN, reason, cause=f"http_{status}")
    retried = Shown(RETRY, reason, retry_after=5.0, cause=f"http_{status}")
    assert shown(seen, replace(ACCOUNT, server_error="retry")) == retried


@pytest.mark.parametrize("policy", ["hold", "retry"])
def test_a_server_that_is_not_available_did_not_run_it(policy: Literal["hold", "retry"]) -> None:
    account = replace(ACCOUNT, server_error=policy)
    reason = "answered 503: LeadConverter is not available now"
    assert shown(answered(503), account) == Shown(RETRY, reason)
    assert shown(answered(503, retry_after="5"), account) == Shown(RETRY, reason, retry_after=5.0)


@pytest.mark.parametrize("status", [500, 501, 502, 503])
@pytest.mark.parametrize("policy", ["hold", "retry"])
def test_a_server_error_cut_short_is_uncertain(status: int, policy: Literal["hold", "retry"]) -> None:
    cut = replace(answered(status, b"<ht"), phase=Phase.READING, fault=because("it was cut"))
    assert shown(cut, replace(ACCOUNT, server_error=policy)) == Shown(
        UNCERTAIN, f"answered {status}, but it was cut; it may have run", cause=f"http_{status}"
    )


@pytest.mark.parametrize("status", [200, 403, 422])
def test_unsubscribed_and_blocked_each_have_their_own_reason(status: int) -> None:
    document = {"success": False, "message": "Отписан: subscriber is unsubscribed"}
    assert shown(answered(status, document)).reason.startswith(f"{UNSUBSCRIBED} (answered {status}")
    assert UNSUBSCRIBED not in shown(answered(status, document), forced=True).reason
    document["message"] = "Запретил писать сообщения: subscriber blocked messages"
    found = shown(answered(status, document))
    assert found.reason.startswith(f"{BLOCKED} (answered {status}")
    assert found.outcome is REFUSED


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        (" 120 ", 120.0),
        ("0", 1.0),
        ("7200", 3600.0),
        ("9" * 400, 3600.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tuesday, 14-Nov-23 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 1.0),
        ("Tue, 14 Nov 2034 22:00:00 GMT", 3600.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٥", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_an_hour(text: str, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


def test_a_long_message_is_cut_to_a_line() -> None:
    found = shown(answered(422, {"message": "a\n\x1b[31mb " + "x" * 2000}))
    assert "\n" not in found.reason
    assert "\x1b" not in found.reason
    assert len(found.reason) < 400


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "message", "status", "success", "code", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from([200, 204, 302, 401, 409, 422, 429, 500, 503]),
    st.one_of(st.binary(max_size=300), documents.map(lambda document: json.dumps(document).encode())),
    st.sampled_from([JSON, HTML, "text/plain; charset=utf-16", "", 'x; charset="', "x; charset=utf-\x00"])
    | st.text().map(lambda name: f"text/html; charset=utf-{name}"),
)
def test_no_answer_whatever_breaks_the_judgement(status: int, body: bytes, kind: str) -> None:
    seen = answered(status, body, kind)
    found = shown(seen)
    assert found.reason.isprintable()
    assert shape_of(seen, decode(seen)).isprintable()
    assert found.outcome in Outcome
