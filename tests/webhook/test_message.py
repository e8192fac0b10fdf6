"""What is signed, as senders build it."""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from base64 import b64encode
from urllib.parse import quote

import pytest

from bridge.model import Request
from bridge.text.render import english
from bridge.webhook.source import Accepted, Refused
from tests.webhook.support import NOW, refused, request, source_of

SECRET = "s3cret"


def source_text(message: str, *, body: str = "json", more: str = "") -> str:
    verify = f"hmac: {{algorithm: sha256, signature: {{header: X-Sign}}, message: {message}}}"
    url = "public_url: https://example.com/in?from=setting"
    head = f"source: s\nsecret: ${{S}}\n{url}\nmethods: [GET, POST]\nbody: {body}\n{more}"
    return f"{head}\nverify: {{{verify}}}\n"


def keyed(keys: str) -> str:
    """A source with this `verify:`."""
    return f"source: s\nsecret: ${{S}}\nverify: {{{keys}}}\n"


def check_signs(
    message: str, expected: bytes, webhook: Request, *, body: str = "json", more: str = ""
) -> None:
    """The source takes a signature over exactly these bytes, and none over others."""
    source = source_of(source_text(message, body=body, more=more), S=SECRET, URL_SECRET="other")
    for data, outcome in ((expected, Accepted), (expected + b" ", Refused)):
        sign = ("X-Sign", hmac.new(SECRET.encode(), data, "sha256").hexdigest())
        signed = Request(
            webhook.method, webhook.query, (*webhook.headers, sign), webhook.body, "", webhook.path_token
        )
        assert isinstance(source.receive(signed, NOW), outcome), data


BODY = (
    '{"id": 7, "name": "А/Б", "paid": true, "sum": 10.50, "none": null, "items": [{"a": "x"}], "o": {"b": 1}}'
)
SORTED = '{"id":7,"items":[{"a":"x"}],"name":"А/Б","none":null,"o":{"b":1},"paid":true,"sum":10.50}'


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("'{body}'", BODY),
        ("'{method}|{url}|{query}'", "POST|https://example.com/in?a=1&b=%D0%90|a=1&b=%D0%90"),
        ("'{header:X-Id}.{header:x-missing}.{query:b}'", "m1..А"),
        ("'{$.id}-{$.o.b}-{$.missing}-{$.none}-{$headers.x-id}-{$query.a}'", "7-1---m1-1"),
        ("'{secret}:{secret|md5|upper}'", f"{SECRET}:{hashlib.md5(SECRET.encode()).hexdigest().upper()}"),
        ("'{secret:url}{{x}}'", "other{x}"),
        ("'{crc32}'", str(zlib.crc32(BODY.encode()))),
        ("'{digest:sha512}'", hashlib.sha512(BODY.encode()).hexdigest()),
        ("'{body|base64}'", b64encode(BODY.encode()).decode()),
        ("'{query:b|urlencode|lower}'", "%d0%90"),
        ("'{body|hex}'", BODY.encode().hex()),
        ("{template: 'a', encode: base64}", "YQ=="),
        ("'{path} {host}'", "/in?a=1&b=%D0%90 example.com"),
        (
            "['{secret}', {encode: sha1, join: {from: query, keys: sorted, pair: '{key}={value}',"
            " encode: base64}}]",
            SECRET + hashlib.sha1(b"a=MQ==b=0JA=").hexdigest(),
        ),
        ("['{method}', {template: '{$.id}', encode: hex}, '.']", "POST37."),
        ("{canonical_json: {}}", SORTED),
        (
            "{canonical_json: {sort: false, spaces: true, escape_unicode: true, drop: [sum]}}",
            json.dumps({key: value for key, value in json.loads(BODY).items() if key != "sum"}),
        ),
        ("{canonical_json: {at: $.o, strings: true}}", '{"b":"1"}'),
        ("{canonical_json: {at: $.name, escape_slashes: true}}", '"А\\/Б"'),
        ("{join: {from: json, keys: sorted, scalars_only: true, separator: '|'}}", "7|А/Б|true|10.50"),
        (
            "{join: {from: json, keys: [o.b, $.id, missing, '{secret}'], pair: '{key}={value};'}}",
            f"o.b=1;$.id=7;{{secret}}={SECRET};",
        ),
        ("{join: {from: json, keys: [id, missing], missing: '-', separator: ','}}", "7,-"),
        ("{join: {from: json, keys: as_sent, pair: '{key}', separator: ','}}", "id,name,paid,sum,items,o"),
        (
            "{join: {from: json, keys: sorted, nested: flatten, pair: '{key}={value}', separator: '&'}}",
            "id=7&items[0][a]=x&name=А/Б&o[b]=1&paid=true&sum=10.50",
        ),
        (
            "{join: {from: json, keys: sorted, nested: json, only_prefix: [I, O], separator: ' '}}",
            '7 [{"a":"x"}] {"b":1}',
        ),
        (
            "{join: {from: json, at: $.o, keys: sorted, insert: {a: '{secret}'}, pair: '{key}{value}'}}",
            f"a{SECRET}b1",
        ),
        (
            "{join: {from: json, keys: [id], head: '{method}[', tail: ']{crc32}'}}",
            f"POST[7]{zlib.crc32(BODY.encode())}",
        ),
        (
            "{join: {from: query, keys: sorted, pair: '{key}={value}', separator: '&', encode: rfc3986}}",
            "a=1&b=%D0%90",
        ),
        ("{join: {from: query, keys: [a], then: {from: query, keys: [b], pair: ':{value}'}}}", "1:А"),
        ("{join: {from: query, keys: [a], separator: '|', then: {from: query, keys: [c]}}}", "1"),
    ],
)
def test_a_message_over_json(message: str, expected: str) -> None:
    webhook = request(BODY, {"X-Id": "m1"}, query="a=1&b=%D0%90")
    check_signs(
        message,
        expected.encode(),
        webhook,
        more="secrets: {url: '${URL_SECRET}'}" if "secret:url" in message else "",
    )


def test_the_keys_of_inner_objects_may_stay_as_sent() -> None:
    webhook = request('{"b": {"d": 1, "c": {"f": 1, "e": 2}}, "a": [{"z": 1, "y": 2}]}')
    sorted_at_the_top = b'{"a":[{"z":1,"y":2}],"b":{"d":1,"c":{"f":1,"e":2}}}'
    check_signs("{canonical_json: {sort_inner: false}}", sorted_at_the_top, webhook)


FORM = (
    "b=2&a=%D0%90+%2B&empty=&params%5Bsum%5D=10.00&params[account]=u%401&A=0&dup=2&dup=1&dup=2"
    "&list[0][n]=%2Fx&list[1][n]=y&map[10]=t&map[9]=u&sign=zz"
)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "'{decoded_body}'",
            "b=2&a=А +&empty=&params[sum]=10.00&params[account]=u@1&A=0&dup=2&dup=1&dup=2"
            "&list[0][n]=/x&list[1][n]=y&map[10]=t&map[9]=u&sign=zz",
        ),
        ("'{form:a}{form:params[sum]}'", "А +10.00"),
        ("{join: {keys: [b, a, none, empty], separator: ';'}}", "2;А +;"),
        ("{join: {keys: [b, empty], empty: skip, separator: ';'}}", "2"),
        (
            "{join: {sub: params, keys: sorted, pair: '{key}={value}', separator: '{up}'}}",
            "account=u@1{up}sum=10.00",
        ),
        (
            "{join: {keys: sorted, drop: [sign, 'map[9]', 'map[10]'], empty: skip, unique_values: true,"
            " pair: '{key}{value}'}}",
            "A0aА +b2dup1dup2list[0][n]/xlist[1][n]yparams[account]u@1params[sum]10.00",
        ),
        (
            "{join: {keys: sorted_ignoring_case, only_prefix: [a, B], pair: '{key}={value}', separator: '&',"
            " encode: form}}",
            "a=%D0%90+%2B&A=0&b=2",
        ),
        ("{join: {keys: [a, empty, 'params[sum]'], pair: '{length}{value}'}}", "4А +0510.00"),
        (
            "{canonical_json: {from: form, drop: [sign, dup, params], strings: true, escape_slashes: true}}",
            '{"A":"0","a":"А +","b":"2","empty":"","list":[{"n":"\\/x"},{"n":"y"}],"map":{"9":"u","10":"t"}}',
        ),
        (
            "{php_serialize: {from: form, drop: [sign, dup, params, list, map, empty]}}",
            'a:3:{s:1:"A";s:1:"0";s:1:"a";s:4:"А +";s:1:"b";s:1:"2";}',
        ),
        (
            "{php_serialize: {from: form, at: $.list}}",
            'a:2:{i:0;a:1:{s:1:"n";s:2:"/x";}i:1;a:1:{s:1:"n";s:1:"y";}}',
        ),
    ],
)
def test_a_message_over_a_form(message: str, expected: str) -> None:
    webhook = request(FORM, {"Content-Type": "application/x-www-form-urlencoded"})
    check_signs(message, expected.encode(), webhook, body="form")


def test_a_message_over_the_parameters_of_a_url() -> None:
    webhook = request("", method="GET", query="b=2&a=1")
    check_signs("{join: {from: form, keys: sorted}}", b"12", webhook, body="query")
    check_signs("{join: {from: params, keys: sorted}}", b"12", webhook, body="query")


def test_fields_of_a_form_are_not_searched_in_another_body() -> None:
    source = source_of(source_text("{join: {keys: sorted, head: '{url}'}}", body="[form, json]"), S=SECRET)
    sign = hmac.new(SECRET.encode(), b"https://example.com/in?from=setting", "sha256").hexdigest()
    reception = source.receive(request("{}", {"Content-Type": "application/json", "X-Sign": sign}), NOW)
    assert isinstance(reception, Refused)
    assert english(reception.detail) == "the body is json, but the signed fields of a form are expected"


def test_the_body_may_be_signed_with_the_secret_in_the_signatures_place() -> None:
    source = source_of(
        keyed("hash: {algorithm: md5, message: {substitute: '{secret}'}, signature: {json: $.auth}}"),
        S=SECRET,
    )
    sign = hashlib.md5(f'{{"auth": "{SECRET}", "id": 1}}'.encode()).hexdigest()
    assert isinstance(source.receive(request(f'{{"auth": "{sign}", "id": 1}}'), NOW), Accepted)
    assert isinstance(source.receive(request(f'{{"auth": "{sign}", "id": 2}}'), NOW), Refused)


def test_the_url_is_the_setting_with_the_query_of_the_request_and_never_its_host() -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    check_signs("'{url}'", b"https://example.com/in?x=1", request("{}", headers, query="x=1"))
    check_signs("'{url}'", b"https://example.com/in?from=setting", request("{}", headers))
    check_signs(
        "'{decoded_url}'", "https://example.com/in?x=А".encode(), request("{}", query="x=" + quote("А"))
    )


@pytest.mark.parametrize("url", ["https://example.com:443/in", "https://example.com/in"])
def test_the_url_may_name_its_port_or_leave_it_out(url: str) -> None:
    source = source_of(
        "source: s\nsecret: ${S}\npublic_url: https://example.com/in\n"
        "verify: {hmac: {algorithm: sha1, message: '{url}{body}',"
        " signature: {header: X-Sign}, url_port: either}}",
        S=SECRET,
    )
    sign = hmac.new(SECRET.encode(), f"{url}{{}}".encode(), "sha1").hexdigest()
    assert isinstance(source.receive(request("{}", {"X-Sign": sign}), NOW), Accepted)
    other = hmac.new(SECRET.encode(), b"https://example.com:8443/in{}", "sha1").hexdigest()
    assert isinstance(source.receive(request("{}", {"X-Sign": other}), NOW), Refused)


def test_without_a_setting_the_url_is_made_of_the_bridges_own_address() -> None:
    source = source_of(
        keyed(
            "token: {path: true}, hmac: {algorithm: sha1, message: '{url}', signature: {header: X-Sign}}"
        ).replace("source: s", "source: shop"),
        S=SECRET,
        BRIDGE_PUBLIC_URL="https://bridge.example/",
    )
    sign = hmac.new(SECRET.encode(), b"https://bridge.example/hooks/shop/s3cret?a=1", "sha1").hexdigest()
    webhook = request("{}", {"X-Sign": sign}, query="a=1", path_token=SECRET)
    assert isinstance(source.receive(webhook, NOW), Accepted)


def test_the_digest_of_the_body_may_be_signed_instead_of_it() -> None:
    source = source_of(
        keyed(
            "hmac: {algorithm: sha256, message: '{header:Digest}', signature: {header: X-Sign},"
            " body_digest: {header: Digest, algorithm: sha256, encoding: base64, prefix: 'SHA-256='}}"
        ),
        S=SECRET,
    )
    digest = "SHA-256=" + b64encode(hashlib.sha256(b"{}").digest()).decode()
    sign = hmac.new(SECRET.encode(), digest.encode(), "sha256").hexdigest()
    headers = {"Digest": digest, "X-Sign": sign}
    assert isinstance(source.receive(request("{}", headers), NOW), Accepted)
    reception = source.receive(request("{ }", headers), NOW)
    assert isinstance(reception, Refused)
    assert english(reception.detail) == "header Digest is not the digest of the body"


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("{encoding: hex}", "000102ff"),
        ("{encoding: base64}", b64encode(b"\x00\x01\x02\xff").decode()),
        ("{encoding: base64, strip: whsec_}", "whsec_" + b64encode(b"\x00\x01\x02\xff").decode().rstrip("=")),
        ("{encoding: base64url}", "AAEC_w"),
    ],
)
def test_a_key_is_made_of_the_secret(key: str, secret: str) -> None:
    source = source_of(
        keyed(f"hmac: {{algorithm: sha256, key: {key}, signature: {{header: X-Sign}}}}"),
        S=secret,
    )
    sign = hmac.new(b"\x00\x01\x02\xff", b"{}", "sha256").hexdigest()
    assert isinstance(source.receive(request("{}", {"X-Sign": sign}), NOW), Accepted)


def test_a_key_may_be_the_digest_of_the_secret() -> None:
    source = source_of(
        keyed("hmac: {algorithm: sha1, key: {hash: sha256}, signature: {header: X-Sign}}"),
        S=SECRET,
    )
    sign = hmac.new(hashlib.sha256(SECRET.encode()).digest(), b"{}", "sha1").hexdigest()
    assert isinstance(source.receive(request("{}", {"X-Sign": sign}), NOW), Accepted)


def test_of_several_algorithms_any_may_match() -> None:
    source = source_of(
        keyed("hash: {algorithm: [md5, sha256], message: '{body}{secret}', signature: {header: X-Sign}}"),
        S=SECRET,
    )
    for algorithm, outcome in (("md5", Accepted), ("sha256", Accepted), ("sha1", Refused)):
        sign = hashlib.new(algorithm, b"{}" + SECRET.encode()).hexdigest()
        assert isinstance(source.receive(request("{}", {"X-Sign": sign}), NOW), outcome)


def test_what_is_signed_is_the_text_of_a_json_field_and_not_what_it_holds() -> None:
    source = source_of(
        "json_fields: [data]\n"
        + keyed(
            "hash: {algorithm: sha1, message: {join: {from: json, keys: [data, '{secret}']}},"
            " signature: {json: $.sign}}"
        ),
        S=SECRET,
    )
    data = '{"a": 1}'
    sign = hashlib.sha1((data + SECRET).encode()).hexdigest()
    reception = source.receive(request(json.dumps({"data": data, "sign": sign})), NOW)
    assert isinstance(reception, Accepted)
    assert reception.events[0].document["data"] == {"a": 1}


def test_a_digest_may_be_base64_of_its_hexadecimal_text() -> None:
    source = source_of(
        keyed("hmac: {algorithm: sha1, signature: {header: X-Sign, encoding: base64_hex}}"), S=SECRET
    )
    digest = hmac.new(SECRET.encode(), b"{}", "sha1")
    sign = b64encode(digest.hexdigest().encode()).decode()
    assert isinstance(source.receive(request("{}", {"X-Sign": sign}), NOW), Accepted)
    forgeries = (b64encode(digest.digest()).decode(), digest.hexdigest(), b64encode(b"zz").decode(), "////")
    for forged in forgeries:
        assert isinstance(source.receive(request("{}", {"X-Sign": forged}), NOW), Refused)


def test_a_list_without_labels_may_begin_with_its_timestamp() -> None:
    source = source_of(
        keyed(
            "hmac: {algorithm: sha256, message: '{timestamp}.{body}',"
            " signature: {header: X-Sign, separator: ','}, timestamp: {pick: '0', tolerance: 5m}}"
        ),
        S=SECRET,
    )
    stamp = str(NOW // 1000)
    sign = hmac.new(SECRET.encode(), f"{stamp}.{{}}".encode(), "sha256").hexdigest()
    assert isinstance(source.receive(request("{}", {"X-Sign": f"{stamp},{'0' * 64},{sign}"}), NOW), Accepted)
    for forged in (f"{sign},{stamp}", sign, f"{int(stamp) + 1},{sign}", f"{int(stamp) - 301},{sign}"):
        assert isinstance(source.receive(request("{}", {"X-Sign": forged}), NOW), Refused)


@pytest.mark.parametrize("message", ["'{form:sum}'", "{join: {keys: [sum]}}", "'{query:sum}'"])
def test_a_signed_field_given_twice_is_refused_since_rules_might_go_by_the_other(message: str) -> None:
    source = source_of(source_text(message, body="[form, query]"), S=SECRET, URL_SECRET="other")
    for fields in ("sum=1000&sum=1", "sum=1&sum=1000", "sum=1&sum=1"):
        for value in ("1", "1000"):
            sign = {"X-Sign": hmac.new(SECRET.encode(), value.encode(), "sha256").hexdigest()}
            webhook = request(method="GET", query=fields, headers=sign)
            assert refused(source.receive(webhook, NOW)).code == "repeated"
