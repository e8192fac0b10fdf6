"""One mistake in a source, one finding where it was made."""

from __future__ import annotations

import pytest

from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from tests.webhook.support import compile_text

HMAC = "secret: ${S}\nverify: {hmac: {algorithm: sha256, signature: {header: X}"
PLACES = "header, query, form, json, xml"


def hmac(more: str) -> str:
    return f"{HMAC}, {more}}}}}\n"


CASES = [
    (
        "methods: POST\n",
        '1:1: M401 the source says nothing about how its sender is verified; give "verify" a scheme, '
        'or write "verify: none" to take webhooks from anyone',
    ),
    ("verify: nothing\n", '2:9: M103 expected verify: a mapping of keys, found the text "nothing"'),
    (
        "verify: {}\n",
        "2:9: M402 verify names no scheme; give one of hmac, hash, token, jwt, ip, signature, any, all",
    ),
    ("verify: {hmca: {}}\n", '2:10: M104 unknown key "hmca"; did you mean "hmac"?'),
    ("verify: {any: []}\n", "2:15: M402 any is empty, so every webhook would be rejected"),
    (
        "verify: {any: [{token: {path: true}}, {token: {query: t, use: url}}]}\n",
        '2:15: M402 any has no secret; write "secret: ${NAME}" or "secrets: {url: ${NAME}}" at the source',
    ),
    (
        "verify: {token: {header: X}}\n",
        '2:17: M402 token has no secret; write "secret: ${NAME}" at the source',
    ),
    (
        "verify: {token: {header: X, use: url}}\n",
        '2:17: M402 token has no secret; write "secrets: {url: ${NAME}}" at the source',
    ),
    (
        "secret: hunter2\nverify: {token: {header: X}}\n",
        "2:9: M107 a secret is written literally; write ${NAME} and set NAME in the environment",
    ),
    (
        "secret: ${MISSING}\nverify: {token: {header: X}}\n",
        "2:9: W501 environment variable MISSING is not set",
    ),
    (
        "secret: ${S}\nsecrets: ['${S}']\nverify: {token: {path: true}}\n",
        '3:10: M403 both "secret" and a list of "secrets"; keep one',
    ),
    (
        "secret: ${S}\nsecrets: {tokn: '${S}'}\nverify: {token: {path: true, use: token}}\n",
        '3:11: M404 no scheme uses the secret "tokn"; did you mean "token"?',
    ),
    ("secret: ${S}\nverify: {token: {}}\n", f"3:17: M402 token has none of {PLACES}, path, basic; give one"),
    (
        "secret: ${S}\nverify: {token: {path: true, basic: {}}}\n",
        '3:37: M403 token has both "path" and "basic"; keep one',
    ),
    ("secret: ${S}\nverify: {token: {path: false}}\n", '3:24: M402 token "path" can only be true'),
    (
        "secret: ${S}\nverify: {token: {form: t}}\n",
        "3:24: M414 token is asked for in a form field, but the source's body is json; "
        "write body: form, or json:",
    ),
    ("verify: {ip: {}}\n", '2:14: M105 ip has no "networks"'),
    ("verify: {ip: {networks: []}}\n", "2:25: M402 ip has no networks, so every webhook would be rejected"),
    (
        "verify: {ip: {networks: [192.0.2.0/24, 10.0.0.1/8]}}\n",
        "2:40: M409 not a network: 10.0.0.1/8 has host bits set",
    ),
    ("secret: ${S}\nverify: {hmac: {signature: {header: X}}}\n", '3:16: M105 hmac has no "algorithm"'),
    (
        "secret: ${S}\nverify: {hmac: {algorithm: sha265, signature: {header: X}}}\n",
        '3:28: M106 "sha265" is not one of sha256, sha1, sha384, sha512, md5, ripemd160; '
        'did you mean "sha256"?',
    ),
    ("secret: ${S}\nverify: {hmac: {algorithm: sha256}}\n", '3:16: M105 hmac has no "signature"'),
    (
        "secret: ${S}\nverify: {hmac: {algorithm: sha256, signature: {encoding: hex}}}\n",
        f"3:47: M402 signature has none of {PLACES}, item; give one",
    ),
    (
        "secret: ${S}\nverify: {hmac: {algorithm: sha256, signature: {header: X, query: y}}}\n",
        '3:66: M403 signature has both "header" and "query"; keep one',
    ),
    (
        "secret: ${S}\nverify: {hmac: {algorithm: sha256, signature: {item: x}}}\n",
        '3:54: M402 signature "item" needs "each": the path of the items',
    ),
    (hmac("each: '$.a['"), '3:70: M201 this is not closed by "]"'),
    (hmac("key: {encoding: hex}"), "2:9: M407 the secret is not hex, as the key's encoding says"),
    (hmac("message: '{bdoy}'"), '3:70: M405 unknown placeholder "{bdoy}"; did you mean "body"?'),
    (
        hmac("message: '{nonsense}'"),
        '3:70: M405 unknown placeholder "{nonsense}"; there are body, decoded_body, timestamp, method, url, '
        "decoded_url, query, secret, path, host, crc32, header:NAME, query:NAME, form:NAME, digest:NAME, "
        "secret:NAME and paths",
    ),
    (
        hmac("message: '{body|uper}'"),
        '3:70: M405 unknown change "uper" in "{body|uper}"; did you mean "upper"?',
    ),
    (
        hmac("message: '{secret:other}'"),
        '3:70: M405 unknown placeholder "{secret:other}"; did you mean "secret"?',
    ),
    (
        hmac("message: '{url}{body}'"),
        "3:16: W501 environment variable BRIDGE_PUBLIC_URL is not set, and the sender signs "
        'the URL: set it, or write "public_url" as it was entered there',
    ),
    (
        hmac("message: {}"),
        "3:69: M402 message has none of template, join, canonical_json, php_serialize, substitute; give one",
    ),
    (hmac("message: {join: {from: json}}"), '3:76: M402 join has no "keys": names in order, or sorted'),
    (
        hmac("message: {join: {keys: sorted}}"),
        "3:76: M414 the signed fields are those of a form, but the source's body is json; "
        "write body: form, or json:",
    ),
    (hmac("timestamp: {unit: s}"), f"3:71: M402 timestamp has none of {PLACES}, pick; give one"),
    (
        hmac("timestamp: {pick: t}"),
        '3:78: M402 timestamp "pick" needs a signature with "pick", in a list of both',
    ),
    (
        hmac("timestamp: {header: T, tolerance: 5}, message: '{timestamp}'"),
        '3:94: M103 expected a duration such as "90s", "10m", "24h" or "30d", found the number 5; '
        "the unit is missing, write one of 5s, 5m, 5h, 5d",
    ),
    (hmac("body_digest: {algorithm: md5}"), f"3:73: M402 body_digest has none of {PLACES}; give one"),
    (
        "secret: ${S}\nverify: {hash: {algorithm: sha256, message: '{body}', signature: {header: X}}}\n",
        "3:45: M406 the message of a hash holds no {secret}, so anyone could sign it",
    ),
    (
        "secret: ${S}\nverify: {signature: {algorithm: ed25519, signature: {header: X}}}\n",
        "2:9: M407 the public key cannot be used: it is neither PEM nor hex nor base64 nor JWK",
    ),
    (
        "verify: {signature: {algorithm: rsa-sha256, signature: {header: X}, certificate: {header: C}}}\n",
        '2:82: M105 certificate has no "hosts"',
    ),
    ("profile: stripe\n", '2:1: M402 hmac has no secret; write "secret: ${NAME}" at the source'),
    ("profile: adyen\nsecret: ${S}\n", "3:9: M407 the secret is not hex, as the key's encoding says"),
]
OPEN = [
    ("reply: {status: 302}\n", "3:17: M411 reply status 302 is not of 200 to 299"),
    (
        'reply: {type: "text/html\\r\\nX: y"}\n',
        '3:15: M411 "text/html\r\nX: y" is not a content type such as text/plain or application/json',
    ),
    ("reply: {body: 'OK{$.a'}\n", '3:18: M208 a placeholder "{$" is not closed by "}"'),
    (
        "split: {path: '$.a[?@.b]', keep: envelope}\n",
        '3:15: M410 "$.a[?@.b]" cannot keep its envelope; such a path has only names, indexes and [*]',
    ),
    (
        "split: items\n",
        "3:8: M201 a path begins with one of $, $headers, $query, $event, $item",
    ),
    ("event: {id: {}}\n", "3:13: M402 an id or type has none of first_of, path, key, split; give one"),
    ("event: {id: [$.a, $.b-]}\n", "*"),
    (
        "handshake: {}\n",
        "3:12: M412 handshake names no kind; give one of echo_query, echo_json, echo_header, hmac_reply, "
        "fixed, options_consent, accept_unsigned",
    ),
    (
        "handshake: {fixed: {body: x}}\n",
        '3:20: M412 fixed would answer every webhook; say "when", or another "method"',
    ),
    (
        "reply: {digest: {algorithm: md5, message: '{secret}'}}\n",
        '3:17: M402 digest has no secret; write "secret: ${NAME}" at the source',
    ),
    ('handshake: {options_consent: {origin: "a\\r\\nb"}}\n', '3:39: M411 "a\r\nb" cannot be in a header'),
    ("reply: {by_type: {paid: 'OK{$.a'}}\n", '3:18: M208 a placeholder "{$" is not closed by "}"'),
    ("handshake: {echo_query: {}}\n", '3:25: M105 echo_query has no "parameter"'),
    (
        "handshake: {hmac_reply: {path: $.a, fields: {a: '{digest}'}}}\n",
        '3:25: M402 hmac_reply has no secret; write "secret: ${NAME}" at the source',
    ),
    ("dedup: never\n", '3:8: M103 expected none or {within: 30d}, found the text "never"'),
    ("ignore: {$.test: {eqq: 1}}\n", '3:19: M205 unknown operator "eqq"; did you mean "eq"?'),
    (
        "charset: cp1252\n",
        '3:10: M106 "cp1252" is not one of utf-8, utf-8-sig, windows-1251, koi8-r, iso-8859-1, utf-16',
    ),
    ("body: yaml\n", '3:7: M106 "yaml" is not one of json, form, multipart, xml, query, jwt'),
    ("json_fields: [{fild: a}]\n", "*"),
]


@pytest.mark.parametrize(("text", "finding"), CASES, ids=[text[-60:] for text, _ in CASES])
def test_a_mistake_is_one_finding_at_its_place(text: str, finding: str) -> None:
    source, findings = compile_text(f"source: s\n{text}", {"S": "s3cret"})
    assert findings == [f"source.yml:{finding}"]
    assert source is None or " W" in findings[0]


@pytest.mark.parametrize(("text", "finding"), OPEN, ids=[text for text, _ in OPEN])
def test_a_mistake_outside_the_verification_is_one_finding_as_well(text: str, finding: str) -> None:
    _, findings = compile_text(f"source: s\nverify: none\n{text}")
    errors = [one for one in findings if " W510 " not in one]
    if finding == "*":
        assert errors
    else:
        assert errors == [f"source.yml:{finding}"]


def test_an_open_source_is_a_warning() -> None:
    source, findings = compile_text("source: s\nverify: none\n")
    assert findings == [
        "source.yml:2:9: W510 the source is open: anyone who knows its URL can start bots; "
        "add at least a path token"
    ]
    assert source is not None


def test_a_timestamp_that_is_not_signed_is_a_warning() -> None:
    source, findings = compile_text(f"source: s\n{hmac('timestamp: {header: T}')}", {"S": "s3cret"})
    assert findings == [
        "source.yml:3:71: W511 the timestamp is not part of the signed message, "
        "so anyone can renew an old webhook; put {timestamp} into the message as the sender does"
    ]
    assert source is not None


def test_a_timestamp_that_is_signed_by_its_header_is_none() -> None:
    text = hmac("timestamp: {header: T}, message: '{header:t}{body}'")
    assert compile_text(f"source: s\n{text}", {"S": "s3cret"})[1] == []


def test_alternatives_without_their_secret_are_left_out() -> None:
    text = "secret: ${S}\nverify: {any: [{token: {path: true}}, {token: {query: t, use: url}}]}\n"
    source, findings = compile_text(f"source: s\n{text}", {"S": "s3cret"})
    assert findings == []
    assert source is not None
    assert source.check.proofs == {Reason(WebhookCode.BY_PATH_TOKEN)}


def test_proofs_of_nested_schemes_are_one_list_as_older_versions_recorded_them() -> None:
    nested = "all: [{token: {query: t}}, {all: [{token: {path: true}}, {ip: {networks: 10.0.0.0/8}}]}]"
    source, findings = compile_text(f"source: s\nsecret: ${{S}}\nverify: {{{nested}}}\n", {"S": "s3cret"})
    assert findings == []
    assert source is not None
    (proof,) = source.check.proofs
    query = Reason(WebhookCode.BY_TOKEN, place=Reason(WebhookCode.PLACE_QUERY, name="t"))
    others = (Reason(WebhookCode.BY_PATH_TOKEN), Reason(WebhookCode.BY_IP))
    assert proof == Reason(WebhookCode.BY_ALL, proofs=(query, *others))
