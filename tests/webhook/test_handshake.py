from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode

import pytest

from bridge.model import Reply, Request
from bridge.webhook.source import Accepted, Answered, Refused, Source
from tests.webhook.support import NOW, request, source_of

NOSNIFF = (("X-Content-Type-Options", "nosniff"),)
TOKEN = {"X-Token": "s3cret"}


def of(handshake: str, more: str = "") -> Source:
    return source_of(
        f"source: s\nsecret: ${{S}}\nverify: {{token: {{header: X-Token}}}}\nhandshake: {handshake}\n{more}",
        S="s3cret",
        VERIFY="other",
    )


def answer(source: Source, webhook: Request) -> Reply:
    reception = source.receive(webhook, NOW)
    assert isinstance(reception, Answered), reception
    assert reception.kind == "handshake"
    return reception.reply


def test_a_challenge_in_the_url_is_echoed_after_its_token() -> None:
    source = of(
        "{echo_query: {parameter: hub.challenge, token: {query: hub.verify_token, use: [verify, secret]}}}"
    )
    query = "hub.mode=subscribe&hub.challenge=11%3C58&hub.verify_token="
    reply = answer(source, request(method="GET", query=query + "s3cret"))
    assert reply == Reply(200, b"11<58", "text/plain; charset=utf-8", NOSNIFF)
    for forged in (query, query + "other", query + "s3cret&hub.verify_token=s3cret", "hub.challenge=1"):
        assert isinstance(source.receive(request(method="GET", query=forged), NOW), Refused)
    named = of(
        "{echo_query: {parameter: hub.challenge, token: {query: hub.verify_token, use: [verify, secret]}}}",
        "secrets: {verify: '${VERIFY}'}",
    )
    assert answer(named, request(method="GET", query=query + "other")).body == b"1158".replace(b"58", b"<58")
    assert isinstance(named.receive(request(method="GET", query=query + "s3cret"), NOW), Refused)


def test_a_get_without_the_challenge_is_a_wrong_method() -> None:
    source = of("{echo_query: {parameter: challenge}}")
    assert answer(source, request(method="GET", query="challenge=abc")).body == b"abc"
    refusal = source.receive(request(method="GET", query="other=abc"), NOW)
    assert isinstance(refusal, Refused)
    assert refusal.status == 405
    assert isinstance(source.receive(request("{}", TOKEN, query="challenge=abc"), NOW), Accepted)


def test_a_challenge_may_come_by_post_and_go_back_as_json() -> None:
    source = of("{echo_query: {parameter: validationToken, method: POST}}")
    assert answer(source, request(method="POST", query="validationToken=a+b")).body == b"a b"
    source = of("{echo_query: {parameter: c, field: verification}}")
    assert answer(source, request(method="GET", query='c=%22"')) == Reply(
        200, b'{"verification": "\\"\\""}', "application/json"
    )


def test_a_challenge_of_any_length_is_not_echoed() -> None:
    source = of("{echo_query: {parameter: c}}")
    assert isinstance(source.receive(request(method="GET", query="c=" + "x" * 5_000), NOW), Refused)


def test_a_challenge_in_the_body_is_echoed_once_it_is_proved() -> None:
    source = of("{echo_json: {path: $.challenge, when: {$.type: url_verification}}}")
    body = '{"type": "url_verification", "challenge": "abc"}'
    assert answer(source, request(body, TOKEN)) == Reply(200, b"abc", "text/plain; charset=utf-8", NOSNIFF)
    assert isinstance(source.receive(request(body), NOW), Refused)
    for other in ('{"type": "event", "challenge": "abc"}', '{"type": "url_verification", "challenge": [1]}'):
        assert isinstance(source.receive(request(other, TOKEN), NOW), Accepted)
    unproved = of("{echo_json: {path: $.challenge, field: challenge, verified: false}}")
    assert answer(unproved, request(body)).body == b'{"challenge": "abc"}'
    assert isinstance(unproved.receive(request("not json"), NOW), Refused)


def test_a_challenge_in_a_header_is_echoed_as_the_sender_wants() -> None:
    headers = {"X-Hook-Secret": "abc"}
    source = of("{echo_header: {header: x-hook-secret, as_header: X-Hook-Secret}}")
    assert answer(source, request("", headers)) == Reply(
        200, b"", "text/plain; charset=utf-8", (("X-Hook-Secret", "abc"),)
    )
    assert isinstance(source.receive(request("", {"X-Hook-Secret": "a\r\nSet-Cookie: b"}), NOW), Refused)
    assert isinstance(
        source.receive(request("", (("X-Hook-Secret", "a"), ("X-Hook-Secret", "b"))), NOW), Refused
    )
    source = of("{echo_header: {header: X-Challenge, method: GET, field: verification}}")
    assert (
        answer(source, request("", {"X-Challenge": "abc"}, method="GET")).body == b'{"verification": "abc"}'
    )


def test_a_challenge_is_answered_with_its_keyed_digest() -> None:
    source = of(
        "{hmac_reply: {path: $.payload.plainToken, when: {$.event: endpoint.url_validation},"
        " fields: {plainToken: '{value}', encryptedToken: '{digest}'}}}"
    )
    body = '{"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8"}}'
    digest = hmac.new(b"s3cret", b"qgg8", "sha256").hexdigest()
    assert answer(source, request(body, TOKEN)) == Reply(
        200, f'{{"plainToken": "qgg8", "encryptedToken": "{digest}"}}'.encode(), "application/json"
    )
    assert isinstance(source.receive(request(body), NOW), Refused)


def test_a_digest_may_be_asked_for_by_a_get() -> None:
    source = of(
        "{hmac_reply: {path: $query.crc_token, method: GET, verified: false, encoding: base64,"
        " fields: {response_token: 'sha256={digest}'}}}",
    )
    digest = b64encode(hmac.new(b"s3cret", b"abc", hashlib.sha256).digest()).decode()
    reply = answer(source, request(method="GET", query="crc_token=abc"))
    assert reply.body == f'{{"response_token": "sha256={digest}"}}'.encode()


def test_one_kind_of_request_has_a_fixed_answer() -> None:
    source = of("{fixed: {when: {$.type: confirmation}, body: a1b2c3, verified: false}}", "reply: {body: ok}")
    assert answer(source, request('{"type": "confirmation"}')).body == b"a1b2c3"
    assert isinstance(source.receive(request('{"type": "message"}'), NOW), Refused)
    source = of("{fixed: {when: {$.type: 1}, body: '{\"type\":1}', type: application/json}}")
    assert answer(source, request('{"type": 1}', TOKEN)) == Reply(200, b'{"type":1}', "application/json")
    assert isinstance(source.receive(request('{"type": 1}'), NOW), Refused)


def test_a_head_request_at_creation_has_its_answer() -> None:
    source = of("{fixed: {method: HEAD, verified: false}}")
    assert answer(source, request(method="HEAD")) == Reply(200, b"", "text/plain; charset=utf-8")
    assert isinstance(source.receive(request(method="GET"), NOW), Refused)


def test_options_are_answered_with_consent() -> None:
    source = of("{options_consent: {rate: '120'}}")
    assert answer(source, request(method="OPTIONS", query="")) == Reply(
        200,
        b"",
        "text/plain; charset=utf-8",
        (("WebHook-Allowed-Origin", "*"), ("WebHook-Allowed-Rate", "120"), ("Allow", "POST, OPTIONS")),
    )
    refusal = of("{echo_query: {parameter: c}}").receive(request(method="OPTIONS"), NOW)
    assert isinstance(refusal, Refused)
    assert refusal.status == 405


def test_an_unsigned_ping_at_creation_is_answered_and_nothing_else_is_believed() -> None:
    source = of(
        "{accept_unsigned: {when: {$.webhook_id: {exists: true}, $.id: {exists: false}}}}",
        "body: [json, form]",
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert answer(source, request("webhook_id=7", form)) == Reply()
    assert isinstance(source.receive(request("webhook_id=7&id=1", form), NOW), Refused)
    assert isinstance(source.receive(request('{"webhook_id":', {}), NOW), Refused)


def test_a_source_may_have_several_handshakes() -> None:
    source = of("\n- echo_query: {parameter: c}\n- options_consent: {}\n- echo_json: {path: $.c}")
    assert answer(source, request(method="GET", query="c=1")).body == b"1"
    assert answer(source, request(method="OPTIONS")).status == 200
    assert answer(source, request('{"c": 2}', TOKEN)).body == b"2"


@pytest.mark.parametrize("value", ["a\r\nX: y", "x" * 5_000, "é"])
def test_what_is_invalid_in_a_header_is_not_echoed_there(value: str) -> None:
    source = of("{echo_header: {header: X-Hook, as_header: X-Hook}}")
    assert isinstance(source.receive(request("{}", {"X-Hook": value}), NOW), Refused)
