"""Signatures with public keys, static and certified. Keys are made here; no network is asked."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bridge.reasons.webhooks import WebhookCode
from bridge.text.render import english
from bridge.webhook.incoming import Trust
from bridge.webhook.source import Accepted, Refused, Source
from tests.webhook.support import NOW, compile_text, refused, request, source_of

BODY = b'{"id": 1}'
ED = ed25519.Ed25519PrivateKey.generate()
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def der(key: Any) -> bytes:
    data: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def pem(key: Any) -> str:
    data: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return data.decode()


def ec_raw(data: bytes) -> bytes:
    r, s = utils.decode_dss_signature(EC.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def source(algorithm: str, key: str, more: str = "", encoding: str = "base64") -> Source:
    place = f"{{header: X-Sign, encoding: {encoding}}}"
    keys = f"algorithm: {algorithm}, message: '{{header:X-Time}}{{body}}', signature: {place}{more}"
    return source_of(f"source: s\nsecret: ${{K}}\nverify: {{signature: {{{keys}}}}}", K=key)


@dataclass(frozen=True)
class Kind:
    algorithm: str
    sign: Callable[[bytes], bytes]
    key: Any
    more: str = ""


KINDS = {
    "ed25519": Kind("ed25519", ED.sign, ED),
    "ecdsa": Kind("ecdsa-p256", lambda data: EC.sign(data, ec.ECDSA(hashes.SHA256())), EC),
    "ecdsa raw": Kind("ecdsa-p256", ec_raw, EC, ", format: raw"),
    "rsa": Kind("rsa-sha256", lambda data: RSA.sign(data, padding.PKCS1v15(), hashes.SHA256()), RSA),
    "rsa-sha1": Kind("rsa-sha1", lambda data: RSA.sign(data, padding.PKCS1v15(), hashes.SHA1()), RSA),  # noqa: S303
    "rsa-sha512": Kind("rsa-sha512", lambda data: RSA.sign(data, padding.PKCS1v15(), hashes.SHA512()), RSA),
}
all_kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@all_kinds
def test_an_honest_signature_is_taken_with_a_key_in_any_wrapping(kind: Kind) -> None:
    webhook = request(BODY, {"X-Time": "17", "X-Sign": b64(kind.sign(b"17" + BODY))})
    keys = [pem(kind.key), pem(kind.key).replace("\n", "\\n"), b64(der(kind.key)), der(kind.key).hex()]
    for key in keys:
        reception = source(kind.algorithm, key, kind.more).receive(webhook, NOW)
        assert isinstance(reception, Accepted)
        assert english(reception.verified) == f"signature {kind.algorithm}"


@all_kinds
def test_a_forged_signature_is_refused(kind: Kind) -> None:
    honest = b64(kind.sign(b"17" + BODY))
    checked = source(kind.algorithm, pem(kind.key), kind.more)
    for sign in ("", "AAAA", b64(b"\0" * 64), b64(kind.sign(b"18" + BODY)), honest[:-4], honest.swapcase()):
        webhook = request(BODY, {"X-Time": "17", "X-Sign": sign})
        assert refused(checked.receive(webhook, NOW)).status == 401
    for webhook in (
        request(BODY + b" ", {"X-Time": "17", "X-Sign": honest}),
        request(BODY, {"X-Time": "18", "X-Sign": honest}),
        request(BODY, {"X-Time": "17"}),
        request(BODY, (("X-Time", "17"), ("X-Sign", honest), ("X-Sign", honest))),
    ):
        assert refused(checked.receive(webhook, NOW)).status == 401


def test_a_raw_ed25519_key_may_be_base64_or_hex_with_a_beginning_to_strip() -> None:
    raw = ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    webhook = request(BODY, {"X-Sign": ED.sign(BODY).hex()})
    for key, more in ((raw.hex(), ""), (b64(raw), ""), ("whpk_" + b64(raw), ", key: {strip: whpk_}")):
        assert isinstance(source("ed25519", key, more, "hex").receive(webhook, NOW), Accepted)


def test_a_public_key_is_no_secret_and_may_be_written_in_the_file() -> None:
    place = "{header: X, encoding: hex}"
    text = f"source: s\nverify: {{signature: {{algorithm: ed25519, public_key: %s, signature: {place}}}}}"
    raw = ED.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    for checked in (source_of(text % raw), source_of(text % "'${K}'", K=raw)):
        assert isinstance(checked.receive(request(BODY, {"X": ED.sign(BODY).hex()}), NOW), Accepted)


@pytest.mark.parametrize(
    ("algorithm", "key", "why"),
    [
        ("ed25519", pem(RSA), "it is not a key for ed25519"),
        ("rsa-sha256", pem(EC), "it is not a key for rsa-sha256"),
        ("ecdsa-p256", pem(ec.generate_private_key(ec.SECP384R1())), "it is not a key for ecdsa-p256"),
        ("rsa-sha256", "nonsense!", "it is neither PEM nor hex nor base64 nor JWK"),
    ],
)
def test_a_key_of_another_kind_is_a_finding(algorithm: str, key: str, why: str) -> None:
    verify = f"{{signature: {{algorithm: {algorithm}, signature: {{header: X}}}}}}"
    _, findings = compile_text(f"source: s\nsecret: ${{K}}\nverify: {verify}", {"K": key})
    assert findings == [f"source.yml:2:9: M407 the public key cannot be used: {why}"]


AT = datetime.fromtimestamp(NOW / 1000, UTC)


def certificate(
    key: Any,
    names: list[str],
    issuer: Any = None,
    issuer_key: Any = None,
    *,
    ca: bool = False,
    days: int = 30,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=2))
        .not_valid_after(AT + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    signer = issuer_key or key
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    if ca:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
    return builder.sign(signer, hashes.SHA256())


def text(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


ROOT_KEY = rsa.generate_private_key(65537, 2048)
ROOT = certificate(ROOT_KEY, ["Root"], ca=True, days=3_000)
LEAF = certificate(RSA, ["messages.paypal.com"], ROOT, ROOT_KEY)
URL = "https://api.paypal.com/certs/1"
PAYPAL = "source: s\nprofile: paypal\nsecret: ${ID}\n"


def delivery(url: str = URL, key: Any = RSA, body: bytes = BODY) -> Any:
    message = b"t-1|2023-11-14T22:13:20Z|WH-1|%d" % zlib.crc32(body)
    return request(
        body,
        {
            "PAYPAL-TRANSMISSION-ID": "t-1",
            "PAYPAL-TRANSMISSION-TIME": "2023-11-14T22:13:20Z",
            "PAYPAL-TRANSMISSION-SIG": b64(key.sign(message, padding.PKCS1v15(), hashes.SHA256())),
            "PAYPAL-CERT-URL": url,
        },
    )


def trust(*chain: x509.Certificate, roots: bytes = text(ROOT)) -> Trust:
    return Trust(lambda _: text(*chain), lambda: roots)


def test_a_signature_is_taken_by_the_certificate_that_the_sender_names() -> None:
    checked = source_of(PAYPAL, ID="WH-1")
    assert isinstance(checked.receive(delivery(), NOW, trust(LEAF)), Accepted)
    assert isinstance(checked.receive(delivery(), NOW, trust(LEAF, ROOT)), Accepted)
    forged = replace(delivery(), body=BODY + b" ")
    assert refused(checked.receive(forged, NOW, trust(LEAF))).code == "signature"
    assert refused(source_of(PAYPAL, ID="WH-2").receive(delivery(), NOW, trust(LEAF))).code == "signature"


@pytest.mark.parametrize(
    "url",
    [
        "http://api.paypal.com/certs/1",
        "https://evil.example/certs/1",
        "https://api.paypal.com.evil.example/1",
        "https://evil.example/api.paypal.com",
        "https://api.paypal.com@evil.example/1",
        "https://api.paypal.com:8443/1",
        "https://api.paypal.com:x/1",
        "https://api.pаypal.com/1",
        "file:///etc/passwd",
        "",
        "https://[",
        "https://evil.example\\.paypal.com/1",
        "https://evil.example\\@api.paypal.com/1",
        "https://api.paypal.com\\@evil.example/1",
        "https://evil.example .api.paypal.com/1",
        "https://api.paypal.com\t/1",
        "https://api.paypal.com/1\r\nX: y",
    ],
)
def test_certificates_are_fetched_from_allowed_hosts_only(url: str) -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return text(LEAF)

    reception = source_of(PAYPAL, ID="WH-1").receive(delivery(url), NOW, Trust(fetch, lambda: text(ROOT)))
    assert isinstance(reception, Refused)
    assert reception.status == 401
    assert asked == []


def test_a_certificate_that_cannot_be_had_makes_the_sender_come_again() -> None:
    refusal = refused(source_of(PAYPAL, ID="WH-1").receive(delivery(), NOW))
    assert (refusal.status, english(refusal.detail)) == (
        503,
        f"the certificate at {URL} cannot be fetched now",
    )


def test_a_certificate_that_is_not_to_be_trusted_is_refused() -> None:
    checked = source_of(PAYPAL, ID="WH-1")
    other_key = rsa.generate_private_key(65537, 2048)
    other_root = certificate(other_key, ["Root"], ca=True)
    cases = {
        "of another authority": trust(certificate(RSA, ["messages.paypal.com"], other_root, other_key)),
        "signed by itself": trust(certificate(RSA, ["messages.paypal.com"])),
        "of another name": trust(certificate(RSA, ["messages.evil.example"], ROOT, ROOT_KEY)),
        "expired": trust(certificate(RSA, ["messages.paypal.com"], ROOT, ROOT_KEY, days=-1)),
        "by a leaf as authority": trust(certificate(RSA, ["a.paypal.com"], LEAF, RSA), LEAF),
        "no certificate": Trust(lambda _: b"nonsense", lambda: text(ROOT)),
        "empty": Trust(lambda _: b"", lambda: text(ROOT)),
        "too many": trust(*[LEAF] * 9),
        "no authority at all": trust(LEAF, roots=b""),
    }
    for why, given in cases.items():
        refusal = refused(checked.receive(delivery(), NOW, given))
        assert (refusal.status, refusal.code) == (401, "certificate"), why
        assert refusal.detail.code is WebhookCode.CERTIFICATE_UNTRUSTED, why


def test_a_leaf_among_the_trusted_needs_no_chain_while_it_is_valid() -> None:
    checked = source_of(PAYPAL, ID="WH-1")
    own = certificate(RSA, ["messages.paypal.com"])
    assert isinstance(checked.receive(delivery(), NOW, trust(own, roots=text(own))), Accepted)
    later = NOW + 31 * 86_400_000
    assert refused(checked.receive(delivery(), later, trust(own, roots=text(own)))).code == "certificate"


def test_a_certificate_with_a_key_of_another_kind_is_refused() -> None:
    own = certificate(EC, ["messages.paypal.com"], ROOT, ROOT_KEY)
    refusal = refused(source_of(PAYPAL, ID="WH-1").receive(delivery(), NOW, trust(own)))
    assert english(refusal.detail) == "the certificate holds no key for rsa-sha256"


def test_a_certificate_may_be_named_in_the_body() -> None:
    checked = source_of(
        "source: s\nverify:\n  signature:\n    algorithm: rsa-sha1\n"
        "    certificate: {json: $.CertURL, hosts: [sns.*.example.com], names: [sns.example.com]}\n"
        "    message: '{$.Message}'\n    signature: {json: $.Signature, encoding: base64}\n"
    )
    leaf = certificate(RSA, ["sns.example.com"], ROOT, ROOT_KEY)
    sign = b64(RSA.sign(b"hello", padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303
    good = {"Message": "hello", "Signature": sign, "CertURL": "https://sns.eu-1.example.com/c.pem"}
    assert isinstance(checked.receive(request(json.dumps(good)), NOW, trust(leaf)), Accepted)
    for name in (
        "https://a.b.example.com/c.pem",
        "https://sns.example.com/c",
        "https://sns.a.b.example.com/c",
        7,
    ):
        forged = request(json.dumps({**good, "CertURL": name}))
        assert isinstance(checked.receive(forged, NOW, trust(leaf)), Refused)
