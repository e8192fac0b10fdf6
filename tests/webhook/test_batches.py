"""What the profiles and the standards that send batches make of every shape that may come."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from bridge.text.render import english
from bridge.webhook.budget import allowance
from bridge.webhook.source import Refused, Source
from tests.webhook.support import NOW, refused, request, source_of

CLOUDEVENT = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "paid", "data": {"id": 7}}
HUBSPOT = {
    "portalId": 1,
    "objectId": 2,
    "occurredAt": 3,
    "subscriptionType": "contact.creation",
    "eventId": 4,
}
SENDGRID = {"event": "click", "sg_event_id": "e1", "email": "a@example.com"}
ADYEN = {"NotificationRequestItem": {"eventCode": "AUTHORISATION", "pspReference": "7", "success": "true"}}
CHANGE = {"field": "leadgen", "value": {"leadgen_id": "5"}}

LISTS = {
    "hubspot-v1": ("{item}", HUBSPOT),
    "sendgrid": ("{item}", SENDGRID),
    "json": ("{item}", CLOUDEVENT),
    "adyen": ('{{"live": "false", "notificationItems": {item}}}', ADYEN),
    "meta-whatsapp": ('{{"object": "page", "entry": [{{"id": "1", "changes": {item}}}]}}', CHANGE),
}
SHAPES = {
    "a batch": ("[{0}, {0}]", 2, ""),
    "a list of one": ("[{0}]", 1, ""),
    "a single object": ("{0}", 1, ""),
    "an empty list": ("[]", 1, ""),
    "an empty object": ("{{}}", 1, ""),
    "null": ("null", 1, ""),
    "a text": ('"text"', 1, ""),
    "scalars": ('[1, "a", null, true]', 1, "the batch holds no object"),
    "lists": ("[[{0}], [{0}]]", 1, "the batch holds no object"),
    "objects and others": ('[{0}, 5, {0}, null, "x"]', 2, "3 items of the batch are in no event"),
}


def _source(profile: str) -> Source:
    text = (
        f"source: s\nprofile: {profile}\nsecret: ${{KEY}}\nverify: {{ip: {{networks: [203.0.113.9]}}}}\n"
        "handshake: {echo_query: {parameter: x, token: {query: y}}}\n"
    )
    return source_of(text + ("split: $[*]\nevent: {id: $.id}\n" if profile == "json" else ""), KEY="k" * 20)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("profile", LISTS)
def test_each_shape_gives_its_events_and_loses_nothing(profile: str, shape: str) -> None:
    around, item = LISTS[profile]
    spelled, count, note = SHAPES[shape]
    body = around.format(item=spelled.format(json.dumps(item)))
    events = _source(profile).events(request(body, {"Content-Type": "application/json"}), NOW)
    assert len(events) == count
    assert english(events[0].note).startswith(note)
    assert (events[0].note is not None) == bool(note)
    assert all(isinstance(event.document, dict) for event in events) or count == 1
    if count == 1 and shape != "a list of one":
        assert events[0].document == json.loads(body)


@pytest.mark.parametrize("profile", ["amocrm", "kommo"])
@pytest.mark.parametrize(
    ("body", "types"),
    [
        ("leads[add][0][id]=1&leads[add][1][id]=2&account[id]=9", ["leads.add", "leads.add"]),
        ("leads[add][5][id]=1&contacts[update][0][id]=2", ["leads.add", "contacts.update"]),
        ("leads[add][id]=1&leads[add][name]=x", ["leads"]),
        ("leads=1", ["leads"]),
        ("account[id]=9", [None]),
        ("", [None]),
        ('{"leads": {"add": {"id": 1, "name": "x"}}}', ["leads"]),
        ('{"leads": {"add": {"0": {"id": 1}, "1": {"id": 2}}}}', ["leads"]),
        ('{"leads": {"add": [{"id": 1}, {"id": 2}]}}', ["leads"]),
        ('{"message": {"message": {"id": "m1", "type": "text"}}}', ["text"]),
    ],
)
def test_brackets_make_lists_and_json_objects_do_not(profile: str, body: str, types: list[Any]) -> None:
    kind = "application/json" if body.startswith("{") else "application/x-www-form-urlencoded"
    events = _source(profile).events(request(body, {"Content-Type": kind}), NOW)
    assert [event.type or None for event in events] == types


def test_an_event_is_made_of_signed_items_only() -> None:
    """With a genuine item in a map among forged fields, the whole document would be the event."""
    text = """
source: s
secret: ${KEY}
verify:
  hmac:
    algorithm: sha256
    each: "$.items[*]"
    message: {join: {from: item, keys: [id]}}
    signature: {item: mac}
split: $.items[*]
"""
    source = source_of(text, KEY="k" * 20)
    genuine = {"id": "1", "mac": _mac("1")}
    good = source.receive(request(json.dumps({"items": [genuine]})), NOW)
    assert not isinstance(good, Refused)
    shapes: tuple[Any, ...] = ({"0": genuine}, genuine, [])
    for items in shapes:
        forged = json.dumps({"items": items, "id": "2", "paid": True})
        assert refused(source.receive(request(forged), NOW)).status == 401


def _mac(text: str) -> str:
    return hmac.new(b"k" * 20, text.encode(), hashlib.sha256).hexdigest()


def test_the_documents_of_forms_stay_within_what_is_assumed_of_them() -> None:
    """A webhook of one event is not measured: its document takes at most 7 bytes for one of its body."""
    source = source_of("source: s\nbody: [form, json, xml]\nverify: {ip: {networks: [203.0.113.9]}}\n")
    kinds = {"form": "application/x-www-form-urlencoded", "xml": "text/xml", "json": "application/json"}
    bodies = [
        ("form", b"&".join(b"%x" % n for n in range(5_000))),
        ("form", b"a=" + b"\x01" * 60_000),
        ("form", b"&".join([b"\x01[\x01]"] * 4_000)),
        ("form", b"&".join(b"a" + b"[]" * 31 for _ in range(900))),
        ("xml", b"<r>" + b"<a/>" * 10_000 + b"</r>"),
        ("xml", b"<r>" + b'<a b=""/>' * 5_000 + b"</r>"),
        ("json", b'["' + b"\\u0001" * 9_000 + b'"]'),
        ("json", b"[" + b"0," * 30_000 + b"0]"),
    ]
    for kind, body in bodies:
        (event,) = source.events(request(body, {"Content-Type": kinds[kind]}), NOW)
        assert len(json.dumps(event.document, ensure_ascii=False)) <= 7 * len(body) + 100
        assert 8 * len(body) <= allowance(len(body))
