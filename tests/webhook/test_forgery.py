"""What somebody without the secret may try, for every scheme: each is refused, with one generic status."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Request
from bridge.webhook.source import Accepted, Refused, Source
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import NOW, refused, request, source_of

SECRET = "correct horse battery staple"
BODY = b'{"id": 1, "amount": "10.00",  "name": "\\u0410"}'
FORM = b"id=1&amount=10.00&name=%D0%90&empty="


def mac(data: bytes, algorithm: str = "sha256", secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), data, algorithm).digest()


@dataclass(frozen=True)
class Scheme:
    """A way of signing: the source's keys, and the honest request."""

    text: str
    honest: Request
    place: str
    """Header with the signature or token; empty where it is elsewhere."""

    def source(self, secret: str = SECRET) -> Source:
        return source_of(f"source: s\nsecret: ${{S}}\n{self.text}", S=secret)


def json_request(**headers: str) -> Request:
    return request(BODY, {name.replace("_", "-"): value for name, value in headers.items()})


STAMP = str(NOW // 1000)
HEX = Scheme(
    "verify: {hmac: {algorithm: sha256, signature: {header: X-Sign}}}",
    json_request(X_Sign=mac(BODY).hex()),
    "X-Sign",
)
BASE64 = Scheme(
    "verify: {hmac: {algorithm: sha256, signature: {header: X-Sign, encoding: base64}}}",
    json_request(X_Sign=b64encode(mac(BODY)).decode()),
    "X-Sign",
)
PREFIX = Scheme(
    "verify: {hmac: {algorithm: sha1, signature: {header: X-Sign, prefix: sha1=}}}",
    json_request(X_Sign="sha1=" + mac(BODY, "sha1").hex()),
    "X-Sign",
)
LISTED = Scheme(
    "verify: {hmac: {algorithm: sha512, message: '{timestamp}.{body}',"
    " signature: {header: X-Sign, pick: v1}, timestamp: {pick: t, tolerance: 5m}}}",
    json_request(X_Sign=f"t={STAMP},v0=ff,v1={mac(STAMP.encode() + b'.' + BODY, 'sha512').hex()}"),
    "X-Sign",
)
STAMPED = Scheme(
    "verify: {hmac: {algorithm: sha256, message: '{header:X-Time}{body}', signature: {header: X-Sign},"
    " timestamp: {header: X-Time, unit: iso, tolerance: 10m}}}",
    json_request(X_Time="2023-11-14T22:13:20.5Z", X_Sign=mac(b"2023-11-14T22:13:20.5Z" + BODY).hex()),
    "X-Sign",
)
HASHED = Scheme(
    "verify: {hash: {algorithm: md5, message: '{secret}:{body}', signature: {header: X-Sign}}}",
    json_request(X_Sign=hashlib.md5(SECRET.encode() + b":" + BODY).hexdigest()),
    "X-Sign",
)
BEARER = Scheme(
    "verify: {token: {header: Authorization, prefix: 'Bearer '}}",
    json_request(Authorization=f"Bearer {SECRET}"),
    "Authorization",
)
BASIC = Scheme(
    "verify: {token: {basic: {user: shop}}}",
    json_request(Authorization="Basic " + b64encode(f"shop:{SECRET}".encode()).decode()),
    "Authorization",
)
HEADERS = {
    "hex": HEX,
    "base64": BASE64,
    "prefix": PREFIX,
    "listed": LISTED,
    "stamped": STAMPED,
    "hash": HASHED,
    "bearer": BEARER,
    "basic": BASIC,
}
DIGESTS = {name: scheme for name, scheme in HEADERS.items() if name not in ("bearer", "basic")}
all_headers = pytest.mark.parametrize("scheme", HEADERS.values(), ids=HEADERS)
all_digests = pytest.mark.parametrize("scheme", DIGESTS.values(), ids=DIGESTS)


def with_header(webhook: Request, name: str, *values: str) -> Request:
    others = tuple(pair for pair in webhook.headers if pair[0] != name)
    return replace(webhook, headers=(*others, *((name, value) for value in values)))


def header(scheme: Scheme) -> str:
    return dict(scheme.honest.headers)[scheme.place]


def check_refused(scheme: Scheme, webhook: Request, now: int = NOW) -> None:
    reception = scheme.source().receive(webhook, now)
    assert refused(reception).status == 401


@all_headers
def test_the_honest_request_is_accepted(scheme: Scheme) -> None:
    assert isinstance(scheme.source().receive(scheme.honest, NOW), Accepted)


@all_headers
def test_a_missing_signature_is_refused(scheme: Scheme) -> None:
    check_refused(scheme, with_header(scheme.honest, scheme.place))


@all_headers
@pytest.mark.parametrize(
    "value", ["", " ", "=", ",", "sha1=", "v1=", "t=1,v1=", "0", "Bearer ", "Basic ", "Basic Og=="]
)
def test_an_empty_signature_is_refused(scheme: Scheme, value: str) -> None:
    check_refused(scheme, with_header(scheme.honest, scheme.place, value))


@all_headers
def test_a_signature_given_twice_is_refused_unless_it_is_a_list(scheme: Scheme) -> None:
    value = header(scheme)
    check_refused(scheme, with_header(scheme.honest, scheme.place, value, value))


@all_headers
def test_a_header_joined_by_a_proxy_is_refused_unless_it_is_a_list(scheme: Scheme) -> None:
    value = header(scheme)
    check_refused(scheme, with_header(scheme.honest, scheme.place, f"{value}, {value}"))


@all_headers
def test_a_truncated_or_lengthened_signature_is_refused(scheme: Scheme) -> None:
    value = header(scheme)
    for changed in (value[:-1], value[:-2], value[: len(value) // 2], value + "0", value + "00", value + "="):
        check_refused(scheme, with_header(scheme.honest, scheme.place, changed))


@all_headers
def test_each_character_of_the_signature_counts(scheme: Scheme) -> None:
    value = header(scheme)
    for at in range(len(value)):
        swapped = "1" if value[at] != "1" else "2"
        reception = scheme.source().receive(
            with_header(scheme.honest, scheme.place, value[:at] + swapped + value[at + 1 :]), NOW
        )
        in_unused_signature = value.find("v0=") <= at < value.find(",v1=")
        assert isinstance(reception, Refused) or in_unused_signature


@all_headers
def test_another_secret_is_refused(scheme: Scheme) -> None:
    assert refused(scheme.source("another").receive(scheme.honest, NOW)).status == 401


@all_digests
def test_a_changed_body_is_refused(scheme: Scheme) -> None:
    for at in range(len(BODY)):
        check_refused(scheme, replace(scheme.honest, body=BODY[:at] + b"\x7f" + BODY[at + 1 :]))
    for body in (b"", BODY + b" ", b" " + BODY, BODY[:-1]):
        check_refused(scheme, replace(scheme.honest, body=body))


@all_digests
def test_a_body_written_anew_is_refused_since_the_bytes_are_signed(scheme: Scheme) -> None:
    check_refused(scheme, replace(scheme.honest, body=json.dumps(json.loads(BODY)).encode()))


@all_digests
def test_a_digest_of_another_algorithm_is_refused(scheme: Scheme) -> None:
    for algorithm in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
        value = hmac.new(b"guess", BODY, algorithm).hexdigest()
        check_refused(scheme, with_header(scheme.honest, scheme.place, value))
    unkeyed = hashlib.sha256(BODY).hexdigest()
    check_refused(scheme, with_header(scheme.honest, scheme.place, unkeyed))


def test_hexadecimal_may_be_written_in_capitals_and_nothing_else_may_differ() -> None:
    value = header(HEX)
    assert isinstance(HEX.source().receive(with_header(HEX.honest, "X-Sign", value.upper()), NOW), Accepted)
    for changed in (
        f" {value}",
        f"{value}\n",
        f"0x{value}",
        value.replace(value[0], "O", 1),
        b64encode(mac(BODY)).decode(),
    ):
        check_refused(HEX, with_header(HEX.honest, "X-Sign", changed))


def test_base64_has_one_spelling() -> None:
    value = header(BASE64)
    assert value.endswith("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = alphabet[alphabet.index(value[-2]) + 1]
    for changed in (
        value.rstrip("="),
        value[:-2] + loose + "=",
        value.swapcase(),
        f"{value[:10]}\n{value[10:]}",
        f"{value}=",
        f"={value}",
        value.replace("+", "-").replace("/", "_") + ".",
        mac(BODY).hex(),
    ):
        check_refused(BASE64, with_header(BASE64.honest, "X-Sign", changed))


def test_base64url_is_its_own_encoding_with_or_without_padding() -> None:
    source = source_of(
        "source: s\nsecret: ${S}\n"
        "verify: {hmac: {algorithm: sha1, signature: {header: X-Sign, encoding: base64url}}}",
        S=SECRET,
    )
    bodies = (b"[%d]" % number for number in range(99))
    body = next(data for data in bodies if b"-" in urlsafe_b64encode(mac(data, "sha1")))
    value = urlsafe_b64encode(mac(body, "sha1")).decode()
    for accepted in (value, value.rstrip("=")):
        assert isinstance(source.receive(request(body, {"X-Sign": accepted}), NOW), Accepted)
    assert isinstance(source.receive(request(body, {"X-Sign": value.replace("-", "+")}), NOW), Refused)


@pytest.mark.parametrize("scheme", [LISTED, STAMPED], ids=["listed", "stamped"])
def test_a_replay_outside_of_the_tolerance_is_refused(scheme: Scheme) -> None:
    tolerance = 300 if scheme is LISTED else 600
    source = scheme.source()
    for seconds in (tolerance - 1, 1 - tolerance):
        assert isinstance(source.receive(scheme.honest, NOW + seconds * 1000), Accepted)
    for seconds in (tolerance + 1, -tolerance - 1, 10**7):
        assert refused(source.receive(scheme.honest, NOW + seconds * 1000)).code == "stale"


def test_a_renewed_timestamp_is_refused() -> None:
    later = header(LISTED).replace(STAMP, str(int(STAMP) + 3_600))
    assert (
        refused(LISTED.source().receive(with_header(LISTED.honest, "X-Sign", later), NOW + 3_600_000)).code
        == "signature"
    )


@pytest.mark.parametrize(
    "stamps", ["", "t=,", "t=-5,", "t=now,", "t=1e9,", f"t={STAMP},t={STAMP},", f"t={'9' * 40},", "t=\uff11,"]
)
def test_a_timestamp_that_is_missing_repeated_or_no_number_is_refused(stamps: str) -> None:
    rest = header(LISTED).partition(",")[2]
    check_refused(LISTED, with_header(LISTED.honest, "X-Sign", stamps + rest))


@pytest.mark.parametrize(
    "stamp", ["", "yesterday", "2023-13-14T22:13:20Z", "9999-12-31T23:59:59+00:00", "1", "²" * 10]
)
def test_an_iso_timestamp_that_cannot_be_read_is_refused(stamp: str) -> None:
    check_refused(STAMPED, with_header(STAMPED.honest, "X-Time", stamp))


def test_of_several_listed_signatures_one_is_enough_and_sixteen_are_checked() -> None:
    good = mac(STAMP.encode() + b"." + BODY, "sha512").hex()
    bad = mac(b"other", "sha512").hex()
    source = LISTED.source()

    def listed(*values: str) -> Request:
        return with_header(
            LISTED.honest, "X-Sign", ",".join([f"t={STAMP}", *(f"v1={value}" for value in values)])
        )

    assert isinstance(source.receive(listed(bad, good), NOW), Accepted)
    assert isinstance(source.receive(listed(good, "", "zz"), NOW), Accepted)
    assert isinstance(source.receive(listed(*[bad] * 15, good), NOW), Accepted)
    assert isinstance(source.receive(listed(*[bad] * 16, good), NOW), Refused)


def test_while_a_secret_is_changed_the_old_and_the_new_one_count() -> None:
    source = source_of(
        "source: s\nsecret: ['${OLD}', '${NEW}']\n"
        "verify: {hmac: {algorithm: sha256, signature: {header: X-Sign}}}",
        OLD="old",
        NEW=SECRET,
    )
    assert isinstance(source.receive(HEX.honest, NOW), Accepted)
    old = with_header(HEX.honest, "X-Sign", mac(BODY, secret="old").hex())
    assert isinstance(source.receive(old, NOW), Accepted)
    other = with_header(HEX.honest, "X-Sign", mac(BODY, secret="older").hex())
    assert isinstance(source.receive(other, NOW), Refused)


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        (
            "verify: {token: {query: key}}",
            request(BODY, query="key=correct%20horse+battery%20staple&x=1"),
            [
                request(BODY, query="key="),
                request(BODY, query="KEY=correct+horse+battery+staple"),
                request(BODY, query="key=correct+horse+battery+staple&key=correct+horse+battery+staple"),
                request(BODY, query="key[]=correct+horse+battery+staple"),
                request(BODY, query=""),
                request(BODY, query="key=%ff"),
            ],
        ),
        (
            "body: form\nverify: {token: {form: 'auth[token]'}}",
            request(b"auth[token]=correct+horse+battery+staple"),
            [
                request(b"auth[token]=x"),
                request(b"auth=correct+horse+battery+staple"),
                request(
                    b"auth[token]=correct+horse+battery+staple&auth%5Btoken%5D=correct+horse+battery+staple"
                ),
                request(b"", query="auth[token]=correct+horse+battery+staple"),
                request(b"auth[token]=%ff"),
            ],
        ),
        (
            "verify: {token: {json: $.auth.key}}",
            request(json.dumps({"auth": {"key": SECRET}})),
            [
                request(json.dumps({"auth": {"key": [SECRET]}})),
                request(json.dumps({"auth": {"key": {"key": SECRET}}})),
                request(json.dumps({"auth": {"key": None}})),
                request(json.dumps({"auth": SECRET})),
                request(json.dumps({"auth": {"key": True}})),
                request(b"{"),
                request(b"[" * 100_000),
            ],
        ),
        (
            "verify: {token: {json: '$[*].key'}}",
            request(json.dumps([{"key": SECRET}, {"key": SECRET}])),
            [request(json.dumps([{"key": SECRET}, {"key": "x"}])), request(b"[]"), request(b"[{}]")],
        ),
        (
            "body: xml\nverify: {token: {xml: $.a.b}}",
            request(f"<a><b>{SECRET}</b></a>"),
            [
                request(f"<a><b>{SECRET}</b><b>{SECRET}</b></a>"),
                request(f"<a><c>{SECRET}</c></a>"),
                request(f'<!DOCTYPE a [<!ENTITY s "{SECRET}">]><a><b>&s;</b></a>'),
            ],
        ),
        (
            "verify: {token: {path: true}}",
            request(BODY, path_token=SECRET),
            [
                request(BODY),
                request(BODY, path_token=""),
                request(BODY, path_token=f"{SECRET}/"),
                request(BODY, path_token="é"),
            ],
        ),
    ],
    ids=["query", "form", "json", "every item", "xml", "path"],
)
def test_a_token_counts_in_its_one_place_only(text: str, good: Request, bad: list[Request]) -> None:
    source = source_of(f"source: s\nsecret: ${{S}}\n{text}", S=SECRET)
    assert isinstance(source.receive(good, NOW), Accepted)
    for forged in bad:
        assert refused(source.receive(forged, NOW)).status in (400, 401)


@pytest.mark.parametrize(
    "value",
    [
        f"shop:{SECRET}",
        "Basic shop:" + SECRET,
        "Basic " + b64encode(f"shop{SECRET}".encode()).decode(),
        "Basic " + b64encode(f"Shop:{SECRET}".encode()).decode(),
        "Basic " + b64encode(f"shop:{SECRET} ".encode()).decode(),
        "Basic " + b64encode(b"shop:\xff").decode(),
        "Digest " + b64encode(f"shop:{SECRET}".encode()).decode(),
        "Basic",
        "Basic é",
    ],
)
def test_a_wrong_basic_authorization_is_refused(value: str) -> None:
    check_refused(BASIC, with_header(BASIC.honest, "Authorization", value))


@pytest.mark.parametrize(
    ("client", "passes"),
    [
        ("185.71.76.0", True),
        ("185.71.76.31", True),
        ("185.71.76.32", False),
        ("77.75.156.11", True),
        ("77.75.156.12", False),
        ("::ffff:185.71.76.5", True),
        ("::ffff:185.71.77.5", False),
        ("2a02:5180::1", True),
        ("2a02:5180:ffff:ffff::1", True),
        ("2a02:5181::1", False),
        ("", False),
        ("unknown", False),
        ("185.71.76.5, 1.2.3.4", False),
        ("0185.071.076.005", False),
        ("fe80::1%eth0", False),
    ],
)
def test_an_address_is_inside_of_the_networks_or_not(client: str, passes: bool) -> None:
    source = source_of(
        "source: s\nverify: {ip: {networks: [185.71.76.0/27, 77.75.156.11, '2a02:5180::/32']}}"
    )
    reception = source.receive(request(BODY, client=client), NOW)
    assert isinstance(reception, Accepted if passes else Refused)


def test_a_forwarded_address_that_the_client_invented_is_ignored() -> None:
    source = source_of("source: s\nverify: {ip: {networks: [185.71.76.0/27]}}")
    headers = {"X-Forwarded-For": "185.71.76.5", "X-Real-IP": "185.71.76.5", "Forwarded": "for=185.71.76.5"}
    assert refused(source.receive(request(BODY, headers), NOW)).code == "ip"


@all_headers
@pytest.mark.parametrize(
    "value",
    [
        "A" * 1_000_000,
        "v1=" + "00" * 500_000,
        "v1=00," * 150_000,
        "t=1," * 250_000,
        "=" * 1_000_000,
        "," * 1_000_000,
        "Basic " + "QUFB" * 250_000,
    ],
)
def test_a_huge_header_is_refused_within_a_second(scheme: Scheme, value: str) -> None:
    forged = with_header(scheme.honest, scheme.place, value)
    assert seconds_of(lambda: check_refused(scheme, forged)) < SOON


@given(st.text(st.characters(max_codepoint=255), max_size=200))
def test_any_header_at_all_is_refused_and_raises_nothing(value: str) -> None:
    for scheme in (HEX, BASE64, PREFIX, LISTED, BASIC, BEARER):
        assert isinstance(
            scheme.source().receive(with_header(scheme.honest, scheme.place, value), NOW), Refused
        )


@given(st.binary(max_size=100), st.text(st.characters(max_codepoint=255), max_size=30), st.text(max_size=30))
def test_any_request_at_all_is_refused_and_raises_nothing(body: bytes, content_type: str, query: str) -> None:
    source = source_of(
        "source: s\nsecret: ${S}\nbody: [json, form, multipart, xml, query]\nmethods: [GET, POST]\n"
        "verify:\n  any:\n"
        "  - token: {form: token}\n  - token: {json: $.token}\n  - token: {query: token}\n"
        "  - hmac: {algorithm: sha256, message: {join: {from: json, keys: sorted}},"
        " signature: {json: $.sign}}\n",
        S=SECRET,
    )
    for method in ("GET", "POST"):
        webhook = request(body, {"Content-Type": content_type}, query=query, method=method)
        assert isinstance(source.receive(webhook, NOW), Refused)


def test_every_refusal_of_a_proof_has_the_same_status() -> None:
    for scheme in HEADERS.values():
        statuses = {
            refused(scheme.source().receive(webhook, NOW)).status
            for webhook in (
                with_header(scheme.honest, scheme.place),
                with_header(scheme.honest, scheme.place, "x"),
                with_header(scheme.honest, scheme.place, header(scheme)[:-1]),
            )
        }
        assert statuses == {401}


def test_the_secret_is_in_no_text_that_a_refusal_or_a_source_shows() -> None:
    for scheme in HEADERS.values():
        source = scheme.source()
        shown = repr(source) + repr(source.receive(with_header(scheme.honest, scheme.place, "x"), NOW))
        assert SECRET not in shown
