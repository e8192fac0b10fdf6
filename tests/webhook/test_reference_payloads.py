"""The reference payloads through their profiles: accepted as they are, refused with one byte changed.

They are outside of the project: set BRIDGE_PAYLOADS to their folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bridge.language.document import read
from bridge.language.nodes import Report, plain
from bridge.model import Request
from bridge.webhook.incoming import NO_TRUST, Trust
from bridge.webhook.source import Accepted, Answered, Refused, Source, Unreadable
from tests.webhook.support import source_of

FOLDER = os.environ.get("BRIDGE_PAYLOADS", "")
PAYPAL = "\nverify:\n  signature:\n    algorithm: rsa-sha256\n    certificate: {header: PAYPAL-CERT-URL, hosts: [api.sandbox.paypal.com], names: [messageverificationcerts.test.example]}\n    message: '{header:PAYPAL-TRANSMISSION-ID}|{header:PAYPAL-TRANSMISSION-TIME}|{secret}|{crc32}'\n    signature: {header: PAYPAL-TRANSMISSION-SIG, encoding: base64}"  # noqa: E501


@dataclass(frozen=True)
class Case:
    """One sample: what its source adds to the profile, and what is to come out."""

    profile: str
    id: str = ""
    name: str = ""
    more: str = ""
    query: str = ""
    path_token: bool = False
    reply: bytes = b"OK"
    outcome: type[Accepted | Answered | Unreadable] = Accepted
    unsigned: bool = False
    """The system signs nothing, so that a changed body is still believed."""
    environment: dict[str, str] = field(default_factory=dict)


HUBSPOT = "1:2:3:4"
CASES = {
    "adyen/AUTHORISATION": Case(
        "adyen", "AUTHORISATION:7914073381342284:true", "AUTHORISATION", reply=b"[accepted]"
    ),
    "adyen/AUTHORISATION.backslash": Case("adyen", "*", "AUTHORISATION", reply=b"[accepted]"),
    "adyen/AUTHORISATION.colon": Case("adyen", "*", "AUTHORISATION", reply=b"[accepted]"),
    "adyen/AUTHORISATION.forwardslash": Case("adyen", "*", "AUTHORISATION", reply=b"[accepted]"),
    "adyen/merchant.created": Case("adyen", "body:", "merchant.created", reply=b"[accepted]"),
    "amocrm/chats.message": Case(
        "amocrm", "0371a0ff-0000-4000-8000-000000000001", "text", more="secrets: {channel: '${S}'}"
    ),
    "amocrm/contacts.update": Case(
        "amocrm", "contacts.update:22309001:1789066975", "contacts.update", path_token=True, unsigned=True
    ),
    "amocrm/leads.status": Case(
        "amocrm", "leads.status:25399001:142:1789782664", "leads.status", path_token=True, unsigned=True
    ),
    "amocrm/leads.status.unencoded-brackets": Case(
        "amocrm", "leads.status:25399001:142:1789782664", "leads.status", path_token=True, unsigned=True
    ),
    "amocrm/message.add": Case(
        "amocrm",
        "message.add:7c1e2f00-0000-4000-8000-000000000001:1789572100",
        "message.add",
        path_token=True,
        unsigned=True,
    ),
    "bitrix24/ONAPPTEST": Case("bitrix24", outcome=Answered, unsigned=True),
    "bitrix24/ONCRMDEALADD.outgoing-webhook": Case(
        "bitrix24",
        "d897063e1ce7c5eb9f04b97510000001:ONCRMDEALADD:7405:1788047124",
        "ONCRMDEALADD",
        unsigned=True,
    ),
    "bitrix24/ONCRMDEALUPDATE.application": Case(
        "bitrix24",
        "d897063e1ce7c5eb9f04b97510000001:ONCRMDEALUPDATE:759:1788047125",
        "ONCRMDEALUPDATE",
        unsigned=True,
    ),
    "bitrix24/bizproc.robot-webhook": Case(
        "bitrix24",
        "body:",
        environment={"S": "made-up"},
        query="secret=made-up&deal_id=777&phone=%2B79990000000&tg_id=100200300",
        unsigned=True,
    ),
    "cloudpayments/check": Case(
        "cloudpayments", "check:1701609", "check", query="type=check", reply=b'{"code":0}'
    ),
    "cloudpayments/fail": Case(
        "cloudpayments", "fail:1701658", "fail", query="type=fail", reply=b'{"code":0}'
    ),
    "cloudpayments/pay": Case("cloudpayments", "pay:*", "pay", query="type=pay", reply=b'{"code":0}'),
    "cloudpayments/recurrent": Case(
        "cloudpayments",
        "sc_a38ca02005d40db7d32b36a000001:PastDue:11:2",
        "recurrent",
        query="type=recurrent",
        reply=b'{"code":0}',
    ),
    "getcourse/process.call-url": Case(
        "getcourse", "order_paid:998877:Завершен", "order_paid", unsigned=True
    ),
    "getcourse/set-uri.dealPaid": Case(
        "getcourse", "getcourse/dealPaid:998877:payed", "getcourse/dealPaid", path_token=True, unsigned=True
    ),
    "github/docs-vector": Case("github", outcome=Unreadable),
    "github/issues.opened": Case("github", "72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues.opened"),
    "github/ping": Case("github", outcome=Answered),
    "github/ping.form": Case("github", outcome=Answered),
    "github/star.created": Case("github", "72d3162e-cc78-11e3-81ab-4c9367dc0958", "star.created"),
    "hubspot/contact.creation": Case("hubspot", "*", "contact.creation"),
    "hubspot/sdk-vector": Case("hubspot", outcome=Unreadable),
    "jotform/submission": Case(
        "jotform",
        "5267074469613966508:1650897326645_221144600480140_aGu8qm7",
        "WEB",
        path_token=True,
        unsigned=True,
    ),
    "leadconverter/webhook-block.json-post": Case("leadconverter", "body:", "paid", unsigned=True),
    "make/post": Case("json", "42", "lead.new", more="event: {id: $.id, type: $.event}", unsigned=True),
    "meta-whatsapp/leadgen": Case("meta-whatsapp", "123123123123", "leadgen"),
    "meta-whatsapp/messages.status": Case("meta-whatsapp", "wamid.xyzxyz:sent", "messages.sent"),
    "meta-whatsapp/messages.text": Case("meta-whatsapp", "wamid.xyzxyz", "messages.text"),
    "meta-whatsapp/verify": Case("meta-whatsapp", outcome=Answered, reply=b"1158201444", unsigned=True),
    "paypal/PAYMENT.CAPTURE.COMPLETED": Case("paypal", "*", "PAYMENT.CAPTURE.COMPLETED", more=PAYPAL),
    "paypal/PAYMENT.SALE.COMPLETED": Case("paypal", "*", "PAYMENT.SALE.COMPLETED", more=PAYPAL),
    "pipedrive/change.deal": Case("pipedrive", "*", "change.deal", unsigned=True),
    "prodamus/payment.success": Case("prodamus", "300155:success", "success"),
    "prodamus/payment.success.redelivery": Case("prodamus", "300155:success", "success"),
    "prodamus/payment.success.urlencoded": Case("prodamus", "300155:success", "success"),
    "prodamus/subscription.auto_payment": Case("prodamus", "*", "subscription.auto_payment"),
    "prodamus/subscription.deactivation.error": Case("prodamus", "*", "subscription.deactivation"),
    "prodamus/subscription.finish": Case("prodamus", "*", "subscription.finish"),
    "robokassa/result": Case("robokassa", "678678", "paid", reply=b"OK678678"),
    "robokassa/result.get": Case("robokassa", "42", "paid", reply=b"OK42"),
    "salesforce/outbound-message.Opportunity": Case(
        "salesforce",
        "04l7F000008aeAyQAI",
        "sf:Opportunity",
        more="secrets: {organization: '${S}'}",
        reply=b"*",
        unsigned=True,
    ),
    "sendgrid/dropped": Case("sendgrid", "*", "dropped"),
    "sendgrid/processed": Case("sendgrid", "ZyjAM5rnQmuI1KFInHQ3Nw", "processed"),
    "shopify/orders-create": Case("shopify", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", "orders/create"),
    "slack/app_mention": Case("slack", "Ev111", "app_mention", reply=b""),
    "slack/slash-command": Case(
        "slack", "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c", "/webhook-collect", reply=b""
    ),
    "slack/url_verification": Case(
        "slack", outcome=Answered, reply=b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    ),
    "standard-webhooks/contact.created": Case(
        "standard-webhooks", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "contact.created"
    ),
    "standard-webhooks/spec-vector": Case("standard-webhooks", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    "stripe/checkout.session.completed": Case(
        "stripe", "evt_1Emw4mGf8y65MteUNt6J2zlN", "checkout.session.completed"
    ),
    "tbank/addcard.COMPLETED": Case("tbank", "5974256002:COMPLETED", "COMPLETED"),
    "tbank/payment.AUTHORIZED": Case("tbank", "5974256001:AUTHORIZED", "AUTHORIZED"),
    "tbank/payment.CONFIRMED": Case("tbank", "5974256001:CONFIRMED", "CONFIRMED"),
    "tbank/payment.CONFIRMED.with-data": Case("tbank", "5974256001:CONFIRMED", "CONFIRMED"),
    "tbank/payment.REJECTED": Case("tbank", "5974256001:REJECTED", "REJECTED"),
    "telegram/callback_query": Case("telegram", "123456790", "callback_query", reply=b"", unsigned=True),
    "telegram/message": Case("telegram", "123456789", "message", reply=b"", unsigned=True),
    "telegram/message.start": Case("telegram", "10000", "message", reply=b"", unsigned=True),
    "tilda/cart.bracketed": Case("tilda", "*", "*", path_token=True, reply=b"ok", unsigned=True),
    "tilda/cart.json-string": Case(
        "tilda", "1234567:8901234563", "Cart", path_token=True, reply=b"ok", unsigned=True
    ),
    "tilda/form": Case("tilda", "1234567:8901234561", "*", path_token=True, reply=b"ok", unsigned=True),
    "tilda/test-ping": Case("tilda", path_token=True, reply=b"ok", outcome=Answered, unsigned=True),
    "twilio/json.bodySHA256": Case("twilio", "body:", reply=b"<Response/>"),
    "twilio/sms.received": Case(
        "twilio", "d0b2b2c0-8f6f-4a2f-9d5e-3f5a4b7c1e11", "received", reply=b"<Response/>"
    ),
    "twilio/voice": Case("twilio", "CA1234567890ABCDE:-:1234", "", reply=b"<Response/>"),
    "typeform/form_response": Case("typeform", "LtWXD3crgy", "form_response"),
    "yookassa/payment.canceled": Case(
        "yookassa", "payment.canceled:2d1f3a5e-000f-5000-9000-1a2b3c4d5e6f", "payment.canceled", unsigned=True
    ),
    "yookassa/payment.succeeded": Case(
        "yookassa",
        "payment.succeeded:2d1f3a5e-000f-5000-9000-1a2b3c4d5e6f",
        "payment.succeeded",
        unsigned=True,
    ),
    "yookassa/payment.waiting_for_capture": Case(
        "yookassa", "*", "payment.waiting_for_capture", unsigned=True
    ),
    "zapier/post": Case("json", "body:", unsigned=True),
    "zapier/post.form": Case("form", "body:", more="verify: {token: {basic: {user: zapier}}}", unsigned=True),
    "zoom/endpoint.url_validation": Case("zoom", outcome=Answered, reply=b"*"),
    "zoom/meeting.started": Case(
        "zoom", "meeting.started:4444AAAiAAAAAiAiAiiAii==:1626230691572", "meeting.started"
    ),
}

needs_payloads = pytest.mark.skipif(not FOLDER, reason="BRIDGE_PAYLOADS does not name the reference payloads")


@dataclass(frozen=True)
class Sample:
    source: Source
    request: Request
    now: int
    trust: Trust
    meta: dict[str, Any]


def load(name: str) -> Sample:
    """A sample with the source that its case describes."""
    case = CASES[name]
    file = Path(FOLDER, f"{name}.meta.yml")
    node = read(file.read_bytes(), Report(file.name))
    assert node is not None
    meta: dict[str, Any] = plain(node)
    method = "GET" if meta["method"] == "GET" or "query_file" in meta else "POST"
    secret = str(meta.get("secret") or "made-up-path-token")
    environment = {
        "S": meta.get("public_key", secret) if case.profile == "sendgrid" else secret,
        **case.environment,
    }
    public_url = meta.get("public_url", "")
    text = f"source: {case.profile}\nprofile: {case.profile}\nsecret: ${{S}}\n"
    if case.profile in ("twilio", "hubspot"):
        text += f"public_url: {public_url.partition('?')[0]}\n"
    query = case.query or (public_url.partition("?")[2] if case.profile in ("twilio", "hubspot") else "")
    if "query_file" in meta:
        query = file.with_name(meta["query_file"]).read_text().strip()
    headers = {
        key: value
        for key, value in meta["headers"].items()
        if "query_file" not in meta or key != "Content-Type"
    }
    body = file.with_name(meta["body_file"]).read_bytes() if "body_file" in meta else b""
    request = Request(
        method,
        query,
        tuple((key, str(value)) for key, value in headers.items()),
        body,
        "185.71.76.1" if case.profile == "yookassa" else "203.0.113.9",
        secret if case.path_token else None,
    )
    certificate = meta.get("certificate", "").encode()
    trust = Trust(lambda _: certificate, lambda: certificate) if certificate else NO_TRUST
    now = int(meta.get("signed_at", 1_700_000_000)) * 1000
    return Sample(source_of(f"{text}{case.more}\n", **environment), request, now, trust, meta)


def fits(expected: str, found: str) -> bool:
    if expected.endswith("*"):
        return found.startswith(expected[:-1]) and not found.startswith("body:")
    return found.startswith(expected) if expected == "body:" else found == expected


@needs_payloads
def test_every_sample_has_its_case() -> None:
    samples = {
        str(file.relative_to(FOLDER)).removesuffix(".meta.yml") for file in Path(FOLDER).rglob("*.meta.yml")
    }
    assert samples == set(CASES)


@needs_payloads
@pytest.mark.parametrize("name", CASES)
def test_a_sample_is_accepted_identified_and_answered(name: str) -> None:
    case, sample = CASES[name], load(name)
    reception = sample.source.receive(sample.request, sample.now, sample.trust)
    assert isinstance(reception, case.outcome), reception
    assert not isinstance(reception, Refused)
    expected = sample.meta.get("reply", {}).get("body", "").encode() if case.reply == b"*" else case.reply
    assert reception.reply.body == expected
    assert reception.reply.status == 200
    if isinstance(reception, Accepted):
        assert [(fits(case.id, event.id), fits(case.name, event.type)) for event in reception.events] == [
            (True, True)
        ], reception.events


@needs_payloads
@pytest.mark.parametrize(
    "name",
    [
        name
        for name in CASES
        if name.startswith(("stripe", "slack", "zoom", "hubspot", "standard", "sendgrid"))
    ],
)
def test_a_sample_is_refused_outside_of_its_tolerance_and_with_another_timestamp(name: str) -> None:
    sample = load(name)
    tolerance = 90_000_000 if name.startswith("sendgrid") else 300_000
    for now in (sample.now + tolerance + 1_000, sample.now - tolerance - 1_000):
        reception = sample.source.receive(sample.request, now, sample.trust)
        assert isinstance(reception, Refused)
        assert reception.code == "stale"
    stamp = str(sample.now // 1000)
    headers = tuple((key, value.replace(stamp, str(int(stamp) + 1))) for key, value in sample.request.headers)
    assert isinstance(sample.source.receive(replace(sample.request, headers=headers), sample.now), Refused)


def changed(request: Request) -> list[Request]:
    """The request with one byte changed in its body, at its ends and all along."""
    body = request.body
    places = {0, len(body) - 1, *range(1, len(body), max(1, len(body) // 25))} if body else set()
    return [replace(request, body=body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]) for at in places]


@needs_payloads
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.unsigned])
def test_a_signed_sample_with_one_byte_changed_is_refused(name: str) -> None:
    sample = load(name)
    untouched = sample.source.receive(sample.request, sample.now, sample.trust)
    view = SIGNED.get(CASES[name].profile)
    for request in changed(sample.request):
        reception = sample.source.receive(request, sample.now, sample.trust)
        if isinstance(reception, Refused):
            continue
        assert view is not None, request.body
        assert isinstance(untouched, Accepted)
        assert isinstance(reception, Accepted)
        assert view(reception.events[0].document) == view(untouched.events[0].document), request.body


def _adyen(item: Any) -> object:
    keys = (
        "pspReference",
        "originalReference",
        "merchantAccountCode",
        "merchantReference",
        "amount",
        "eventCode",
    )
    return [item.get(key) for key in (*keys, "success")]


def _robokassa(form: Any) -> object:
    return {key: value for key, value in form.items() if key in ("OutSum", "InvId") or key.startswith("Shp_")}


def _tbank(body: Any) -> object:
    return [str(body[key]) for key in sorted(body) if key not in ("Token", "Data")]


SIGNED: dict[str, Callable[[Any], object]] = {"adyen": _adyen, "robokassa": _robokassa, "tbank": _tbank}
"""What these systems sign, which is not the whole body; T-Bank signs the values and not their names."""


@needs_payloads
@pytest.mark.parametrize("name", CASES)
def test_a_sample_for_another_secret_is_refused(name: str) -> None:
    case, sample = CASES[name], load(name)
    if case.profile == "yookassa":
        forged = replace(sample.request, client="203.0.113.9")
        assert isinstance(sample.source.receive(forged, sample.now), Refused)
        return
    other = load_with_secret(name)
    reception = other.source.receive(sample.request, sample.now, sample.trust)
    assert isinstance(reception, Refused), reception


def load_with_secret(name: str) -> Sample:
    case = CASES[name]
    keys = {
        "adyen": "00" * 32,
        "standard-webhooks": "whsec_" + "A" * 32,
        "sendgrid": load("sendgrid/processed").meta["public_key"],
    }
    if name == "sendgrid/processed":
        keys["sendgrid"] = load("sendgrid/dropped").meta["public_key"]
    sample = load(name)
    text = f"source: {case.profile}\nprofile: {case.profile}\nsecret: ${{S}}\n{case.more}\n"
    if case.profile in ("twilio", "hubspot"):
        text += f"public_url: {sample.meta['public_url'].partition('?')[0]}\n"
    environment = {"S": keys.get(case.profile, "another-secret")}
    return replace(sample, source=source_of(text, **environment))
