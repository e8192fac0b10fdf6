"""More made-up senders in the ways of the world's payment systems, shops and services, in YAML alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from bridge.model import Request
from bridge.webhook.source import Accepted, Answered, Refused
from tests.webhook.support import NOW, accepted, request, source_of
from tests.webhook.test_jwt import token
from tests.webhook.test_unlisted_systems import (
    FORM,
    SECRET,
    STAMP,
    URL,
    System,
    check_connected,
    form,
    mac,
    plain,
    text64,
)

HOUR_AHEAD = NOW // 1000 + 3600


def token_as_the_whole_body() -> System:
    def body(number: int) -> str:
        return token({"header": {"type": "PaymentState"}, "data": {"invId": number, "state": "OK"}})

    forged = body(7).split(".")[:2] + body(8).split(".")[2:]
    return System(
        """
body: jwt
verify: {jwt: {body: true, algorithm: HS256}}
event: {id: [$.data.invId, $.data.state], type: $.header.type}
reply: {body: "OK{$.data.invId}"}
""",
        request(body(7), {"Content-Type": "text/plain"}),
        request(".".join(forged), {"Content-Type": "text/plain"}),
        "7:OK",
        b"OK7",
    )


def token_in_a_header_with_the_digests_of_body_and_url() -> System:
    body = '{"message_uuid": "m-1"}'
    claims = {
        "exp": HOUR_AHEAD,
        "payload_hash": hashlib.sha256(body.encode()).hexdigest(),
        "url_hash": hashlib.sha256(URL.encode()).hexdigest(),
    }
    headers = {"Authorization": f"Bearer {token(claims)}"}
    return System(
        """
public_url: https://bridge.example/hooks/s
verify:
  jwt:
    header: Authorization
    prefix: "Bearer "
    algorithm: HS256
    claims: {payload_hash: "{digest:sha256}", url_hash: "{url|sha256}"}
event: {id: $.message_uuid}
""",
        request(body, headers),
        request(body.replace("m-1", "m-2"), headers),
        "m-1",
    )


def token_in_a_field_that_names_the_order() -> System:
    fields = {"order_id": "7", "invoice_id": "i-1", "token": token({"id": "i-1", "exp": HOUR_AHEAD})}
    return System(
        """
body: form
verify: {jwt: {form: token, algorithm: HS256, claims: {id: "{form:invoice_id}"}}}
event: {id: $.invoice_id}
""",
        request(form(**fields), FORM),
        request(form(**{**fields, "invoice_id": "i-2"}), FORM),
        "i-1",
    )


def lengths_before_values_and_the_same_in_the_answer() -> System:
    fields = {"IPN_PID[]": "1", "IPN_PNAME[]": "Курс", "IPN_DATE": "20261127", "REFNO": "9", "TAX": ""}
    sign = mac("".join(f"{len(value.encode())}{value}" for value in fields.values()), "md5").hex()
    answer = mac("118Курс820261127820261127", "md5").hex()
    return System(
        """
body: form
verify:
  hmac:
    algorithm: md5
    message: {join: {keys: as_sent, drop: [HASH], pair: "{length}{value}"}}
    signature: {form: HASH}
event: {id: $.REFNO}
reply:
  body: "<EPAYMENT>{$.IPN_DATE}|{digest}</EPAYMENT>"
  digest:
    algorithm: md5
    keyed: true
    message:
      join:
        keys: ["IPN_PID[]", "IPN_PNAME[]", IPN_DATE, "{form:IPN_DATE}"]
        pair: "{length}{value}"
""",
        request(form(**fields, HASH=sign), FORM),
        request(form(**{**fields, "REFNO": "8"}, HASH=sign), FORM),
        "9",
        f"<EPAYMENT>20261127|{answer}</EPAYMENT>".encode(),
    )


def json_sorted_at_the_top_only() -> System:
    body = '{"status": "success", "custom_fields": {"user": "7", "bot": "1"}, "amount": "10.00"}'
    written = '{"amount":"10.00","custom_fields":{"user":"7","bot":"1"},"status":"success"}'
    headers = {"x-api-sha256-signature": mac(written).hex()}
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    message: {canonical_json: {sort_inner: false, escape_slashes: true, escape_unicode: true}}
    signature: {header: x-api-sha256-signature}
event: {id: [$.custom_fields.user, $.status]}
""",
        request(body, headers),
        request(body.replace("10.00", "1.00"), headers),
        "7:success",
    )


def fields_of_json_in_a_row_and_a_signed_json_answer() -> System:
    body = {"merchantAccount": "shop", "orderReference": "o-1", "amount": 1547.36, "processingDate": 1412}
    sign = mac("shop;o-1;1547.36;", "md5").hex()
    answer = mac("o-1;accept;1412", "md5").hex()
    return System(
        """
verify:
  hmac:
    algorithm: md5
    message:
      join:
        {from: json, keys: [merchantAccount, orderReference, amount, authCode], missing: "", separator: ";"}
    signature: {json: $.merchantSignature}
event: {id: $.orderReference}
reply:
  type: application/json
  body: '{"orderReference":"{$.orderReference}","time":{$.processingDate},"signature":"{digest}"}'
  digest: {algorithm: md5, keyed: true, message: "{$.orderReference};accept;{$.processingDate}"}
""",
        request(json.dumps({**body, "merchantSignature": sign}), FORM),
        request(json.dumps({**body, "amount": 1.0, "merchantSignature": sign}), FORM),
        "o-1",
        f'{{"orderReference":"o-1","time":1412,"signature":"{answer}"}}'.encode(),
    )


def base64_of_a_digest_of_the_fields_with_one_prefix() -> System:
    fields = {"ik_pm_no": "7", "ik_am": "10.00", "lang": "ru"}
    sign = text64(hashlib.sha256(f"10.00:7:{SECRET}".encode()).digest())
    return System(
        """
body: form
verify:
  hash:
    algorithm: sha256
    message:
      join: {keys: sorted, only_prefix: [ik_], drop: [ik_sign], separator: ":", tail: ":{secret}"}
    signature: {form: ik_sign, encoding: base64}
event: {id: $.ik_pm_no}
""",
        request(form(**fields, ik_sign=sign), FORM),
        request(form(**{**fields, "ik_am": "1.00"}, ik_sign=sign), FORM),
        "7",
    )


def name_of_the_script_first_and_a_signed_xml_answer() -> System:
    fields = {"pg_order_id": "7", "pg_amount": "10", "pg_salt": "abc"}
    sign = plain(f"s;10;7;abc;{SECRET}", "md5")
    answer = plain(f"s;abc;ok;{SECRET}", "md5")
    return System(
        """
body: form
verify:
  hash:
    algorithm: md5
    message: {join: {keys: sorted, drop: [pg_sig], separator: ";", head: "s;", tail: ";{secret}"}}
    signature: {form: pg_sig}
event: {id: $.pg_order_id}
reply:
  type: text/xml
  body: "<r><pg_salt>{$.pg_salt}</pg_salt><pg_status>ok</pg_status><pg_sig>{digest}</pg_sig></r>"
  digest: {algorithm: md5, message: "s;{$.pg_salt};ok;{secret}"}
""",
        request(form(**fields, pg_sig=sign), FORM),
        request(form(**{**fields, "pg_amount": "1"}, pg_sig=sign), FORM),
        "7",
        f"<r><pg_salt>abc</pg_salt><pg_status>ok</pg_status><pg_sig>{answer}</pg_sig></r>".encode(),
    )


def url_and_sorted_fields_with_a_batch_in_one_of_them() -> System:
    def body(number: str) -> str:
        return json.dumps([{"_id": number, "event": "open"}, {"_id": "b", "event": "click"}])

    headers = {**FORM, "X-Mandrill-Signature": text64(mac(f"{URL}mandrill_events{body('a')}", "sha1"))}
    return System(
        """
body: form
json_fields: [mandrill_events]
public_url: https://bridge.example/hooks/s
handshake: {fixed: {method: HEAD, verified: false}}
verify:
  hmac:
    algorithm: sha1
    message: {join: {keys: sorted, pair: "{key}{value}", head: "{url}"}}
    signature: {header: X-Mandrill-Signature, encoding: base64}
split: $.mandrill_events[*]
event: {id: [$._id, $.event], type: $.event}
""",
        request(form(mandrill_events=body("a")), headers),
        request(form(mandrill_events=body("c")), headers),
        "a:open",
    )


def time_in_iso_8601_before_the_body() -> System:
    body, stamp = '{"id": "e-1"}', "2023-11-14T22:13:20.123456789Z"
    headers = {"X-Time": stamp, "X-Sign": text64(mac(stamp + body))}
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    message: "{timestamp}{body}"
    signature: {header: X-Sign, encoding: base64}
    timestamp: {header: X-Time, unit: iso}
event: {id: $.id}
""",
        request(body, headers),
        request(body, {**headers, "X-Time": "2023-11-14T22:13:21Z"}),
        "e-1",
    )


def digest_of_body_and_secret_in_the_authorization() -> System:
    body = '{"notification_type": "payment", "transaction": {"id": 7}}'
    headers = {"Authorization": f"Signature {plain(body + SECRET, 'sha1')}"}
    return System(
        """
verify:
  hash:
    algorithm: sha1
    message: "{body}{secret}"
    signature: {header: Authorization, prefix: "Signature "}
event: {id: [$.notification_type, $.transaction.id]}
reply: {status: 204, body: ""}
""",
        request(body, headers),
        request(body.replace("7", "8"), headers),
        "payment:7",
        b"",
    )


def base64_json_inside_of_json() -> System:
    data = text64(b'{"emailAddress": "a@b.example", "historyId": "h-1"}')
    body = json.dumps({"message": {"data": data, "messageId": "1"}, "token": SECRET})
    return System(
        """
json_fields: [{field: $.message.data, encoding: base64}]
verify: {token: {json: $.token}}
event: {id: $.message.messageId, type: $.message.data.historyId}
""",
        request(body),
        request(body.replace(SECRET, "guess")),
        "1",
    )


def labelled_list_that_names_its_algorithm() -> System:
    body = '{"order": {"orderId": "o-1", "status": "COMPLETED"}}'
    header = f"sender=checkout;signature={plain(body + SECRET, 'md5')};algorithm=MD5;content=DOCUMENT"
    return System(
        """
verify:
  hash:
    algorithm: md5
    message: "{body}{secret}"
    signature: {header: OpenPayu-Signature, separator: ";", pick: signature}
event: {id: [$.order.orderId, $.order.status]}
""",
        request(body, {"OpenPayu-Signature": header}),
        request(body.replace("COMPLETED", "CANCELED"), {"OpenPayu-Signature": header}),
        "o-1:COMPLETED",
    )


def digest_of_a_json_written_in_an_order_of_its_own() -> System:
    written = f'{{"sessionId":"s-1","orderId":7,"amount":100,"crc":"{SECRET}"}}'
    body = {"orderId": 7, "sessionId": "s-1", "amount": 100, "sign": plain(written, "sha384")}
    return System(
        """
verify:
  hash:
    algorithm: sha384
    message: '{{"sessionId":"{$.sessionId}","orderId":{$.orderId},"amount":{$.amount},"crc":"{secret}"}}'
    signature: {json: $.sign}
event: {id: $.sessionId}
""",
        request(json.dumps(body)),
        request(json.dumps({**body, "amount": 1})),
        "s-1",
    )


def body_and_time_under_either_of_two_keys() -> System:
    body = '{"id": "b-1"}'
    headers = {"BOX-TIME": STAMP, "BOX-PRIMARY": text64(mac("x")), "BOX-SECONDARY": text64(mac(body + STAMP))}
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    message: "{body}{timestamp}"
    signature: {header: [BOX-PRIMARY, BOX-SECONDARY], encoding: base64}
    timestamp: {header: BOX-TIME, tolerance: 10m}
event: {id: $.id}
""",
        request(body, headers),
        request(body.replace("b-1", "b-2"), headers),
        "b-1",
    )


def serialized_fields_of_a_form() -> System:
    fields = {"txn_id": "t-1", "amount": "0.1"}
    sign = mac('a:2:{s:6:"amount";s:3:"0.1";s:6:"txn_id";s:3:"t-1";}', "sha1").hex()
    return System(
        """
body: form
verify:
  hmac:
    algorithm: sha1
    message: {php_serialize: {from: form, drop: [verify_hash]}}
    signature: {form: verify_hash}
event: {id: $.txn_id}
""",
        request(form(**fields, verify_hash=sign), FORM),
        request(form(**{**fields, "amount": "0.2"}, verify_hash=sign), FORM),
        "t-1",
    )


def parts_of_the_json_before_all_else() -> System:
    headers = {"X-Ecwid-Webhook-Signature": text64(mac("1234567.e-1"))}
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    message: "{$.eventCreated}.{$.eventId}"
    signature: {header: X-Ecwid-Webhook-Signature, encoding: base64}
event: {id: $.eventId, type: $.eventType}
""",
        request('{"eventId": "e-1", "eventCreated": 1234567, "eventType": "order.updated"}', headers),
        request('{"eventId": "e-2", "eventCreated": 1234567, "eventType": "order.updated"}', headers),
        "e-1",
    )


def lines_of_method_url_header_and_body() -> System:
    body = '{"TransactionId": "p-1"}'
    headers = {"X-SITE-ID": "42", "X-WEBHOOK-SIGNATURE": mac(f"POST\n{URL}\n42\n{body}").hex()}
    return System(
        """
public_url: https://bridge.example/hooks/s
verify:
  hmac:
    algorithm: sha256
    message: "{method}\\n{url}\\n{header:X-SITE-ID}\\n{body}"
    signature: {header: X-WEBHOOK-SIGNATURE}
event: {id: $.TransactionId}
""",
        request(body, headers, method="POST"),
        request(body, {**headers, "X-SITE-ID": "43"}, method="POST"),
        "p-1",
    )


SYSTEMS: tuple[Callable[[], System], ...] = (
    token_as_the_whole_body,
    token_in_a_header_with_the_digests_of_body_and_url,
    token_in_a_field_that_names_the_order,
    lengths_before_values_and_the_same_in_the_answer,
    json_sorted_at_the_top_only,
    fields_of_json_in_a_row_and_a_signed_json_answer,
    base64_of_a_digest_of_the_fields_with_one_prefix,
    name_of_the_script_first_and_a_signed_xml_answer,
    url_and_sorted_fields_with_a_batch_in_one_of_them,
    time_in_iso_8601_before_the_body,
    digest_of_body_and_secret_in_the_authorization,
    base64_json_inside_of_json,
    labelled_list_that_names_its_algorithm,
    digest_of_a_json_written_in_an_order_of_its_own,
    body_and_time_under_either_of_two_keys,
    serialized_fields_of_a_form,
    parts_of_the_json_before_all_else,
    lines_of_method_url_header_and_body,
)


@pytest.mark.parametrize("make", SYSTEMS, ids=lambda make: make.__name__)
def test_an_unlisted_system_is_connected_in_yaml_alone(make: Callable[[], System]) -> None:
    check_connected(make())


def test_probes_without_a_body_are_answered_before_anything_is_signed() -> None:
    batch = url_and_sorted_fields_with_a_batch_in_one_of_them()
    source = source_of(f"source: s\nsecret: ${{S}}\n{batch.text}", S=SECRET)
    assert isinstance(source.receive(request(method="HEAD"), NOW), Answered)
    assert len(accepted(source.receive(batch.honest, NOW)).events) == 2


def test_a_sender_that_signs_nothing_probes_by_get_and_has_its_token_in_the_url() -> None:
    source = source_of(
        """
source: s
secret: ${S}
body: form
methods: [POST, GET]
verify: {token: {path: true}}
handshake: {fixed: {method: GET}}
event: {id: [$.type, $.fired_at, "$.data.merges.EMAIL"], type: $.type}
""",
        S=SECRET,
    )
    body = "type=subscribe&fired_at=2026-11-27+10:00:00&data[merges][EMAIL]=a@b.example"
    webhook = request(body, FORM, path_token=SECRET)
    event = accepted(source.receive(webhook, NOW)).events[0]
    assert event.id == "subscribe:2026-11-27 10:00:00:a@b.example"
    assert isinstance(source.receive(replace(webhook, method="GET", body=b"", headers=()), NOW), Answered)
    assert isinstance(source.receive(replace(webhook, path_token="guess"), NOW), Refused)


def test_a_sender_may_put_everything_into_headers_and_send_no_body() -> None:
    source = source_of(
        """
source: s
secret: ${S}
body: [json, query]
verify: {token: {header: X-Goog-Channel-Token}}
event:
  id: ["$headers['x-goog-channel-id']", "$headers['x-goog-message-number']"]
  type: "$headers['x-goog-resource-state']"
""",
        S=SECRET,
    )
    headers = {"X-Goog-Channel-ID": "c", "X-Goog-Message-Number": "3", "X-Goog-Resource-State": "exists"}
    webhook: Request = request("", {**headers, "X-Goog-Channel-Token": SECRET})
    reception = source.receive(webhook, NOW)
    assert isinstance(reception, Accepted)
    assert [(event.id, event.type) for event in reception.events] == [("c:3", "exists")]
