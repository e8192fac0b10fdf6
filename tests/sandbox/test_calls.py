"""bot.startWithVariables over a real socket: the responses, and the list of calls."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.sandbox.server import Options
from tests.sandbox.raw_client import JSON, METHOD, SOUND, RawClient, ask, request, start, start_of
from tests.support.sandbox import Sandbox

HOSTILE = [
    "1&forced=true&variable[x]=y",
    "Python с нуля — «курс»",
    "🎉👩‍👩‍👧‍👦",
    "'\"\\/<>#%+=?;,",
    "%41%00%26",
    "a\nb\tc\r\n\r\nd",
    " blanks around ",
    "\u2028\ufeff\u0000",
    "[]][",
    "",
]
FORM = ("Content-Type: application/x-www-form-urlencoded", *JSON)


def only(sandbox: Sandbox) -> dict[str, Any]:
    (call,) = sandbox.calls()
    return call


def test_a_bot_is_started_for_a_subscriber(sandbox: Sandbox) -> None:
    answer = ask(sandbox.port, start(subscriber_id="778899", bot_id="4512"))
    call = only(sandbox)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == {"bot_id": 4512, "subscriber_id": 778899, "started": 1, "started_at": call["at"]}
    assert call == {
        "at": call["at"],
        "token": "token",
        "subscriber_id": "778899",
        "user_id": None,
        "channel_id": None,
        "bot_id": "4512",
        "variables": None,
        "forced": None,
        "ran": True,
        "status": 200,
    }


def test_a_bot_is_started_for_a_person_in_a_messenger(sandbox: Sandbox) -> None:
    pairs = [("user_id", "u/17"), ("channel_id", "тг-1"), ("bot_id", "4512"), ("forced", "1")]
    answer = ask(sandbox.port, start_of([*pairs, ("variable[a]", "x"), ("variable[b]", "y")]))
    call = only(sandbox)
    assert answer.json == {
        "bot_id": 4512,
        "user_id": "u/17",
        "channel_id": "тг-1",
        "started": 1,
        "started_at": call["at"],
    }
    assert call | {"at": ""} == {
        "at": "",
        "token": "token",
        "subscriber_id": None,
        "user_id": "u/17",
        "channel_id": "тг-1",
        "bot_id": "4512",
        "variables": {"a": "x", "b": "y"},
        "forced": "1",
        "ran": True,
        "status": 200,
    }


def test_a_call_is_listed_with_its_time(sandbox: Sandbox) -> None:
    before = datetime.now(UTC)
    ask(sandbox.port, SOUND)
    at = datetime.fromisoformat(only(sandbox)["at"])
    assert before <= at <= datetime.now(UTC)


@pytest.mark.parametrize("text", [*HOSTILE, "я" * 1000, "🎉" * 600])
def test_any_text_arrives_unchanged_in_the_query(sandbox: Sandbox, text: str) -> None:
    ask(sandbox.port, start_of([("subscriber_id", "1"), ("bot_id", "2"), ("variable[имя]", text)]))
    call = only(sandbox)
    assert (call["variables"], call["forced"], call["ran"]) == ({"имя": text}, None, True)


def test_parameters_may_come_as_a_form(sandbox: Sandbox) -> None:
    form = b"subscriber_id=778899&bot_id=4512&variable[a]=%D1%8F+1&forced=true"
    assert ask(sandbox.port, request(METHOD, headers=FORM, body=form)).status == 200
    call = only(sandbox)
    assert (call["subscriber_id"], call["variables"], call["forced"]) == ("778899", {"a": "я 1"}, "true")


def test_a_text_too_long_for_a_url_arrives_in_a_form(sandbox: Sandbox) -> None:
    form = b"subscriber_id=1&bot_id=2&variable%5Ba%5D=" + b"%D1%8F" * 20_000
    assert ask(sandbox.port, request(METHOD, headers=FORM, body=form)).status == 200
    assert only(sandbox)["variables"] == {"a": "я" * 20_000}


def test_parameters_may_come_as_json_and_are_shown_as_received(sandbox: Sandbox) -> None:
    sent = {"subscriber_id": 778899, "bot_id": "4512", "variable": {"a": 1, "b": None}, "forced": True}
    headers = ("Content-Type: application/json", *JSON)
    assert ask(sandbox.port, request(METHOD, headers=headers, body=json.dumps(sent).encode())).status == 200
    call = only(sandbox)
    assert (call["subscriber_id"], call["variables"], call["forced"]) == (778899, {"a": 1, "b": None}, True)


def test_a_lone_surrogate_does_not_break_the_list(sandbox: Sandbox) -> None:
    body = b'{"subscriber_id": 1, "bot_id": 2, "variable": {"a": "\\ud800"}}'
    ask(sandbox.port, request(METHOD, headers=("Content-Type: application/json",), body=body))
    assert only(sandbox)["variables"] == {"a": "?"}


def test_a_token_is_shown_decoded(sandbox: Sandbox) -> None:
    ask(sandbox.port, request("/api/v1/a%2Fb+c%20d/bot.startWithVariables?subscriber_id=1&bot_id=2"))
    assert only(sandbox)["token"] == "a/b+c d"


def test_wrong_parameters_are_422_if_json_is_accepted(sandbox: Sandbox) -> None:
    answer = ask(sandbox.port, start(subscriber_id="x", bot_id="4512", forced="ja"))
    subscriber = 'subscriber_id must be a positive whole number, found "x"'
    assert answer.status == 422
    assert answer.json == {
        "message": f"{subscriber} (and 1 more)",
        "errors": {
            "subscriber_id": [subscriber],
            "forced": ['forced must be true, 1, false or 0, found "ja"'],
        },
    }
    call = only(sandbox)
    assert (call["subscriber_id"], call["forced"], call["ran"], call["status"]) == ("x", "ja", False, 422)


def test_wrong_parameters_are_otherwise_a_redirect(sandbox: Sandbox) -> None:
    answer = ask(sandbox.port, request(f"{METHOD}?bot_id=1", headers=()))
    assert (answer.status, answer.headers["location"]) == (302, "/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert (only(sandbox)["ran"], only(sandbox)["status"]) == (False, 302)


def test_a_parameter_that_is_not_utf_8_is_reported(sandbox: Sandbox) -> None:
    answer = ask(sandbox.port, request(f"{METHOD}?subscriber_id=1&bot_id=2&variable[a]=%FF"))
    sentence = "expected UTF-8, found other bytes in variable[a]=%FF"
    assert answer.json == {"message": sentence, "errors": {"parameters": [sentence]}}
    assert only(sandbox)["ran"] is False


@pytest.mark.parametrize(
    ("status", "forced", "ran"),
    [
        ("subscribed", "false", True),
        ("subscribed", "true", True),
        ("unsubscribed", "false", False),
        ("unsubscribed", "true", True),
        ("blocked", "false", False),
        ("blocked", "true", False),
    ],
)
def test_the_status_decides_whether_a_bot_runs(sandbox: Sandbox, status: str, forced: str, ran: bool) -> None:
    sandbox.subscriber(778899, status)
    answer = ask(sandbox.port, start(subscriber_id="778899", bot_id="4512", forced=forced))
    assert (answer.status, only(sandbox)["ran"]) == (200 if ran else 422, ran)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("unsubscribed", "Отписан: subscriber is unsubscribed, the bot starts only with forced=true"),
        ("blocked", "Запретил писать сообщения: subscriber blocked messages, no bot can reach them"),
    ],
)
def test_the_response_distinguishes_unsubscribed_from_blocked(
    sandbox: Sandbox, status: str, reason: str
) -> None:
    sandbox.subscriber(1, status)
    answer = ask(sandbox.port, start(subscriber_id="1", bot_id="2"))
    assert answer.json == {"message": reason, "errors": {"subscriber_id": [reason]}}


def test_a_status_applies_to_its_subscriber_until_it_changes(sandbox: Sandbox) -> None:
    sandbox.subscriber(1, "blocked")
    assert ask(sandbox.port, start(subscriber_id="2", bot_id="2")).status == 200
    sandbox.subscriber(1, "subscribed")
    assert ask(sandbox.port, start(subscriber_id="1", bot_id="2")).status == 200


def test_a_person_in_a_messenger_has_a_status_too(sandbox: Sandbox) -> None:
    def status(user: str, channel: str) -> int:
        return ask(sandbox.port, start(user_id=user, channel_id=channel, bot_id="2")).status

    sandbox.subscriber("u/1", "blocked")
    sandbox.subscriber("u/2", "blocked", channel_id="vk")
    assert [status("u/1", "vk"), status("u/1", "tg")] == [422, 422]
    assert [status("u/2", "vk"), status("u/2", "tg")] == [422, 200]


def test_an_empty_token_is_rejected(sandbox: Sandbox) -> None:
    answer = ask(sandbox.port, request("/api/v1//bot.startWithVariables?subscriber_id=1&bot_id=2"))
    assert (answer.status, answer.json) == (401, {"message": "Unauthenticated"})
    assert (only(sandbox)["token"], only(sandbox)["ran"], only(sandbox)["status"]) == ("", False, 401)


def test_only_the_configured_tokens_are_accepted() -> None:
    sandbox = Sandbox(Options(tokens=frozenset({"good"}))).start()
    try:
        query = "bot.startWithVariables?subscriber_id=1&bot_id=2"
        assert ask(sandbox.port, request(f"/api/v1/good/{query}")).status == 200
        assert ask(sandbox.port, request(f"/api/v1/bad/{query}")).status == 401
        redirect = ask(sandbox.port, request(f"/api/v1/bad/{query}", headers=()))
        assert (redirect.status, redirect.headers["location"]) == (302, "/login")
        assert [call["ran"] for call in sandbox.calls()] == [True, False, False]
    finally:
        sandbox.stop()


@pytest.mark.parametrize(
    "path", ["/api/v1/t/recurrent.info", "/api/v1/bot.startWithVariables", "/api/v1/a/b/c"]
)
def test_another_method_is_not_found_and_not_listed(sandbox: Sandbox, path: str) -> None:
    answer = ask(sandbox.port, request(path))
    expected = "no such method; expected /api/v1/<token>/bot.startWithVariables"
    assert (answer.status, answer.json) == (404, {"message": expected})
    assert sandbox.calls() == []


def test_a_bot_is_started_by_post_only(sandbox: Sandbox) -> None:
    answer = ask(sandbox.port, request(METHOD, method="GET"))
    assert (answer.status, answer.headers["allow"], answer.json) == (
        405,
        "POST",
        {"message": "expected POST"},
    )
    assert sandbox.calls() == []


def test_calls_are_listed_in_their_order_and_can_be_deleted(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        for number in range(600):
            client.send(start(subscriber_id=str(number + 1), bot_id="2")).answer()
    assert [call["subscriber_id"] for call in sandbox.calls()] == [str(number + 1) for number in range(600)]
    sandbox.delete_calls()
    assert sandbox.calls() == []


def test_the_oldest_calls_are_dropped() -> None:
    sandbox = Sandbox(Options(keep=3)).start()
    try:
        for number in range(5):
            ask(sandbox.port, start(subscriber_id=str(number + 1), bot_id="2"))
        assert [call["subscriber_id"] for call in sandbox.calls()] == ["3", "4", "5"]
    finally:
        sandbox.stop()


def test_a_hundred_thousand_calls_are_kept() -> None:
    assert Options().keep == 100_000


def test_a_request_without_parameters_is_answered_422_and_listed_apart(sandbox: Sandbox) -> None:
    subscriber = "subscriber_id is required, or user_id with channel_id"
    answer = ask(sandbox.port, request(METHOD))
    assert (answer.status, answer.json) == (
        422,
        {
            "message": f"{subscriber} (and 1 more)",
            "errors": {"subscriber_id": [subscriber], "bot_id": ["bot_id is required"]},
        },
    )
    (probe,) = sandbox.probes()
    assert (probe["token"], probe["bot_id"], probe["ran"], probe["status"]) == ("token", None, False, 422)
    assert sandbox.calls() == []


def test_faults_apply_to_probes(sandbox: Sandbox) -> None:
    sandbox.fault("502", times=2, ran=True)
    assert [ask(sandbox.port, request(METHOD)).status for _ in range(3)] == [502, 502, 422]
    assert [(one["ran"], one["status"]) for one in sandbox.probes()] == [
        (False, 502),
        (False, 502),
        (False, 422),
    ]


def test_deleting_the_calls_deletes_the_probes(sandbox: Sandbox) -> None:
    ask(sandbox.port, request(METHOD))
    sandbox.delete_calls()
    assert sandbox.probes() == []
