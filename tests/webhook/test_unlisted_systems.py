"""Made-up senders that sign in the ways of the world's systems, each connected in YAML alone."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest

from bridge.model import Request
from bridge.webhook.source import Accepted, Answered, Refused
from tests.webhook.support import NOW, compile_text, request, source_of

SECRET = "key of ours"
STAMP = str(NOW // 1000)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
URL = "https://bridge.example/hooks/s"


def mac(data: str, algorithm: str = "sha256", key: bytes = SECRET.encode()) -> bytes:
    return hmac.new(key, data.encode(), algorithm).digest()


def plain(data: str, algorithm: str) -> str:
    return hashlib.new(algorithm, data.encode()).hexdigest()


def text64(data: bytes) -> str:
    return b64encode(data).decode()


def form(**fields: str) -> str:
    return urlencode(fields)


@dataclass(frozen=True)
class System:
    """How it is connected, an honest request and one that differs in what is signed."""

    text: str
    honest: Request
    forged: Request
    id: str = ""
    reply: bytes = b"OK"


def manifest_of_header_and_query() -> System:
    sign = mac(f"id:ab1;request-id:r-1;ts:{STAMP};").hex()
    headers = {"x-signature": f"ts={STAMP},v1={sign}", "x-request-id": "r-1"}
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    message: "id:{query:data.id|lower};request-id:{header:x-request-id};ts:{timestamp};"
    signature: {header: x-signature, pick: v1}
    timestamp: {pick: ts}
event: {id: $.id}
""",
        request('{"id": 5}', headers, query="data.id=AB1"),
        request('{"id": 5}', headers, query="data.id=AB2"),
        "5",
    )


def nested_parameters_of_a_url() -> System:
    def query(total: str, sign: str) -> str:
        named = {"account": "A 1", "sum": total, "signature": sign}
        return urlencode({"method": "pay", **{f"params[{key}]": value for key, value in named.items()}})

    sign = plain(f"pay{{up}}A 1{{up}}10.00{{up}}{SECRET}", "sha256")
    return System(
        """
methods: GET
body: query
verify:
  hash:
    algorithm: sha256
    message:
      join:
        from: query
        sub: params
        keys: sorted
        drop: [signature, sign]
        separator: "{up}"
        head: "{query:method}{{up}}"
        tail: "{{up}}{secret}"
    signature: {query: "params[signature]"}
event: {id: $.params.account, type: $.method}
reply:
  type: application/json
  body: '{"result":{"message":"done"}}'
""",
        request(method="GET", query=query("10.00", sign)),
        request(method="GET", query=query("11.00", sign)),
        "A 1",
        b'{"result":{"message":"done"}}',
    )


def fixed_fields_with_the_secret_among_them() -> System:
    sign = plain(f"p2p&op-1&10.00&{SECRET}&&", "sha1")
    fields = {"type": "p2p", "operation_id": "op-1", "amount": "10.00", "label": "", "sha1_hash": sign}
    return System(
        """
body: form
verify:
  hash:
    algorithm: sha1
    message:
      join: {keys: [type, operation_id, amount, "{secret}", label, gone], missing: "", separator: "&"}
    signature: {form: sha1_hash}
event: {id: $.operation_id}
""",
        request(form(**fields), FORM),
        request(form(**{**fields, "amount": "10.01"}), FORM),
        "op-1",
    )


def base64_json_in_a_form() -> System:
    data = text64(b'{"order_id": "7", "status": "paid"}')
    sign = text64(hashlib.sha1(f"{SECRET}{data}{SECRET}".encode()).digest())
    return System(
        """
body: form
json_fields: [{field: data, encoding: base64}]
unwrap: data
verify:
  hash:
    algorithm: sha1
    message: "{secret}{form:data}{secret}"
    signature: {form: signature, encoding: base64}
event: {id: [$.order_id, $.status]}
""",
        request(form(data=data, signature=sign), FORM),
        request(form(data=text64(b'{"order_id": "8", "status": "paid"}'), signature=sign), FORM),
        "7:paid",
    )


def signature_inside_the_json_over_base64_of_the_rest() -> System:
    rest = '{"uuid":"u-1","url":"https:\\/\\/a","amount":"10.00","имя":"Я"}'
    sign = plain(text64(rest.encode()) + SECRET, "md5")
    body = json.loads(rest) | {"sign": sign}
    return System(
        """
verify:
  hash:
    algorithm: md5
    message:
      - {canonical_json: {sort: false, drop: [sign], escape_slashes: true, encode: base64}}
      - "{secret}"
    signature: {json: $.sign}
event: {id: $.uuid}
""",
        request(json.dumps(body)),
        request(json.dumps(body | {"amount": "10.01"})),
        "u-1",
    )


def old_hash_and_new_mac_side_by_side() -> System:
    body = '{"id": "9"}'
    return System(
        """
verify:
  any:
    - hmac:
        algorithm: sha256
        message: "{method}{url}{body}"
        signature: {header: X-Sign-V2, encoding: base64}
    - hash: {algorithm: md5, message: "{body}{secret}", signature: {header: X-Sign}}
public_url: https://bridge.example/hooks/s
event: {id: $.id}
""",
        request(body, {"X-Sign": plain(body + SECRET, "md5")}),
        request(body, {"X-Sign-V2": text64(mac(f"GET{URL}{body}"))}),
        "9",
    )


def signed_answer_to_a_payment() -> System:
    fields = {"id": "77", "sum": "10.00", "orderid": "5"}
    sign = plain("7710.005" + SECRET, "md5")
    return System(
        """
body: form
verify:
  hash:
    algorithm: md5
    message: {join: {keys: [id, sum, clientid, orderid, "{secret}"]}}
    signature: {form: key}
event: {id: $.id}
reply:
  body: "OK {digest}"
  digest: {algorithm: md5, message: "{form:id}{secret}"}
""",
        request(form(**fields, key=sign), FORM),
        request(form(**{**fields, "sum": "9.00"}, key=sign), FORM),
        "77",
        f"OK {plain('77' + SECRET, 'md5')}".encode(),
    )


def two_hashes_one_in_the_other() -> System:
    values = f"amount={text64(b'10.00')}&order={text64(b'7')}"
    sign = plain(SECRET + plain(SECRET + values, "sha1"), "sha1")
    return System(
        """
body: form
verify:
  hash:
    algorithm: sha1
    message:
      - "{secret}"
      - encode: sha1
        join:
          keys: sorted
          drop: [signature]
          empty: skip
          pair: "{key}={value}"
          separator: "&"
          encode: base64
          head: "{secret}"
    signature: {form: signature}
event: {id: $.order}
""",
        request(form(order="7", amount="10.00", note="", signature=sign), FORM),
        request(form(order="8", amount="10.00", note="", signature=sign), FORM),
        "7",
    )


def base64_of_hexadecimal_over_chosen_fields() -> System:
    sign = text64(mac("7916+7495", "sha1").hex().encode())
    fields = {"event": "NOTIFY_START", "caller_id": "7916", "called_did": "+7495", "call_id": "c-1"}
    return System(
        """
body: form
methods: [GET, POST]
handshake: {echo_query: {parameter: zd_echo}}
verify:
  hmac:
    algorithm: sha1
    message: "{form:caller_id}{form:called_did}"
    signature: {header: Signature, encoding: base64_hex}
event: {id: [$.event, $.call_id], type: $.event}
""",
        request(form(**fields), {**FORM, "Signature": sign}),
        request(form(**{**fields, "caller_id": "7917"}), {**FORM, "Signature": sign}),
        "NOTIFY_START:c-1",
    )


def json_in_a_field_signed_as_text() -> System:
    data = '{"entry_id":"e-1","call":{"to":"100"}}'
    sign = plain(f"{SECRET}{data}salt", "sha256")
    return System(
        """
body: form
json_fields: [json]
unwrap: json
verify:
  hash: {algorithm: sha256, message: "{secret}{form:json}{secret:salt}", signature: {form: sign}}
secrets: {salt: "${SALT}"}
event: {id: $.entry_id}
""",
        request(form(json=data, sign=sign), FORM),
        request(form(json=data.replace("100", "101"), sign=sign), FORM),
        "e-1",
    )


def secret_in_the_place_of_the_signature() -> System:
    body = '{"auth":"%s","events_by_user":[{"id":1},{"id":2}]}'
    sign = plain(body % SECRET, "md5")
    return System(
        """
verify:
  hash: {algorithm: md5, message: {substitute: "{secret}"}, signature: {json: $.auth}}
split: $.events_by_user[*]
event: {id: $.id}
""",
        request(body % sign),
        request((body % sign).replace('"id":2', '"id":3')),
        "1",
    )


def semicolon_list_with_a_timestamp() -> System:
    body = '{"event_id": "evt_1"}'
    header = f"ts={STAMP};h1={mac(f'{STAMP}:{body}').hex()}"
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    message: "{timestamp}:{body}"
    signature: {header: Paddle-Signature, separator: ";", pick: h1}
    timestamp: {pick: ts, tolerance: 10s}
event: {id: $.event_id}
""",
        request(body, {"Paddle-Signature": header}),
        request(body, {"Paddle-Signature": header.replace(STAMP, str(int(STAMP) + 1))}),
        "evt_1",
    )


def parts_of_the_json_with_their_own_signature() -> System:
    sign = mac(f"{STAMP}token-1").hex()
    signed = {"timestamp": STAMP, "token": "token-1", "signature": sign}
    body = {"signature": signed, "event-data": {"id": "m-1"}}
    forged = json.loads(json.dumps(body))
    forged["signature"]["token"] = "token-2"
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    message: "{$.signature.timestamp}{$.signature.token}"
    signature: {json: $.signature.signature}
    timestamp: {json: $.signature.timestamp}
event: {id: "$['event-data'].id"}
""",
        request(json.dumps(body)),
        request(json.dumps(forged)),
        "m-1",
    )


def several_headers_of_which_one_must_hold() -> System:
    body = '{"eventId": "d-1"}'
    old = {"X-DocuSign-Signature-1": text64(mac(body, key=b"old"))}
    return System(
        """
verify:
  hmac:
    algorithm: sha256
    signature: {header: [X-DocuSign-Signature-1, X-DocuSign-Signature-2], encoding: base64}
event: {id: $.eventId}
""",
        request(body, {**old, "X-DocuSign-Signature-2": text64(mac(body))}),
        request(body, old),
        "d-1",
    )


def token_inside_of_xml() -> System:
    body = "<soap:Envelope xmlns:soap='http://s'><soap:Body><notify><auth key='%s'/><order>%s</order></notify></soap:Body></soap:Envelope>"  # noqa: E501
    return System(
        """
body: xml
verify: {token: {xml: "$.Envelope.Body.notify.auth['@key']"}}
event: {id: $.Envelope.Body.notify.order}
reply: {type: text/xml, body: "<ok>{$.Envelope.Body.notify.order}</ok>"}
""",
        request(body % (SECRET, "7"), {"Content-Type": "text/xml"}),
        request(body % ("guess", "7"), {"Content-Type": "text/xml"}),
        "7",
        b"<ok>7</ok>",
    )


def same_secret_in_every_item() -> System:
    items = [{"clientState": SECRET, "resource": "r-1"}, {"clientState": SECRET, "resource": "r-2"}]
    forged = [items[0], {**items[1], "clientState": "guess"}]
    return System(
        """
handshake: {echo_query: {parameter: validationToken, method: POST}}
verify: {token: {json: "$.value[*].clientState"}}
split: $.value[*]
event: {id: $.resource}
""",
        request(json.dumps({"value": items})),
        request(json.dumps({"value": forged})),
        "r-1",
    )


def confirmation_by_event_type() -> System:
    return System(
        """
handshake:
  fixed: {when: {$.type: confirmation}, body: a1b2c3}
verify: {token: {json: $.secret}}
event: {id: $.event_id, type: $.type}
reply: {body: ok}
""",
        request(json.dumps({"type": "message_new", "event_id": "v-1", "secret": SECRET})),
        request(json.dumps({"type": "message_new", "event_id": "v-1", "secret": "guess"})),
        "v-1",
        b"ok",
    )


def batch_with_a_signature_per_item() -> System:
    def item(number: str, total: str, signed: str) -> dict[str, str]:
        return {"no": number, "total": total, "mac": mac(f"{number}|{signed}", "sha384").hex()}

    return System(
        """
verify:
  hmac:
    algorithm: sha384
    each: $.orders[*]
    message: {join: {from: item, keys: [no, total], separator: "|"}}
    signature: {item: mac}
split: $.orders[*]
event: {id: $.no}
""",
        request(json.dumps({"orders": [item("1", "10", "10"), item("2", "20", "20")]})),
        request(json.dumps({"orders": [item("1", "10", "10"), item("2", "21", "20")]})),
        "1",
    )


def checksum_in_capitals_over_sorted_pairs_of_a_url() -> System:
    fields = {"mdOrder": "m-1", "orderNumber": "7", "status": "1"}
    sign = mac("".join(f"{name};{value};" for name, value in sorted(fields.items()))).hex().upper()
    return System(
        """
methods: GET
body: query
verify:
  hmac:
    algorithm: sha256
    message: {join: {from: query, keys: sorted, drop: [checksum, sign_alias], pair: "{key};{value};"}}
    signature: {query: checksum}
event: {id: [$.mdOrder, $.status]}
""",
        request(method="GET", query=urlencode({**fields, "checksum": sign, "sign_alias": "x"})),
        request(method="GET", query=urlencode({**fields, "status": "2", "checksum": sign})),
        "m-1:1",
    )


def hexadecimal_key_and_prefix_in_capitals() -> System:
    body = '{"notificationId": "n-1"}'
    sign = "sha512=" + mac(body, "sha512", SECRET.encode()).hex().upper()
    return System(
        """
verify:
  hmac: {algorithm: sha512, signature: {header: X-ANET-Signature, prefix: "sha512="}}
event: {id: $.notificationId}
""",
        request(body, {"X-ANET-Signature": sign}),
        request(body + " ", {"X-ANET-Signature": sign}),
        "n-1",
    )


SYSTEMS: tuple[Callable[[], System], ...] = (
    manifest_of_header_and_query,
    nested_parameters_of_a_url,
    fixed_fields_with_the_secret_among_them,
    base64_json_in_a_form,
    signature_inside_the_json_over_base64_of_the_rest,
    old_hash_and_new_mac_side_by_side,
    signed_answer_to_a_payment,
    two_hashes_one_in_the_other,
    base64_of_hexadecimal_over_chosen_fields,
    json_in_a_field_signed_as_text,
    secret_in_the_place_of_the_signature,
    semicolon_list_with_a_timestamp,
    parts_of_the_json_with_their_own_signature,
    several_headers_of_which_one_must_hold,
    token_inside_of_xml,
    same_secret_in_every_item,
    confirmation_by_event_type,
    batch_with_a_signature_per_item,
    checksum_in_capitals_over_sorted_pairs_of_a_url,
    hexadecimal_key_and_prefix_in_capitals,
)


def check_connected(system: System) -> None:
    """An honest request is taken and answered; a changed one, and one of another secret, are not."""
    text = f"source: s\nsecret: ${{S}}\n{system.text}"
    assert compile_text(text, {"S": SECRET, "SALT": "salt"})[1] == []
    source = source_of(text, S=SECRET, SALT="salt")
    reception = source.receive(system.honest, NOW)
    assert isinstance(reception, Accepted), reception
    assert reception.events[0].id == system.id
    assert reception.reply.body == system.reply
    assert isinstance(source.receive(system.forged, NOW), Refused)
    other = source_of(text, S="another", SALT="salt")
    assert isinstance(other.receive(system.honest, NOW), Refused)
    assert isinstance(source.receive(replace(system.honest, method="DELETE"), NOW), Refused)


@pytest.mark.parametrize("make", SYSTEMS, ids=lambda make: make.__name__)
def test_an_unlisted_system_is_connected_in_yaml_alone(make: Callable[[], System]) -> None:
    check_connected(make())


def test_their_handshakes_are_answered() -> None:
    echo = source_of(
        f"source: s\nsecret: ${{S}}\n{base64_of_hexadecimal_over_chosen_fields().text}", S=SECRET
    )
    assert isinstance(echo.receive(request(method="GET", query="zd_echo=1"), NOW), Answered)
    fixed = source_of(f"source: s\nsecret: ${{S}}\n{confirmation_by_event_type().text}", S=SECRET)
    reception = fixed.receive(request(json.dumps({"type": "confirmation", "secret": SECRET})), NOW)
    assert isinstance(reception, Answered)
    assert reception.reply.body == b"a1b2c3"
