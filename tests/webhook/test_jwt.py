"""JSON web tokens: as the body, in a header, in a field; their signature, their times and what they say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from bridge.model import Request
from bridge.text.render import english
from bridge.webhook.source import Accepted, Refused, Source, Unreadable
from tests.webhook.support import NOW, accepted, compile_text, refused, request, source_of

SECRET = "key of ours"
SECONDS = NOW // 1000
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def by_secret(data: bytes) -> bytes:
    return hmac.digest(SECRET.encode(), data, "sha256")


def by_ec(data: bytes) -> bytes:
    r, s = utils.decode_dss_signature(EC.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def by_rsa(data: bytes) -> bytes:
    return RSA.sign(data, padding.PKCS1v15(), hashes.SHA256())


def token(
    claims: object, algorithm: str = "HS256", sign: Callable[[bytes], bytes] = by_secret, **more: object
) -> str:
    head = b64(json.dumps({"alg": algorithm, **more}).encode())
    text = f"{head}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64(sign(text.encode()))}"


def pem(key: Any) -> bytes:
    data: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return data


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


def jwk(key: Any) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(public.n), "e": number(public.e)}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": number(point.x), "y": number(point.y)}
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}


def body_source(algorithm: str = "HS256", secret: str = SECRET, more: str = "") -> Source:
    text = f"body: jwt\nverify: {{jwt: {{body: true, algorithm: {algorithm}{more}}}}}\nevent: {{id: $.id}}"
    return source_of(f"source: s\nsecret: ${{S}}\n{text}", S=secret)


def header_source(more: str = "") -> Source:
    text = f"verify: {{jwt: {{header: Authorization, prefix: 'Bearer ', algorithm: HS256{more}}}}}"
    return source_of(
        f"source: s\nsecret: ${{S}}\npublic_url: https://b.example/hooks/s\n{text}\nevent: {{id: $.id}}",
        S=SECRET,
    )


def bearer(claims: object, body: str = '{"id": "7"}', query: str = "") -> Request:
    return request(body, {"Authorization": f"Bearer {token(claims)}"}, query=query)


BODY, HEADER = body_source(), header_source()


def test_the_claims_of_a_body_that_is_a_token_are_the_document() -> None:
    text = token({"id": "7", "amount": 10.0})
    for media in ("", "text/plain", "application/jwt", "application/octet-stream", "application/json"):
        reception = accepted(body_source().receive(request(f"{text}\n", {"Content-Type": media}), NOW))
        assert reception.events[0].id == "7"
        assert str(reception.events[0].document["amount"]) == "10.0"
        assert english(reception.verified) == "JWT HS256"


@pytest.mark.parametrize(
    ("algorithm", "sign", "key"),
    [("RS256", by_rsa, RSA), ("ES256", by_ec, EC), ("EdDSA", ED.sign, ED)],
    ids=["RS256", "ES256", "EdDSA"],
)
def test_a_public_key_may_be_pem_base64_of_pem_jwk_or_a_set_of_them(
    algorithm: str, sign: Callable[[bytes], bytes], key: Any
) -> None:
    webhook = request(token({"id": "7"}, algorithm, sign))
    others = [jwk(one) for one in (RSA, EC, ED) if one is not key] + [{"kty": "oct", "k": "AAAA"}]
    wrapped = (
        pem(key).decode(),
        base64.b64encode(pem(key)).decode(),
        json.dumps(jwk(key)),
        json.dumps({"keys": [*others, jwk(key)]}),
    )
    for text in wrapped:
        assert isinstance(body_source(algorithm, text).receive(webhook, NOW), Accepted)
    forged = token({"id": "8"}, algorithm, sign).split(".")[1]
    head, _, signature = webhook.body.decode().split(".")
    assert refused(body_source(algorithm, wrapped[0]).receive(request(f"{head}.{forged}.{signature}"), NOW))


def test_the_token_does_not_choose_its_algorithm() -> None:
    public = pem(RSA).decode()

    def by_public_key(data: bytes) -> bytes:
        return hmac.digest(public.encode(), data, "sha256")

    for forged in (
        token({"id": "7"}, "HS256", by_public_key),
        token({"id": "7"}, "RS256", by_public_key),
        token({"id": "7"}, "none", lambda _: b"x"),
        token({"id": "7"}, "none", lambda _: b""),
        token({"id": "7"}, "RS256", by_rsa, crit=["b64"], b64=False),
    ):
        assert isinstance(body_source("RS256", public).receive(request(forged), NOW), Refused)
    honest = token({"id": "7"}, "RS256", by_rsa)
    assert isinstance(body_source("RS256", public).receive(request(honest), NOW), Accepted)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: "",
        lambda text: text[:-1],
        lambda text: text + "=",
        lambda text: text.rpartition(".")[0] + ".",
        lambda text: text.replace(".", "..", 1),
        lambda text: f"{text}.{text}",
        lambda text: text.swapcase(),
        lambda text: f"Bearer {text}",
        lambda _: "e30.e30.AAAA",
        lambda _: "." * 100_000,
    ],
)
def test_a_spoilt_token_is_refused(spoil: Callable[[str], str]) -> None:
    for source in (body_source(), header_source()):
        text = spoil(token({"id": "7"}))
        reception = refused(source.receive(request(text, {"Authorization": f"Bearer {text}"}), NOW))
        assert reception.status == 401


def test_an_authentic_token_that_says_no_json_is_kept_as_unreadable() -> None:
    head = b64(json.dumps({"alg": "HS256"}).encode())
    text = f"{head}.{b64(b'no json')}"
    reception = body_source().receive(request(f"{text}.{b64(by_secret(text.encode()))}"), NOW)
    assert isinstance(reception, Unreadable)


@given(st.text(st.characters(max_codepoint=255), max_size=80), st.binary(max_size=80))
def test_any_text_at_all_is_refused_and_raises_nothing(text: str, payload: bytes) -> None:
    for sent in (text, f"{b64(payload)}.{b64(payload)}.{b64(payload)}"):
        webhook = request(sent.encode("latin-1"), {"Authorization": f"Bearer {sent}"})
        for source in (BODY, HEADER):
            assert isinstance(source.receive(webhook, NOW), Refused)


@pytest.mark.parametrize(
    ("claims", "more", "code"),
    [
        ({"exp": SECONDS - 59}, "", None),
        ({"exp": SECONDS - 61}, "", "stale"),
        ({"nbf": SECONDS + 59}, "", None),
        ({"nbf": SECONDS + 61}, "", "stale"),
        ({"iat": SECONDS + 61}, "", "stale"),
        ({"iat": SECONDS - 999_999}, "", None),
        ({"iat": SECONDS - 359}, ", max_age: 5m", None),
        ({"iat": SECONDS - 361}, ", max_age: 5m", "stale"),
        ({"iat": SECONDS - 200, "exp": SECONDS - 100}, ", max_age: 5m", "stale"),
        ({"iat": SECONDS - 400, "exp": SECONDS + 100}, ", max_age: 5m", "stale"),
        ({"exp": SECONDS - 299}, ", tolerance: 5m", None),
        ({}, ", max_age: 5m", "timestamp"),
        ({"exp": "soon"}, "", "timestamp"),
        ({"exp": True}, "", "timestamp"),
        ({"exp": 10**400}, "", "timestamp"),
    ],
)
def test_a_token_counts_for_its_time(claims: dict[str, object], more: str, code: str | None) -> None:
    reception = body_source(more=more).receive(request(token({"id": "7", **claims})), NOW)
    assert (reception.code if isinstance(reception, Refused) else None) == code


def test_a_token_may_have_to_name_its_sender_the_url_and_the_bodys_digest() -> None:
    source = header_source(
        ", claims: {iss: shop, aud: ours, payload_hash: '{digest:sha256}', url_hash: '{url|sha256}'}"
    )
    body = '{"id": "7"}'
    good = {
        "iss": "shop",
        "aud": ["theirs", "ours"],
        "payload_hash": hashlib.sha256(body.encode()).hexdigest(),
        "url_hash": hashlib.sha256(b"https://b.example/hooks/s?a=1").hexdigest(),
    }
    assert isinstance(source.receive(bearer(good, body, query="a=1"), NOW), Accepted)
    for wrong in (
        {**good, "iss": "other"},
        {**good, "aud": []},
        {**good, "aud": [{}]},
        {key: value for key, value in good.items() if key != "iss"},
        ["iss", "shop"],
    ):
        assert refused(source.receive(bearer(wrong, body, query="a=1"), NOW)).code == "claims"
    assert isinstance(source.receive(bearer(good, body, query="a=2"), NOW), Refused)
    assert isinstance(source.receive(bearer(good, f"{body} ", query="a=1"), NOW), Refused)


def test_a_token_in_a_header_follows_its_prefix_and_occurs_once() -> None:
    source, webhook = header_source(), bearer({})
    assert isinstance(source.receive(webhook, NOW), Accepted)
    bare = replace(webhook, headers=(("Authorization", token({})),))
    assert refused(source.receive(bare, NOW)).code == "malformed"
    assert refused(source.receive(replace(webhook, headers=webhook.headers * 2), NOW)).code == "repeated"
    assert refused(source.receive(replace(webhook, headers=()), NOW)).code == "missing"


def test_a_detached_token_signs_the_body() -> None:
    source = source_of(
        "source: s\nsecret: ${S}\nbody: form\n"
        "verify: {jwt: {header: X-JWS-Signature, algorithm: HS256, detached: true}}",
        S=SECRET,
    )
    body = urlencode({"id": "7", "sum": "10.00"})
    head = b64(b'{"alg": "HS256"}')
    signature = b64(by_secret(f"{head}.{b64(body.encode())}".encode()))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-JWS-Signature": f"{head}..{signature}",
    }
    assert isinstance(source.receive(request(body, headers), NOW), Accepted)
    assert isinstance(source.receive(request(body.replace("10", "11"), headers), NOW), Refused)


def test_a_token_in_a_field_is_checked_as_sent_and_read_for_the_rules() -> None:
    source = source_of(
        "source: s\nsecret: ${S}\njson_fields: [{field: signedPayload, encoding: jwt}]\n"
        "verify: {jwt: {json: $.signedPayload, algorithm: HS256}}\nevent: {id: $.signedPayload.id}",
        S=SECRET,
    )
    webhook = request(json.dumps({"signedPayload": token({"id": "7"})}))
    assert accepted(source.receive(webhook, NOW)).events[0].id == "7"
    forged = request(json.dumps({"signedPayload": token({"id": "7"}, sign=lambda _: b"0" * 32)}))
    assert refused(source.receive(forged, NOW)).code == "signature"


def test_a_field_that_holds_no_token_stays_as_it_is() -> None:
    source = source_of("source: s\nverify: none\njson_fields: [{field: a, encoding: jwt}]")
    for text in ("plain", "a.b.c", token({}).replace(".", "")):
        assert source.decode(json.dumps({"a": text}).encode()) == {"a": text}


@pytest.mark.parametrize(
    ("scheme", "finding"),
    [
        (
            "{algorithm: HS256}",
            "source.yml:3:15: M402 jwt has none of header, query, form, json, xml, body; give one",
        ),
        (
            "{body: true, header: X, algorithm: HS256}",
            'source.yml:3:22: M403 jwt has both "header" and "body"; keep one',
        ),
        ("{body: false, algorithm: HS256}", 'source.yml:3:22: M402 jwt "body" can only be true'),
        ("{body: true}", 'source.yml:3:15: M105 jwt has no "algorithm"'),
        (
            "{body: true, algorithm: HS256, public_key: k}",
            "source.yml:3:58: M403 HS256 has a secret and no public key",
        ),
        (
            "{body: true, algorithm: RS256}",
            "source.yml:2:9: M407 the public key cannot be used: it is neither PEM nor hex nor base64"
            " nor JWK",
        ),
        (
            '{body: true, algorithm: ES256, public_key: \'{"kty": "EC"}\'}',
            "source.yml:3:58: M407 the public key cannot be used: it is not a key for ecdsa-p256",
        ),
        (
            "{body: true, algorithm: HS256, claims: {u: '{url}'}}",
            "source.yml:3:15: W501 environment variable BRIDGE_PUBLIC_URL is not set, and the sender signs "
            'the URL: set it, or write "public_url" as it was entered there',
        ),
        *(
            (
                f"{{{place}algorithm: HS256, detached: true{more}}}",
                f'source.yml:3:{column}: M403 jwt has both "detached" and "{key}"; '
                "a detached token has no claims, it signs the body: keep one",
            )
            for place, more, key, column in (
                ("body: true, ", "", "body", 22),
                ("header: X, ", ", claims: {iss: shop}", "claims", 69),
                ("header: X, ", ", max_age: 5m", "max_age", 70),
            )
        ),
        (
            "{body: true, algorithm: HS256, claims: {u: '{bodi}'}}",
            'source.yml:3:54: M405 unknown placeholder "{bodi}"; did you mean "body"?',
        ),
    ],
)
def test_what_is_wrong_with_a_scheme_is_found(scheme: str, finding: str) -> None:
    text = f"source: s\nsecret: ${{S}}\nverify: {{jwt: {scheme}}}\n"
    assert compile_text(text, {"S": SECRET})[1] == [finding]
