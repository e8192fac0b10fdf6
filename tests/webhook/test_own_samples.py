"""A sample of our own for every profile, signed here as its sender signs."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import quote, quote_plus, urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bridge.model import Event, Request
from bridge.webhook.profiles import load_profiles
from bridge.webhook.source import Accepted, Refused
from tests.webhook.support import NOW, request, source_of

SECRET = "a secret of our own"
STAMP = str(NOW // 1000)
URL = "https://bridge.example/hooks/s"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
EC = ec.generate_private_key(ec.SECP256R1())


def mac(data: bytes, algorithm: str = "sha256", key: bytes = SECRET.encode()) -> bytes:
    return hmac.new(key, data, algorithm).digest()


def text64(data: bytes) -> str:
    return b64encode(data).decode()


@dataclass(frozen=True)
class Sample:
    """What a profile makes of an honest request; `signed` says whether its bytes are protected."""

    request: Request
    events: list[tuple[str, str]]
    reply: bytes = b"OK"
    signed: bool = True
    secret: str = SECRET
    more: str = ""
    look: Callable[[Event], bool] = field(default=lambda _: True)


def json_of(**fields: object) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


def form_of(*pairs: tuple[str, str]) -> bytes:
    return urlencode(pairs, quote_via=quote_plus).encode()


def multipart(*pairs: tuple[str, str]) -> Request:
    parts = "".join(
        f'--our\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    )
    return request(f"{parts}--our--\r\n", {"Content-Type": "multipart/form-data; boundary=our"})


def with_headers(webhook: Request, **headers: str) -> Request:
    added = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return replace(webhook, headers=(*webhook.headers, *added))


def adyen() -> Sample:
    key = "00112233445566778899aabbccddeeff"
    items = []
    for number, success in (("881", "true"), ("882", "false")):
        signed = f"{number}::Shop:order 7:4900:EUR:AUTHORISATION:{success}"
        items.append(
            {
                "NotificationRequestItem": {
                    "pspReference": number,
                    "merchantAccountCode": "Shop",
                    "merchantReference": "order 7",
                    "amount": {"value": 4900, "currency": "EUR"},
                    "eventCode": "AUTHORISATION",
                    "success": success,
                    "additionalData": {"hmacSignature": text64(mac(signed.encode(), key=bytes.fromhex(key)))},
                }
            }
        )
    events = [("AUTHORISATION:881:true", "AUTHORISATION"), ("AUTHORISATION:882:false", "AUTHORISATION")]
    return Sample(
        request(json_of(live="false", notificationItems=items), JSON), events, b"[accepted]", secret=key
    )


def amocrm() -> Sample:
    body = form_of(
        ("leads[status][0][id]", "501"),
        ("leads[status][0][status_id]", "142"),
        ("leads[status][0][last_modified]", "1699999990"),
        ("leads[status][0][custom_fields][0][name]", "Курс"),
        ("leads[status][1][id]", "502"),
        ("leads[status][1][status_id]", "142"),
        ("leads[status][1][last_modified]", "1699999991"),
        ("contacts[update][0][id]", "77"),
        ("contacts[update][0][last_modified]", "1699999992"),
        ("contacts[update][0][linked_leads_id][9982001][ID]", "9982001"),
        ("account[subdomain]", "our"),
    )
    events = [
        ("leads.status:501:142:1699999990", "leads.status"),
        ("leads.status:502:142:1699999991", "leads.status"),
        ("contacts.update:77:1699999992", "contacts.update"),
    ]
    whole = request(body, FORM, path_token=SECRET)
    return Sample(
        whole, events, signed=False, look=lambda event: event.document["account"] == {"subdomain": "our"}
    )


def bitrix24() -> Sample:
    body = form_of(
        ("event", "ONCRMDEALUPDATE"),
        ("data[FIELDS][ID]", "759"),
        ("ts", "1699999990"),
        ("auth[member_id]", "m1"),
        ("auth[application_token]", SECRET),
    )
    return Sample(
        request(body, FORM), [("m1:ONCRMDEALUPDATE:759:1699999990", "ONCRMDEALUPDATE")], signed=False
    )


def cloudpayments() -> Sample:
    data = '{"subscriber_id":"778899"}'
    body = form_of(("TransactionId", "9001"), ("Amount", "123.00"), ("Status", "Completed"), ("Data", data))
    webhook = request(body, {**FORM, "Content-HMAC": text64(mac(body))}, query="type=pay")
    return Sample(
        webhook,
        [("pay:9001", "pay")],
        b'{"code":0}',
        look=lambda event: event.document["Data"]["subscriber_id"] == "778899",
    )


def getcourse() -> Sample:
    query = f"event=order_paid&order_id=99&status={quote('Завершен')}&phone=%2B79161234567&tg_id=5"
    webhook = request("", method="GET", query=query, path_token=SECRET)
    return Sample(webhook, [("order_paid:99:Завершен", "order_paid")], signed=False)


def github() -> Sample:
    body = json_of(action="opened", issue={"title": "Не работает"})
    headers = {**JSON, "X-GitHub-Event": "issues", "X-GitHub-Delivery": "d-1"}
    webhook = with_headers(request(body, headers), X_Hub_Signature_256="sha256=" + mac(body).hex())
    return Sample(webhook, [("d-1", "issues.opened")])


def hubspot() -> Sample:
    body = json.dumps(
        [
            {
                "eventId": 1,
                "portalId": 2,
                "objectId": 3,
                "occurredAt": 4,
                "subscriptionType": "contact.creation",
            },
            {
                "eventId": 5,
                "portalId": 2,
                "objectId": 3,
                "occurredAt": 6,
                "subscriptionType": "contact.propertyChange",
                "propertyName": "phone",
            },
        ]
    ).encode()
    signed = f"POST{URL}?tenant=1".encode() + body + str(NOW).encode()
    headers = {**JSON, "X-HubSpot-Request-Timestamp": str(NOW), "X-HubSpot-Signature-v3": text64(mac(signed))}
    events = [
        ("2:contact.creation:3:4:-:1", "contact.creation"),
        ("2:contact.propertyChange:3:6:phone:5", "contact.propertyChange"),
    ]
    return Sample(request(body, headers, query="tenant=1"), events, more=f"public_url: {URL}")


def hubspot_v1() -> Sample:
    body = b'[{"portalId": 2, "objectId": 3, "occurredAt": 4, "subscriptionType": "deal.creation"}]'
    sign = hashlib.sha256(SECRET.encode() + body).hexdigest()
    return Sample(
        request(body, {**JSON, "X-HubSpot-Signature": sign}), [("2:deal.creation:3:4:-:-", "deal.creation")]
    )


def jotform() -> Sample:
    webhook = multipart(
        ("formID", "1"),
        ("submissionID", "52"),
        ("rawRequest", '{"q7_id":"5","event_id":"e1"}'),
        ("type", "WEB"),
    )
    return Sample(
        replace(webhook, path_token=SECRET),
        [("52:e1", "WEB")],
        signed=False,
        look=lambda event: event.document["rawRequest"]["q7_id"] == "5",
    )


def meta() -> Sample:
    texts = [{"from": "79161234567", "id": "wamid.1", "type": "text", "text": {"body": "\u041f/"}}]
    value = {"messages": texts, "statuses": [{"id": "wamid.0", "status": "read"}]}
    whole = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
    body = json.dumps(whole).replace("/", "\\/").encode()
    webhook = with_headers(request(body, JSON), X_Hub_Signature_256="sha256=" + mac(body).hex())
    return Sample(webhook, [("wamid.1", "messages.text"), ("wamid.0:read", "messages.read")])


def prodamus() -> Sample:
    pairs = (
        ("order_id", "300"),
        ("order_num", "778899"),
        ("sum", "100.00"),
        ("payment_type", "Карта / МИР"),
        ("products[0][name]", "Курс «А/Б»"),
        ("products[0][sum]", "100.00"),
        ("payment_status", "success"),
        ("customer_extra", ""),
    )
    signed = (
        '{"customer_extra":"","order_id":"300","order_num":"778899","payment_status":"success",'
        '"payment_type":"Карта \\/ МИР","products":[{"name":"Курс «А\\/Б»","sum":"100.00"}],"sum":"100.00"}'
    )
    webhook = with_headers(multipart(*pairs), Sign=mac(signed.encode()).hex())
    return Sample(webhook, [("300:success", "success")])


def robokassa() -> Sample:
    sign = hashlib.sha512(f"1490.000000:678:{SECRET}:Shp_a=А:Shp_id=778899".encode()).hexdigest().upper()
    pairs = (
        ("OutSum", "1490.000000"),
        ("InvId", "678"),
        ("Shp_id", "778899"),
        ("Shp_a", "А"),
        ("SignatureValue", sign),
    )
    return Sample(request(method="GET", query=urlencode(pairs)), [("678", "paid")], b"OK678")


def salesforce() -> Sample:
    def item(name: str, more: str = "") -> str:
        return (
            f"<Notification><Id>{name}</Id><sObject xsi:type='sf:Lead' xmlns:sf='urn:s'><sf:Id>1</sf:Id>"
            f"{more}</sObject></Notification>"
        )

    body = (
        "<?xml version='1.0' encoding='UTF-8'?><e:Envelope xmlns:e='http://e' xmlns:xsi='http://x'><e:Body>"
        f"<notifications xmlns='http://n'><OrganizationId>00D</OrganizationId>{item('04a')}"
        f"{item('04b', '<sf:Имя>Анна</sf:Имя>')}</notifications></e:Body></e:Envelope>"
    )
    reply = plain_reply("salesforce")
    webhook = request(body, {"Content-Type": "text/xml; charset=utf-8"}, path_token=SECRET)
    return Sample(webhook, [("04a", "sf:Lead"), ("04b", "sf:Lead")], reply, signed=False)


def plain_reply(profile: str) -> bytes:
    body = load_profiles()[profile].node.get("reply").get("body")  # type: ignore[union-attr]  # it has one
    return str(body.text).encode()  # type: ignore[union-attr]  # a text


def sendgrid() -> Sample:
    body = b'[{"event":"click","sg_event_id":"e1"},{"event":"open","sg_event_id":"e2"}]\r\n'
    sign = EC.sign(STAMP.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        **JSON,
        "X-Twilio-Email-Event-Webhook-Signature": text64(sign),
        "X-Twilio-Email-Event-Webhook-Timestamp": STAMP,
    }
    key = EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Sample(request(body, headers), [("e1", "click"), ("e2", "open")], secret=text64(key))


def shopify() -> Sample:
    body = b'{"id":820982911946154508,"total_price":"10.00"}'
    headers = {
        **JSON,
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Webhook-Id": "w-1",
        "X-Shopify-Hmac-Sha256": text64(mac(body)),
    }
    return Sample(
        request(body, headers),
        [("w-1", "orders/paid")],
        look=lambda event: event.document["id"] == 820982911946154508,
    )


def slack() -> Sample:
    body = form_of(("command", "/start"), ("trigger_id", "t-1"), ("text", "Привет"))
    sign = "v0=" + mac(b"v0:" + STAMP.encode() + b":" + body).hex()
    headers = {**FORM, "X-Slack-Request-Timestamp": STAMP, "X-Slack-Signature": sign}
    return Sample(request(body, headers), [("t-1", "/start")], b"")


def standard() -> Sample:
    body = json_of(type="contact.created", data={"id": 1})
    secret = "whsec_" + text64(b"\x00key of our own")
    sign = text64(mac(b"msg_1." + STAMP.encode() + b"." + body, key=b64decode(secret[6:])))
    headers = {
        **JSON,
        "webhook-id": "msg_1",
        "webhook-timestamp": STAMP,
        "webhook-signature": f"v1,AAAA v1,{sign}",
    }
    return Sample(request(body, headers), [("msg_1", "contact.created")], secret=secret)


def stripe() -> Sample:
    body = b'{\n  "id": "evt_1",\n  "type": "invoice.paid"\n}'
    sign = f"t={STAMP},v0=ff,v1={'00' * 32},v1={mac(STAMP.encode() + b'.' + body).hex()}"
    return Sample(request(body, {**JSON, "Stripe-Signature": sign}), [("evt_1", "invoice.paid")])


def tbank() -> Sample:
    fields = {
        "TerminalKey": "1DEMO",
        "OrderId": "778899",
        "Success": True,
        "Status": "CONFIRMED",
        "PaymentId": 5,
        "Amount": 100,
    }
    signed = f"100778899{SECRET}5CONFIRMEDtrue1DEMO"
    body = json.dumps(
        {**fields, "Data": {"x": "1"}, "Token": hashlib.sha256(signed.encode()).hexdigest()}
    ).encode()
    return Sample(request(body, JSON), [("5:CONFIRMED", "CONFIRMED")])


def telegram() -> Sample:
    body = json_of(update_id=7, message={"text": "/start 72", "from": {"id": 5100200300}})
    return Sample(
        request(body, {**JSON, "X-Telegram-Bot-Api-Secret-Token": SECRET}),
        [("7", "message")],
        b"",
        signed=False,
    )


def tilda() -> Sample:
    payment = '{"orderid":"158","products":["Курс=2470"],"amount":"2470"}'
    body = form_of(
        ("Комментарий к заказу", "да"), ("payment", payment), ("tranid", "1:2"), ("formname", "Cart")
    )
    webhook = request(body, FORM, path_token=SECRET)
    return Sample(
        webhook,
        [("1:2", "Cart")],
        b"ok",
        signed=False,
        look=lambda event: event.document["payment"]["orderid"] == "158",
    )


def twilio() -> Sample:
    pairs = (
        ("MessageSid", "SM1"),
        ("SmsStatus", "received"),
        ("From", "+79161234567"),
        ("Body", "да & нет"),
        ("ToZip", ""),
    )
    signed = URL + "".join(f"{name}{value}" for name, value in sorted(pairs))
    headers = {**FORM, "X-Twilio-Signature": text64(mac(signed.encode(), "sha1"))}
    webhook = request(form_of(*pairs), headers)
    return Sample(
        webhook,
        [("SM1:received", "received")],
        b"<Response/>",
        more=f"public_url: {URL}",
    )


def typeform() -> Sample:
    body = json_of(
        event_id="e1", event_type="form_response", form_response={"hidden": {"subscriber_id": "5"}}
    )
    webhook = with_headers(request(body, JSON), Typeform_Signature="sha256=" + text64(mac(body)))
    return Sample(webhook, [("e1", "form_response")])


def yookassa() -> Sample:
    body = json_of(
        type="notification", event="refund.succeeded", object={"id": "r-1", "amount": {"value": "1.00"}}
    )
    webhook = request(body, JSON, client="2a02:5180::7")
    return Sample(webhook, [("refund.succeeded:r-1", "refund.succeeded")], signed=False)


def zoom() -> Sample:
    body = json_of(event="meeting.started", event_ts=1, payload={"object": {"uuid": "u=="}})
    sign = "v0=" + mac(b"v0:" + STAMP.encode() + b":" + body).hex()
    headers = {**JSON, "x-zm-request-timestamp": STAMP, "x-zm-signature": sign}
    return Sample(request(body, headers), [("meeting.started:u==:1", "meeting.started")])


def header_token(
    name: str, body: bytes, content: dict[str, str], event: tuple[str, str], more: str = ""
) -> Sample:
    return Sample(request(body, {**content, name: SECRET}), [event], signed=False, more=more)


BASIC = {**JSON, "Authorization": "Basic " + text64(f"our:{SECRET}".encode())}


def samples() -> dict[str, Sample]:
    """A sample of each profile but paypal, which has its own tests; signed at NOW for URL."""
    return {
        "adyen": adyen(),
        "amocrm": amocrm(),
        "bitrix24": bitrix24(),
        "cloudpayments": cloudpayments(),
        "form": header_token("X-Bridge-Token", b"a=1", FORM, ("body:", "")),
        "getcourse": getcourse(),
        "github": github(),
        "hubspot": hubspot(),
        "hubspot-v1": hubspot_v1(),
        "jotform": jotform(),
        "json": header_token("X-Bridge-Token", b'{"id": 1}', JSON, ("1", ""), "event: {id: $.id}"),
        "kommo": amocrm(),
        "leadconverter": header_token("X-Bridge-Secret", b'{"event": "paid"}', JSON, ("body:", "paid")),
        "meta-whatsapp": meta(),
        "pipedrive": Sample(
            request(json_of(meta={"id": "m1", "action": "change", "entity": "deal"}, data=None), BASIC),
            [("m1", "change.deal")],
            signed=False,
        ),
        "prodamus": prodamus(),
        "query": Sample(
            request(method="GET", query="a[b]=1", path_token=SECRET),
            [("body:", "")],
            signed=False,
            look=lambda event: event.document == {"a": {"b": "1"}},
        ),
        "robokassa": robokassa(),
        "salesforce": salesforce(),
        "sendgrid": sendgrid(),
        "shopify": shopify(),
        "slack": slack(),
        "standard-webhooks": standard(),
        "stripe": stripe(),
        "tbank": tbank(),
        "telegram": telegram(),
        "tilda": tilda(),
        "twilio": twilio(),
        "typeform": typeform(),
        "yookassa": yookassa(),
        "zoom": zoom(),
    }


SAMPLES = samples()
every = pytest.mark.parametrize("name", SAMPLES)


def test_every_profile_has_its_sample_or_a_test_with_certificates() -> None:
    assert {*SAMPLES, "paypal"} == set(load_profiles())


def receive(name: str, webhook: Request, now: int = NOW, secret: str = "") -> Accepted | Refused:
    sample = SAMPLES[name]
    source = source_of(
        f"source: s\nprofile: {name}\nsecret: ${{S}}\n{sample.more}", S=secret or sample.secret
    )
    reception = source.receive(webhook, now)
    assert isinstance(reception, Accepted | Refused), reception
    return reception


@every
def test_a_sample_is_taken_identified_and_answered(name: str) -> None:
    sample = SAMPLES[name]
    reception = receive(name, sample.request)
    assert isinstance(reception, Accepted), reception
    found = [
        (event.id[:5] if event.id.startswith("body:") else event.id, event.type) for event in reception.events
    ]
    assert found == sample.events
    assert reception.reply.body == sample.reply
    assert all(sample.look(event) for event in reception.events)


@every
def test_the_same_sample_again_is_the_same_event_with_the_same_answer(name: str) -> None:
    first, again = (receive(name, SAMPLES[name].request, NOW + later) for later in (0, 1_000))
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert [event.id for event in first.events] == [event.id for event in again.events]
    assert first.reply == again.reply


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.signed])
def test_a_signed_sample_is_refused_with_another_byte_or_secret(name: str) -> None:
    sample = SAMPLES[name]
    other = {"adyen": "ff" * 16, "standard-webhooks": "whsec_AAAA"}.get(name, "another")
    if name == "sendgrid":
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        other = text64(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert isinstance(receive(name, sample.request, secret=other), Refused)
    body, query = sample.request.body, sample.request.query
    for old, new in ((b"1", b"2"), (b"0", b"9"), (b"7", b"8")):
        if old in body:
            assert isinstance(receive(name, replace(sample.request, body=body.replace(old, new))), Refused)
    if not body:
        assert isinstance(receive(name, replace(sample.request, query=query.replace("0", "1"))), Refused)
    for position, (header, value) in enumerate(sample.request.headers):
        if any(word in header.lower() for word in ("sign", "hmac")):
            headers = list(sample.request.headers)
            headers[position] = (header, value[:-1])
            assert isinstance(receive(name, replace(sample.request, headers=tuple(headers))), Refused)


@pytest.mark.parametrize(
    "name", [name for name, sample in SAMPLES.items() if not sample.signed and name != "yookassa"]
)
def test_a_sample_with_a_token_is_refused_without_it_and_with_another(name: str) -> None:
    sample = SAMPLES[name]
    assert isinstance(receive(name, sample.request, secret="another"), Refused)
    bare = replace(sample.request, path_token=None, headers=tuple(FORM.items()) if name == "bitrix24" else ())
    body = sample.request.body.replace(quote_plus(SECRET).encode(), b"guess")
    assert isinstance(receive(name, replace(bare, body=body)), Refused)
