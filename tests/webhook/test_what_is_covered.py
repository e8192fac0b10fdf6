"""What a proof covers is the source's word: never the request's choice."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode

import pytest

from bridge.model import Request
from bridge.text.render import english
from bridge.webhook.source import Accepted, Refused, Source
from tests.webhook.support import NOW, compile_text, refused, request, source_of

SECRET = "correct horse battery staple"
OLD, NEW = b'{"id": "1", "sum": "10.00"}', b'{"id": "2", "sum": "99.00"}'
HEAD = {"alg": "HS256"}


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def mac(data: bytes) -> bytes:
    return hmac.digest(SECRET.encode(), data, "sha256")


def parts(content: bytes, **header: object) -> tuple[str, str, str]:
    head, middle = b64(json.dumps({**HEAD, **header}).encode()), b64(content)
    return head, middle, b64(mac(f"{head}.{middle}".encode()))


def sent(body: bytes, token: str, **more: str) -> Request:
    return request(body, {"X-Jws": token}, **more)


def of(keys: str, more: str = "") -> Source:
    return source_of(f"source: s\nsecret: ${{S}}\n{more}verify: {{{keys}}}\nevent: {{id: $.id}}", S=SECRET)


DETACHED = of("jwt: {header: X-Jws, algorithm: HS256, detached: true}")
ORDINARY = of("jwt: {header: X-Jws, algorithm: HS256}")


def test_a_detached_token_signs_the_body_that_it_came_with() -> None:
    head, _, signature = parts(OLD)
    assert isinstance(DETACHED.receive(sent(OLD, f"{head}..{signature}"), NOW), Accepted)
    assert refused(DETACHED.receive(sent(NEW, f"{head}..{signature}"), NOW)).code == "signature"


def test_the_old_body_in_the_tokens_middle_does_not_sign_a_new_one() -> None:
    forged = ".".join(parts(OLD))
    reception = refused(DETACHED.receive(sent(NEW, forged), NOW))
    assert (reception.code, english(reception.detail)) == (
        "malformed",
        "the token has a middle part; a detached token has none",
    )
    assert isinstance(DETACHED.receive(sent(OLD, forged), NOW), Refused)


def test_without_the_owners_word_a_detached_token_is_refused_whole() -> None:
    head, _, signature = parts(OLD)
    reception = refused(ORDINARY.receive(sent(OLD, f"{head}..{signature}"), NOW))
    assert (reception.code, english(reception.detail)) == (
        "malformed",
        "the token has no claims; write detached: true if it signs the body",
    )


@pytest.mark.parametrize("source", [DETACHED, ORDINARY], ids=["detached", "ordinary"])
def test_a_token_names_neither_its_key_nor_what_is_signed(source: Source) -> None:
    other = b"another key"
    headers: tuple[dict[str, object], ...] = (
        {"jwk": {"kty": "oct", "k": b64(other)}},
        {"kid": "../../dev/null"},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"crit": []},
        {"alg": "none"},
        {"alg": ["HS256"]},
        {"alg": "hs256"},
    )
    for header in headers:
        head = b64(json.dumps({**HEAD, **header}).encode())
        for middle, signed in (("", b64(NEW)), (b64(NEW), b64(NEW)), ("", NEW.decode())):
            for key in (other, b""):
                signature = b64(hmac.digest(key, f"{head}.{signed}".encode(), "sha256"))
                assert isinstance(source.receive(sent(NEW, f"{head}.{middle}.{signature}"), NOW), Refused)


def test_an_empty_body_is_signed_by_a_detached_token_only() -> None:
    head, _, signature = parts(b"")
    source = of("jwt: {header: X-Jws, algorithm: HS256, detached: true}", "body: form\n")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert isinstance(source.receive(request(b"", {"X-Jws": f"{head}..{signature}", **form}), NOW), Accepted)
    assert refused(source.receive(request(b"id=1", {"X-Jws": f"{head}..{signature}", **form}), NOW))


def test_a_claim_that_is_missing_does_not_equal_a_field_that_was_not_sent() -> None:
    source = of('jwt: {form: token, algorithm: HS256, claims: {id: "{form:invoice}"}}', "body: form\n")

    def hook(claims: dict[str, str], *fields: str) -> Request:
        token = ".".join(parts(json.dumps(claims).encode()))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return request("&".join((f"token={token}", *fields)), headers)

    assert isinstance(source.receive(hook({"id": "7"}, "invoice=7"), NOW), Accepted)
    for wrong in (hook({}, "sum=99"), hook({"id": ""}, "invoice="), hook({"id": ""}), hook({"x": "7"})):
        assert refused(source.receive(wrong, NOW)).code == "claims"


def test_a_hash_without_the_place_of_its_secret_is_refused() -> None:
    source = of("hash: {algorithm: sha256, message: {substitute: '{secret}'}, signature: {header: X-Jws}}")
    forged = hashlib.sha256(NEW).hexdigest()
    assert refused(source.receive(sent(NEW, forged), NOW)).code == "malformed"


SIGNED = "{algorithm: sha256, signature: {header: X-Jws}}"


@pytest.mark.parametrize(
    "scheme", [f"hmac: {SIGNED}", "jwt: {header: X-Jws, algorithm: HS256, detached: true}"]
)
def test_a_signed_body_does_not_vouch_for_an_event_in_the_url(scheme: str) -> None:
    source = of(scheme, "body: [json, query]\nmethods: [POST, GET]\n")
    head, _, detached = parts(OLD)
    proof = mac(OLD).hex() if scheme.startswith("hmac") else f"{head}..{detached}"
    assert isinstance(source.receive(sent(OLD, proof), NOW), Accepted)
    moved = sent(OLD, proof, method="GET", query="id=2&sum=99.00")
    assert refused(source.receive(moved, NOW)).code == "kind"


def test_a_signed_url_vouches_for_an_event_in_it() -> None:
    keys = "hmac: {algorithm: sha256, message: '{query}.{body}', signature: {header: X-Jws}}"
    source = of(keys, "body: [json, query]\nmethods: [POST, GET]\n")
    hook = sent(b"", mac(b"id=2&sum=99.00.").hex(), method="GET", query="id=2&sum=99.00")
    assert isinstance(source.receive(hook, NOW), Accepted)


@pytest.mark.parametrize(
    ("message", "place", "found"),
    [
        ("{header:X-Id}", "header: X-Digest", True),
        ("{header:X-Id}.{header:x-digest}", "header: X-Digest", False),
        ("{header:X-Id}.{body}", "header: X-Digest", False),
        ("{header:X-Id}", "query: digest", True),
        ("{query}", "query: digest", False),
        ("{query:digest}", "query: digest", False),
    ],
)
def test_a_digest_that_no_signature_covers_is_found(message: str, place: str, found: bool) -> None:
    _, findings = compile_text(
        "source: s\nsecret: ${S}\nverify:\n  hmac:\n    algorithm: sha256\n"
        f"    message: '{message}'\n    signature: {{header: X-Sign}}\n"
        f"    body_digest: {{{place}, algorithm: sha256}}\n",
        {"S": SECRET},
    )
    assert [finding for finding in findings if "W513" in finding] == (findings if found else [])
    assert bool(findings) is found


def test_a_secret_of_which_nothing_is_left_is_found() -> None:
    for secret, key in (("whsec_", "{strip: whsec_}"), ("whsec_", "{strip: whsec_, hash: sha256}")):
        _, findings = compile_text(
            "source: s\nsecret: ${S}\n"
            f"verify: {{hmac: {{algorithm: sha256, key: {key}, signature: {{header: X}}}}}}\n",
            {"S": secret},
        )
        assert findings == [
            'source.yml:2:9: M407 nothing of the secret is left after "whsec_", so anyone could sign'
        ]
