"""A request's way through a source: method, content type, proof, decoding, pings, batch, events, answer."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import to_json
from bridge.model import Reply
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.text.render import english
from bridge.webhook.source import Accepted, Answered, Refused, Source, Unreadable
from tests.webhook.support import NOW, accepted, refused, request, source_of

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TOKEN = {"X-Token": "s3cret"}


def of(text: str) -> Source:
    return source_of(
        f"source: shop\nsecret: ${{S}}\nverify: {{token: {{header: X-Token}}}}\n{text}", S="s3cret"
    )


def test_an_event_carries_what_came_and_when() -> None:
    source = of("event: {id: $.id, type: '{$.kind}.{$headers.x-action}'}")
    headers = (("X-Token", "s3cret"), ("X-Action", "made"), ("Via", "a"), ("via", "b"))
    reception = accepted(
        source.receive(request('{"id": 7, "kind": "order"}', headers, query="a=1&b[c]=2"), NOW)
    )
    (event,) = reception.events
    assert (event.source, event.id, event.type, event.received_at) == ("shop", "7", "order.made", NOW)
    assert event.document == {"id": 7, "kind": "order"}
    assert event.headers == {"x-token": "s3cret", "x-action": "made", "via": "a, b"}
    assert event.query == {"a": "1", "b": {"c": "2"}}
    assert event.dedup_within == 30 * 86400
    assert english(reception.verified) == "token in header X-Token"
    assert reception.reply == Reply(200, b"OK", "text/plain; charset=utf-8")


def test_without_an_id_the_whole_request_is_one_for_ten_minutes() -> None:
    source = of("methods: [GET, POST]\nbody: [json, query]")
    first, second = (accepted(source.receive(request("{}", TOKEN), at)).events[0] for at in (NOW, NOW + 1))
    assert first.id == second.id
    assert first.id.startswith("body:")
    assert first.dedup_within == 600
    others = [
        request("{ }", TOKEN),
        request("{}", TOKEN, query="a=1"),
        request("", TOKEN, method="GET"),
        request("", TOKEN, method="GET", query="a=1"),
    ]
    ids = {accepted(source.receive(other, NOW)).events[0].id for other in others}
    assert len(ids | {first.id}) == 5


def test_an_event_without_its_id_falls_back_to_the_request() -> None:
    source = of("event: {id: [$.id, $.status]}")
    (event,) = accepted(source.receive(request('{"id": 7}', TOKEN), NOW)).events
    assert event.id.startswith("body:")
    assert event.dedup_within == 600


@pytest.mark.parametrize(
    ("dedup", "with_id", "without_id"),
    [
        ("dedup: {within: 1d}", 86_400, 86_400),
        ("dedup: {within: 5m}", 300, 300),
        ("retry_window: 2h", 30 * 86_400, 7_200),
        ("retry_window: 60d", 60 * 86_400, 60 * 86_400),
        ("dedup: {within: 1d}\nretry_window: 2h", 86_400, 86_400),
        ("dedup: {ignore: $.attempt}", 30 * 86_400, 600),
        ("dedup: none", 0, 0),
        ("", 30 * 86_400, 600),
    ],
)
def test_the_owner_says_for_how_long_a_repeat_is_one(dedup: str, with_id: int, without_id: int) -> None:
    source = of(f"event: {{id: $.id}}\n{dedup}")
    for body, within in (('{"id": 1}', with_id), ("{}", without_id)):
        assert accepted(source.receive(request(body, TOKEN), NOW)).events[0].dedup_within == within


def test_a_source_without_ids_takes_its_window_from_dedup() -> None:
    source = of("dedup: {within: 1d}")
    assert accepted(source.receive(request("{}", TOKEN), NOW)).events[0].dedup_within == 86_400


def test_a_long_id_is_cut_and_stays_its_own() -> None:
    source = of("event: {id: $.id}")
    ids = [
        accepted(source.receive(request(f'{{"id": "{"x" * 10_000}{end}"}}', TOKEN), NOW)).events[0].id
        for end in "ab"
    ]
    assert [len(one) for one in ids] == [500, 500]
    assert ids[0] != ids[1]


def test_a_wrong_method_is_reported_before_verification() -> None:
    refusal = refused(of("methods: [POST, PUT]").receive(request("{}", method="DELETE"), NOW))
    assert (refusal.status, refusal.code, english(refusal.detail)) == (
        405,
        "method",
        "the method is DELETE, not POST or PUT",
    )


def test_a_path_after_a_source_that_has_no_path_token_is_refused() -> None:
    refusal = refused(of("").receive(request("{}", TOKEN, path_token="more"), NOW))
    assert (refusal.status, refusal.code) == (401, "path")


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        ("json", "application/json; charset=utf-8", "json"),
        ("json", "application/vnd.api+json", "json"),
        ("json", "", "json"),
        ("json", "text/plain", "json"),
        ("json", "application/x-www-form-urlencoded", "json"),
        ("json", "multipart/form-data; boundary=x", None),
        ("json", "text/xml", None),
        ("form", "application/x-www-form-urlencoded", "form"),
        ("form", "text/plain", "form"),
        ("form", "application/json", None),
        ("form", "multipart/form-data; boundary=x", None),
        ("[form, json]", "application/json", "json"),
        ("[form, json]", "APPLICATION/JSON", "json"),
        ("[form, json]", "application/x-www-form-urlencoded", "form"),
        ("[form, json]", "text/plain", "form"),
        ("[form, json]", "application/xml", None),
        ("[json, multipart]", "multipart/form-data; boundary=x", "multipart"),
        ("[json, xml]", "application/soap+xml; charset=utf-8", "xml"),
        ("xml", "application/octet-stream", "xml"),
        ("xml", "application/json", None),
        ("query", "application/json", "query"),
        ("query", "", "query"),
    ],
)
def test_the_content_type_picks_only_among_the_sources_bodies(
    body: str, content_type: str, kind: str | None
) -> None:
    source = of(f"body: {body}")
    assert source.decoder.kind_of("POST", content_type, b"x") == kind
    if kind is None:
        reception = refused(source.receive(request("x", {**TOKEN, "Content-Type": content_type}), NOW))
        assert (reception.status, reception.code) == (415, "content_type")


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b' {"a":1}', "json"), (b"<a/>", "xml"), (b"--b\r\n", "multipart"), (b"a=1", "form"), (b"?", "json")],
)
def test_a_body_without_a_content_type_is_recognised_by_its_beginning(body: bytes, kind: str) -> None:
    assert of("body: [json, form, multipart, xml]").decoder.kind_of("POST", "", body) == kind


def test_an_empty_body_or_a_get_is_a_query_where_the_source_takes_one() -> None:
    decoder = of("body: [json, query]").decoder
    assert decoder.kind_of("GET", "application/json", b"{}") == "query"
    assert decoder.kind_of("POST", "", b"") == "query"
    assert decoder.kind_of("POST", "", b"{}") == "json"


def test_an_authentic_body_that_cannot_be_read_is_kept_and_answered() -> None:
    reception = of("reply: {body: fine}").receive(request("{", TOKEN), NOW)
    assert reception == Unreadable(
        Reason(WebhookCode.NOT_JSON, fault=Reason(WebhookCode.JSON_NO_NAME), character=2),
        Reply(200, b"fine"),
        Reason(WebhookCode.BY_TOKEN, place=Reason(WebhookCode.PLACE_HEADER, names=("X-Token",))),
    )
    assert english(reception.detail) == (
        "not JSON: expecting property name enclosed in double quotes at character 2"
    )


def test_a_body_that_cannot_be_read_before_it_is_proved_is_refused() -> None:
    source = source_of("source: s\nsecret: ${S}\nverify: {token: {json: $.token}}", S="s3cret")
    refusal = refused(source.receive(request("{"), NOW))
    assert (refusal.status, refusal.code) == (400, "unreadable")


def test_a_test_ping_is_proved_answered_and_no_event() -> None:
    source = of("body: form\nignore:\n- {$.test: test}\n- {$.a: 1, $.b: 2}\nreply: {body: 'got {$.test}'}")
    assert isinstance(source.receive(request("test=test"), NOW), Refused)
    assert source.receive(request("test=test", TOKEN), NOW) == Answered(
        "ping", Reply(200, b"got test"), {"test": "test"}
    )
    assert isinstance(source.receive(request("a=1&b=2", TOKEN), NOW), Answered)
    assert isinstance(source.receive(request("a=1&b=3", TOKEN), NOW), Accepted)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("{body: 'OK{$.InvId}'}", Reply(200, b"OK678")),
        ("{body: '{\"code\":0}', type: application/json}", Reply(200, b'{"code":0}', "application/json")),
        ("{body: '', status: 204}", Reply(204, b"")),
        ("{body: '{$event.id}/{$event.type}/{$event.source}/{$query.q}'}", Reply(200, b"7/paid/shop/1")),
        ("{body: 'OK{$.missing}'}", Reply(200, b"OK")),
        ("{body: 'Принято {$.name}'}", Reply(200, "Принято \r\nX: y".encode())),
        ("{type: text/xml; charset=utf-8, body: <a/>}", Reply(200, b"<a/>", "text/xml; charset=utf-8")),
    ],
)
def test_the_answer_is_what_the_sender_wants_to_hear_the_same_each_time(reply: str, expected: Reply) -> None:
    source = of(f"event: {{id: $.id, type: paid}}\nreply: {reply}")
    webhook = request('{"id": 7, "InvId": "678", "name": "\\r\\nX: y"}', TOKEN, query="q=1")
    for later in (0, 1_000):
        assert accepted(source.receive(webhook, NOW + later)).reply == expected


def test_the_answer_may_differ_by_type() -> None:
    source = of("event: {type: $.t}\nreply: {body: OK, by_type: {check: '{\"allow\":{$.n}}', gone: ''}}")
    for body, expected in (('{"t": "check", "n": 1}', b'{"allow":1}'), ('{"t": "gone"}', b""), ("{}", b"OK")):
        assert accepted(source.receive(request(body, TOKEN), NOW)).reply.body == expected


def test_the_answer_may_be_signed() -> None:
    source = of("reply: {body: 'OK {digest}', digest: {algorithm: md5, message: '{$.id}{secret}'}}")
    expected = "OK " + hashlib.md5(b"7s3cret").hexdigest()
    assert accepted(source.receive(request('{"id": 7}', TOKEN), NOW)).reply.body == expected.encode()
    reply = source.receive(request("{", TOKEN), NOW)
    assert isinstance(reply, Unreadable)
    assert reply.reply.body == b"OK"
    keyed = of(
        'reply: {type: application/json, body: \'{"sign":"{digest}","id":"{$.id}"}\','
        " digest: {algorithm: sha1, keyed: true, encoding: base64, message: '{$.id};accept'}}"
    )
    sign = b64encode(hmac.new(b"s3cret", b"7;accept", "sha1").digest()).decode()
    body = accepted(keyed.receive(request('{"id": 7}', TOKEN), NOW)).reply.body
    assert body == f'{{"sign":"{sign}","id":"7"}}'.encode()
    assert accepted(keyed.receive(request('{"id": [7]}', TOKEN), NOW)).reply.body == b"OK"


def test_each_item_of_a_batch_is_an_event_with_its_own_id() -> None:
    source = of("split: $.items\nevent: {id: $.n, type: '{$.kind}'}\nreply: {body: '{$.n}'}")
    body = '{"sent": 1, "items": [{"n": 1, "kind": "a"}, {"n": 2, "kind": "b"}, {"kind": "c"}]}'
    reception = accepted(source.receive(request(body, TOKEN), NOW))
    assert [(event.id[:5], event.type, event.document) for event in reception.events] == [
        ("1", "a", {"n": 1, "kind": "a"}),
        ("2", "b", {"n": 2, "kind": "b"}),
        ("body:", "c", {"kind": "c"}),
    ]
    assert reception.events[2].id.endswith(":2")
    assert reception.reply.body == b"1"


def test_a_delivery_without_items_is_one_event() -> None:
    source = of("split: $.items")
    for body in ('{"items": []}', '{"other": 1}', "[]", "7"):
        assert len(accepted(source.receive(request(body, TOKEN), NOW)).events) == 1


def test_a_batch_of_more_than_ten_thousand_is_unreadable() -> None:
    source = of("split: $[*]")
    item = json.dumps({"name": "x" * 60})
    body = f"[{f'{item},' * 9_999}{item}]"
    assert len(accepted(source.receive(request(body, TOKEN), NOW)).events) == 10_000
    reception = source.receive(request(f"[{item}," + body[1:], TOKEN), NOW)
    assert isinstance(reception, Unreadable)
    assert english(reception.detail) == "the batch has more than 10000 items"


def test_json_inside_fields_is_read_and_may_be_the_document() -> None:
    source = of("body: form\njson_fields: [payload, 'a[b]', {field: data, encoding: base64}]")
    document = source.decode(b'payload={"x":1.50}&a[b]=[1]&a[c]=[1]&data=eyJ5IjoxfQ==', tuple(FORM.items()))
    assert to_json(document) == '{"payload":{"x":1.50},"a":{"b":[1],"c":"[1]"},"data":{"y":1}}'
    for text in (b"payload={broken", b"payload=plain", b"payload=", b"data=%7B%7D", b"payload[x]=1"):
        assert source.decode(text) == of("body: form").decode(text)
    unwrapped = of("body: [json, form]\njson_fields: [payload]\nunwrap: payload")
    assert unwrapped.decode(b'payload={"x":1}', tuple(FORM.items())) == {"x": 1}
    assert unwrapped.decode(b'{"x":1}') == {"x": 1}
    assert unwrapped.decode(b"payload=x", tuple(FORM.items())) == {"payload": "x"}


def test_json_inside_fields_counts_for_the_limits() -> None:
    source = of("body: form\njson_fields: [a]")
    reception = source.receive(request(b"a=" + b"[" * 63 + b"]" * 63, {**TOKEN, **FORM}), NOW)
    assert isinstance(reception, Accepted)
    reception = source.receive(request(b"a=" + b"[" * 64 + b"]" * 64, {**TOKEN, **FORM}), NOW)
    assert isinstance(reception, Unreadable)


def test_a_query_string_that_is_not_its_charset_makes_an_authentic_request_unreadable() -> None:
    reception = of("").receive(request("{}", TOKEN, query="a=%ff"), NOW)
    assert isinstance(reception, Unreadable)
    assert english(reception.detail) == "a form field is not utf-8; set `charset` to what the sender uses"


def test_events_of_a_sample_need_no_proof() -> None:
    source = of("split: $.items\nevent: {id: $.n, type: $headers.x-kind}")
    events = source.events(request('{"items": [{"n": 1}]}', {"X-Kind": "k"}), NOW)
    assert [(event.id, event.type) for event in events] == [("1", "k")]
    inline = source.events_of({"items": [{"n": 1}]}, NOW, {"x-kind": "k"})
    assert [(event.id, event.type) for event in inline] == [("1", "k")]


LATIN = st.text(st.characters(max_codepoint=255), max_size=40)


@given(
    st.binary(max_size=200),
    st.dictionaries(
        st.text(st.characters(max_codepoint=255), max_size=20),
        st.text(st.characters(max_codepoint=255), max_size=40),
    ),
    st.text(max_size=40),
    st.sampled_from(["GET", "POST", "OPTIONS", "DELETE", "X"]),
)
def test_no_request_raises(body: bytes, headers: dict[str, str], query: str, method: str) -> None:
    webhook = request(body, {**headers, "X-Token": "s3cret"}, query=query, method=method)
    for source in ANY:
        assert isinstance(source.receive(webhook, NOW), Accepted | Refused | Answered | Unreadable)


ANY = [
    of("body: [json, form, multipart, xml, query]\nmethods: [GET, POST]\njson_fields: [a]\nunwrap: a"),
    of("body: [json, jwt]\njson_fields: [{field: a, encoding: jwt}]"),
    of(
        "body: form\nsplit: {path: '$[*][*]', keep: envelope}\n"
        "event: {id: $.id, type: {key: $}}\ncharset: windows-1251"
    ),
    of(
        "handshake:\n- echo_query: {parameter: c}\n- echo_json: {path: $.c}\n- options_consent: {}\n"
        "- echo_header: {header: X-Hook}\n- hmac_reply: {path: $.p, fields: {a: '{digest}'}}"
    ),
]


@pytest.mark.parametrize(
    ("profile", "window"), [("amocrm", 7_200), ("kommo", 7_200), ("adyen", 7 * 86_400), ("json", 600)]
)
def test_an_event_without_an_id_is_known_for_as_long_as_its_sender_repeats(profile: str, window: int) -> None:
    """amoCRM repeats after 5, 15 and 15 minutes and an hour, Adyen for a week."""
    assert of(f"profile: {profile}").dedup.without_id == window


@pytest.mark.parametrize(
    ("identity", "body", "lacks"),
    [
        ("[$.a, $.no_such]", '{"a": 1}', "$.no_such is absent"),
        ("$.a", '{"a": [1, 2]}', "$.a is a list"),
        ("$.a", '{"a": {"b": 1}}', "$.a is an object"),
        ("$.a", '{"a": ""}', "$.a is empty"),
        ("$.a", '{"a": null}', "$.a is null"),
        ("{first_of: [$.a, $.b]}", "{}", "$.a is absent, $.b is absent"),
        ("{path: $.a, except: ['0']}", '{"a": "0"}', "$.a is a value that counts as absent"),
        ("'{$.a}-{$.b}'", '{"a": 1}', "{$.a}-{$.b} lacks a value"),
        ("[$.a, {path: $.b, default: '-'}]", '{"a": 1}', ""),
        ("{first_of: [$.a, $.b]}", '{"b": 1}', ""),
    ],
)
def test_what_an_event_lacks_for_its_id_is_said(identity: str, body: str, lacks: str) -> None:
    source = of(f"event: {{id: {identity}}}")
    (event,) = accepted(source.receive(request(body, TOKEN), NOW)).events
    assert english(source.lacks_id(event)) == lacks
    assert event.id.startswith("body:") is bool(lacks)
