"""What is hidden of a webhook: by place, by value, and as a whole if it cannot be searched."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from bridge.jsonpath.exact_numbers import Number
from bridge.model import Request
from bridge.operations.redact import shown
from bridge.reasons.reason import GeneralCode, Reason, recorded
from bridge.webhook.redaction.redact import DOTS, Redaction, redaction
from bridge.webhook.redaction.secrets import SecretPlace, places_text, read_places
from bridge.webhook.redaction.spellings import found
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import request, source_of

TOKEN = 'a"b/я 17+'
JSON_KEY = SecretPlace("json", "$.auth[0].code")


def body_of(webhook: Request, *places: SecretPlace, known: tuple[str, ...] = ()) -> str:
    return redaction(places, known, webhook).request(webhook).body.decode()


def test_headers_and_parameters_are_hidden_by_place_and_by_name() -> None:
    webhook = request(
        b"",
        (("Authorization", "Bearer abc"), ("cookie", "a=b"), ("X-Shop-Signature", "sha256=00"),
         ("X-Amo", "secret words"), ("Content-Type", "application/json")),
        query="token=abc&k=word&id=7",
    )  # fmt: skip
    hidden = redaction((SecretPlace("header", "x-amo"), SecretPlace("query", "k")), (), webhook)
    seen = hidden.request(webhook)
    assert seen.headers == (
        ("Authorization", f"Bearer {DOTS}"),
        ("cookie", DOTS),
        ("X-Shop-Signature", DOTS),
        ("X-Amo", f"secret {DOTS}"),
        ("Content-Type", "application/json"),
    )
    assert seen.query == f"token={quote(DOTS)}&k={quote(DOTS)}&id=7"


@pytest.mark.parametrize(
    "spelled",
    [
        TOKEN,
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1].replace("/", "\\/"),
        quote(TOKEN, safe=""),
        quote(TOKEN),
        quote(TOKEN, safe="").lower(),
        quote(quote(TOKEN)),
        quote(TOKEN, safe="").replace("%20", "+"),
        quote(json.dumps(TOKEN)[1:-1]),
        json.dumps(quote(TOKEN))[1:-1],
        "".join(f"\\u{ord(char):04X}" for char in TOKEN),
        "".join(f"&#{ord(char)};" for char in TOKEN),
        TOKEN.replace('"', "&quot;"),
        "".join(f"%{byte:02x}" for byte in TOKEN.encode()),
    ],
)
def test_a_value_is_hidden_however_it_is_spelled(spelled: str) -> None:
    assert Redaction((TOKEN,)).text(f"before {spelled} after") == f"before {DOTS} after"


def test_astral_letters_keep_the_place_of_what_follows() -> None:
    assert Redaction(("🔑key",)).text('{"a":"\\ud83d\\udd11key","b":"🔑"}') == f'{{"a":"{DOTS}","b":"🔑"}}'
    assert Redaction(("word",)).text("%F0%9F%94%91word%ff-word") == f"%F0%9F%94%91{DOTS}%ff-{DOTS}"


def test_a_short_value_is_hidden_only_where_it_is_a_word() -> None:
    assert Redaction(("7",)).text("7 of 17, a7: 7") == f"{DOTS} of 17, a7: {DOTS}"


def test_the_beginning_of_a_value_is_hidden_where_a_text_is_cut() -> None:
    hidden = Redaction(("canary-secret",))
    assert hidden.text("found canary-se…") == f"found {DOTS}…"
    assert hidden.text("found canary-se") == f"found {DOTS}"
    assert hidden.text("canary-se is no end") == "canary-se is no end"


def test_numbers_keys_and_documents_inside_of_texts_are_searched() -> None:
    document = {"code": 41907, "n": Number("41907.0"), "by": {"41907": [True, None]}, "in": '{"a":41907}'}
    assert Redaction(("41907",)).json(document) == {
        "code": DOTS,
        "n": Number("41907.0"),
        "by": {DOTS: [True, None]},
        "in": f'{{"a":{DOTS}}}',
    }


@pytest.mark.parametrize(
    "body",
    [
        b'{"auth": [{"code": "canary-1"',
        b"<a><code>canary-1",
        b"--b\r\ncode: canary-1",
        b'{"auth": [{"code": "canary',
    ],
)
def test_a_body_that_cannot_be_read_is_hidden_as_a_whole_where_a_place_may_be_in_it(body: bytes) -> None:
    assert body_of(request(body), JSON_KEY) == DOTS
    assert body_of(request(body), SecretPlace("json", "$[0]")) == DOTS
    assert body_of(request(body), SecretPlace("json", "$.key"), SecretPlace("form", "x[y]")) == body.decode()
    assert body_of(request(body), SecretPlace("header", "x-token")) == body.decode()


def test_every_value_below_the_place_is_hidden() -> None:
    body = '{"auth": [{"code": {"a": ["canary-1", 20260]}}], "note": "canary-1, 20260"}'
    assert body_of(request(body), JSON_KEY) == (
        f'{{"auth": [{{"code": {{"a": ["{DOTS}", {DOTS}]}}}}], "note": "{DOTS}, {DOTS}"}}'
    )


def test_thousands_of_values_in_the_place_hide_everything() -> None:
    body = json.dumps({"auth": [{"code": [f"value-{n}" for n in range(5_000)]}], "note": ["x"] * 5_000})
    webhook = request(body)
    hidden = redaction((JSON_KEY,), (), webhook)
    assert hidden.request(webhook).body.decode() == DOTS
    assert seconds_of(lambda: hidden.json(json.loads(body))) < SOON


def test_a_body_in_another_charset_is_searched() -> None:
    body = "name=Мария&key=canary-1".encode("cp1251")
    seen = body_of(
        request(body, {"Content-Type": "application/x-www-form-urlencoded"}), SecretPlace("form", "key")
    )
    assert seen.endswith(f"&key={DOTS}")


def test_a_secret_is_hidden_where_no_check_reads_it() -> None:
    webhook = request('{"key": "word-1"}', {"X-Other": "word-1"}, query="a=word-1")
    seen = redaction((), ("word-1",), webhook).request(webhook)
    assert (seen.body.decode(), seen.headers, seen.query) == (
        f'{{"key": "{DOTS}"}}', (("X-Other", DOTS),), f"a={quote(DOTS)}",
    )  # fmt: skip


def test_what_is_no_text_stays_as_it_is() -> None:
    hidden = Redaction(("word-1",))
    assert shown(hidden, (1, None, b"word-1", ("word-1", {"word-1": ["word-1"]}))) == (
        1, None, b"word-1", (DOTS, {DOTS: [DOTS]}),
    )  # fmt: skip


def test_a_secret_in_a_value_of_a_reason_is_hidden() -> None:
    def reason(text: str) -> Reason:
        return Reason(GeneralCode.WITH_HINT, message=recorded(f"is {text}"), hint=(f"not {text}", 1, None))

    assert shown(Redaction(("word-1",)), (reason("word-1"),)) == (reason(DOTS),)
    known = reason("word-2")
    assert shown(Redaction(("word-1",)), known) is known


def test_places_are_read_as_they_were_written() -> None:
    source = source_of(
        "source: s\nsecret: ${S}\nbody: [json, form]\nverify:\n  any:\n"
        "    - {token: {header: [X-A, X-B], prefix: 'Bearer '}}\n    - token: {json: \"$['api key']\"}\n"
        "    - all: [{token: {form: 'auth[token]'}}, {token: {basic: {user: u}}}]\n"
        "    - {token: {path: true}}\n    - {jwt: {query: t, algorithm: HS256}}\n"
        "    - {jwt: {header: X-Jws, algorithm: HS256, detached: true}}\n"
        "handshake: {echo_query: {parameter: hub.challenge, token: {query: hub.verify_token}}}",
        S="word-1",
    )
    places = (
        SecretPlace("header", "X-A", "Bearer "),
        SecretPlace("header", "X-B", "Bearer "),
        SecretPlace("json", "$['api key']"),
        SecretPlace("form", "auth[token]"),
        SecretPlace("basic"),
        SecretPlace("path"),
        SecretPlace("query", "t"),
        SecretPlace("query", "hub.verify_token"),
    )
    assert source.secrets.places == places
    assert read_places(source.secrets.text) == places
    assert source.secrets.values == ("word-1",)
    assert "word-1" not in repr(source)
    assert places_text(()) == "[]"
    assert read_places('[["of-tomorrow","x",""]]') == ()


@pytest.mark.parametrize(
    "text", ["\\" * 60_000, "%25" * 20_000, "+" * 60_000, "&amp;" * 12_000, "canary" * 10_000]
)
def test_a_hostile_text_is_searched_within_a_second(text: str) -> None:
    assert seconds_of(lambda: found(text, ("canary-secret", "%%%%", "\\\\"))) < SOON
