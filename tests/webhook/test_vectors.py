"""Every published test vector of the senders' signatures, through their profiles."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bridge.model import Request
from bridge.webhook.source import Accepted, Refused, Source, Unreadable
from tests.webhook.support import request, source_of

SLACK = (
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
CLOUDPAYMENTS = (
    "TransactionId=666&Amount=123.00&Currency=RUB&PaymentAmount=123.00&PaymentCurrency=RUB&InvoiceId=1234567"
    "&AccountId=user%40example.com&SubscriptionId=&Name=VLADIMIR+KOCHNEV&Email=user%40example.com"
    "&DateTime=2015-11-17+14%3a51%3a20&IpAddress=127.0.0.1&IpCountry=RU"
    "&IpCity=%d0%a1%d0%b0%d0%bd%d0%ba%d1%82-%d0%9f%d0%b5%d1%82%d0%b5%d1%80%d0%b1%d1%83%d1%80%d0%b3"
    "&IpRegion=%d0%a1%d0%b0%d0%bd%d0%ba%d1%82-%d0%9f%d0%b5%d1%82%d0%b5%d1%80%d0%b1%d1%83%d1%80%d0%b3"
    "&IpDistrict=%d0%a1%d0%b5%d0%b2%d0%b5%d1%80%d0%be-%d0%97%d0%b0%d0%bf%d0%b0%d0%b4%d0%bd%d1%8b%d0%b9+"
    "%d1%84%d0%b5%d0%b4%d0%b5%d1%80%d0%b0%d0%bb%d1%8c%d0%bd%d1%8b%d0%b9+%d0%be%d0%ba%d1%80%d1%83%d0%b3"
    "&IpLatitude=59.939000&IpLongitude=30.315800&CardFirstSix=411111&CardLastFour=1111&CardType=Visa"
    "&CardExpDate=01%2f19&Issuer=&IssuerBankCountry="
    "&Description=%d0%9e%d0%bf%d0%bb%d0%b0%d1%82%d0%b0+%d0%b2+example.com"
    "&AuthCode=DEADBEEF&Token=1234567890&TestMode=1&Status=Completed"
)
SENDGRID = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpV"
    "KS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
PRODAMUS = (
    ("date", "2026-05-15T00:00:00+03:00"),
    ("order_id", "1"),
    ("order_num", "test"),
    ("domain", "demo.payform.ru"),
    ("sum", "1000.00"),
    ("customer_phone", "+79999999999"),
    ("customer_email", "email@domain.com"),
    ("customer_extra", "тест"),
    ("payment_type", "Пластиковая карта Visa, MasterCard, МИР"),
    ("commission", "3.5"),
    ("commission_sum", "35.00"),
    ("attempt", "1"),
    ("sys", "test"),
    ("products[0][name]", "Доступ к обучающим материалам"),
    ("products[0][price]", "1000.00"),
    ("products[0][quantity]", "1"),
    ("products[0][sum]", "1000.00"),
    ("payment_status", "success"),
    ("payment_status_description", "Успешная оплата"),
)
ADYEN_KEY = "74F490DD33F7327BAECC88B2947C011FC02D014A473AAA33A8EC93E4DC069174"
ADYEN_OLD_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"


def of(profile: str, secret: str, more: str = "") -> Source:
    return source_of(f"source: s\nprofile: {profile}\nsecret: ${{S}}\n{more}", S=secret)


def check_holds(source: Source, webhook: Request, now_s: int = 1_700_000_000) -> None:
    """Taken as it is, and refused with one byte of the body changed."""
    assert isinstance(source.receive(webhook, now_s * 1000), Accepted | Unreadable)
    forged = replace(webhook, body=webhook.body.replace(b"e", b"f", 1))
    assert forged != webhook
    refused = source.receive(forged, now_s * 1000)
    assert isinstance(refused, Refused), refused
    assert refused.status in (400, 401)


def form(pairs: tuple[tuple[str, str], ...]) -> Request:
    """A multipart body as curl writes it."""
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    )
    return request(f"{parts}--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"})


def test_github() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    source = of("github", "It's a Secret to Everybody")
    check_holds(source, request("Hello, World!", {"X-Hub-Signature-256": signature}))


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        (
            "hash: {algorithm: sha256, message: '{secret}{body}', signature: {header: X-HubSpot-Signature}}",
            {"X-HubSpot-Signature": "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"},
        ),
        (
            "hash: {algorithm: sha256, message: '{secret}{method}{url}{body}',"
            " signature: {header: X-HubSpot-Signature}}",
            {"X-HubSpot-Signature": "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383"},
        ),
    ],
    ids=["v1", "v2"],
)
def test_hubspot_old_versions(scheme: str, headers: dict[str, str]) -> None:
    text = f"public_url: https://www.example.com/webhook_uri\nverify:\n  {scheme}\n"
    source = of("hubspot", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", text)
    check_holds(source, request("{'example_field':'example_value'}", headers))


@pytest.mark.parametrize(
    ("stamp", "signature"),
    [
        (1_693_657_560_000, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
        (1_700_000_300_000, "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
        (15_000_000, "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw="),
    ],
)
def test_hubspot_v3(stamp: int, signature: str) -> None:
    source = of(
        "hubspot", "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy", "public_url: https://www.example.com/webhook_uri\n"
    )
    headers = {"X-HubSpot-Request-Timestamp": str(stamp), "X-HubSpot-Signature-v3": signature}
    check_holds(source, request("{'example_field':'example_value'}", headers), stamp // 1000)


def test_slack() -> None:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    check_holds(of("slack", "8f742231b10e8888abcd99yyyzzz85a5"), request(SLACK, headers), 1_531_420_618)


def test_standard_webhooks() -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    source = of("standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    check_holds(source, request('{"test": 2432232314}', headers), 1_614_265_330)


def test_svix_signs_the_same_under_its_own_names() -> None:
    headers = {
        "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "svix-timestamp": "1614265330",
        "svix-signature": (
            "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        ),
    }
    source = of("standard-webhooks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    check_holds(source, request('{"test": 2432232314}', headers), 1_614_265_330)


def test_twilio_form() -> None:
    source = of("twilio", "12345", "public_url: https://mycompany.com/myapp.php\n")
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    }
    body = "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
    webhook = request(body, headers, query="foo=1&bar=2")
    assert isinstance(source.receive(webhook, 0), Accepted)
    assert isinstance(
        source.receive(replace(webhook, body=body.replace("1234", "1235").encode()), 0), Refused
    )
    assert isinstance(source.receive(replace(webhook, query="foo=1&bar=3"), 0), Refused)
    signed_as_json = replace(webhook, headers=(("Content-Type", "application/json"), *webhook.headers[1:]))
    assert isinstance(source.receive(replace(signed_as_json, body=b"{}"), 0), Refused)


def test_twilio_json() -> None:
    source = of("twilio", "12345", "public_url: https://mycompany.com/myapp.php\n")
    query = "foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": "a9nBmqA0ju/hNViExpshrM61xv4="}
    check_holds(source, request('{"property": "value", "boolean": true}', headers, query=query))


def test_sendgrid() -> None:
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": (
            "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
        ),
        "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
    }
    source = of("sendgrid", SENDGRID_KEY)
    check_holds(source, request(SENDGRID, headers), 1_600_112_502)
    assert isinstance(source.receive(request(SENDGRID.strip(), headers), 1_600_112_502_000), Refused)


@pytest.mark.parametrize(
    ("key", "reference", "account", "merchant_reference", "amount", "signature"),
    [
        (
            ADYEN_OLD_KEY,
            "7914073381342284",
            "TestMerchant",
            "TestPayment-1407325143704",
            1130,
            "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=",
        ),
        (
            ADYEN_KEY,
            "T7FD4VM4D3RZNN82",
            "AntoniStroinski",
            "\\\\slashes are fun",
            1000,
            "nIgT81gaB5oJpn2jPXupDq68iRo2wUlBsuYjtYfwKqo=",
        ),
        (
            ADYEN_KEY,
            "M8NB66SBZSGLNK82",
            "AntoniStroinski",
            ":slashes are fun",
            1000,
            "2EQYm7YJpKO4EtHSPu55SQTyWf8dkW5u2nD1tJFpViA=",
        ),
        (
            ADYEN_KEY,
            "X3GWNS6KJ8NKGK82",
            "AntoniStroinski",
            "//slashes are fun",
            1000,
            "9Z0xdpG9Xi3zcmXv14t/BvMBut77O/Xq9D4CQXSDUi4=",
        ),
    ],
)
def test_adyen_items(  # one argument per signed field
    key: str, reference: str, account: str, merchant_reference: str, amount: int, signature: str
) -> None:
    item: dict[str, object] = {
        "pspReference": reference,
        "merchantAccountCode": account,
        "merchantReference": merchant_reference,
        "amount": {"value": amount, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
        "additionalData": {"hmacSignature": signature},
    }
    source = of("adyen", key)

    def batch(*items: dict[str, object]) -> Request:
        return request(json.dumps({"notificationItems": [{"NotificationRequestItem": one} for one in items]}))

    assert isinstance(source.receive(batch(item, item), 0), Accepted)
    bad: dict[str, object] = {**item, "amount": {"value": amount + 1, "currency": "EUR"}}
    for forged in (batch(bad), batch(item, bad), batch(bad, item), batch()):
        assert isinstance(source.receive(forged, 0), Refused)


def test_adyen_platform_webhooks_are_signed_as_a_whole() -> None:
    body = """
        {
            "type": "merchant.created",
            "environment": "test",
            "createdAt": "01-01-2024",
            "data": {
                "capabilities": {
                    "sendToTransferInstrument": {
                        "requested": true,
                        "requestedLevel": "notApplicable"
                    }
                },
                "companyId": "YOUR_COMPANY_ID",
                "merchantId": "YOUR_MERCHANT_ACCOUNT",
                "status": "PreActive"
            }
        }
        """
    headers = {"HmacSignature": "fX74xUdztFmaXAn3IusMFFUBUSkLmDQUK0tm8xL6ZTU="}
    check_holds(of("adyen", ADYEN_OLD_KEY), request(body, headers))


def test_tbank() -> None:
    body = {
        "TerminalKey": "1234567890DEMO",
        "OrderId": "000000",
        "Success": True,
        "Status": "AUTHORIZED",
        "PaymentId": "0000000",
        "ErrorCode": "0",
        "Amount": 1111,
        "CardId": "000000",
        "Pan": "200000******0000",
        "ExpDate": "1111",
        "RebillId": "000000",
        "Data": {"ignored": "nested"},
        "Optional": None,
        "Token": "1c0964277d0213349243065a0d5b838b8e90d2d25f740d0f2767836e710e80c8",
    }
    source = of("tbank", "11111111111")
    assert isinstance(source.receive(request(json.dumps(body)), 0), Accepted)
    for key, value in (
        ("Amount", 1112),
        ("Success", False),
        ("OrderId", "1"),
        ("Added", "1"),
        ("Token", "0" * 64),
    ):
        assert isinstance(source.receive(request(json.dumps({**body, key: value})), 0), Refused)


def test_prodamus() -> None:
    sign = {"Sign": "ec3d935e7abe95a4929bc3c7029ca9832fe5c20f8041e7c4eba602d9ecd90ca9"}
    source = of("prodamus", "2y2aw4oknnke80bp1a8fniwuuq7tdkwmmuq7vwi4nzbr8z1182ftbn6p8mhw3bhz")
    for pairs in (PRODAMUS, tuple(reversed(PRODAMUS))):
        webhook = form(pairs)
        check_holds(source, replace(webhook, headers=(*webhook.headers, *sign.items())))
    webhook = form((*PRODAMUS[:-1], ("payment_status_description", "Успешная  оплата")))
    assert isinstance(source.receive(replace(webhook, headers=(*webhook.headers, *sign.items())), 0), Refused)


@pytest.mark.parametrize("header", ["Content-HMAC", "X-Content-HMAC"])
def test_cloudpayments(header: str) -> None:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        header: "tJW02TMAce4Em8eJTNqjhOax+BYRM5K2D8mX9xsmUUc=",
    }
    check_holds(of("cloudpayments", "pass"), request(CLOUDPAYMENTS, headers, query="type=pay"))
