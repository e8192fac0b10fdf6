"""Compiles schemes with a shared secret: `hmac`, and `hash`, a digest of a text that contains the secret."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.jsonpath.brackets import NotAListError
from bridge.jsonpath.path import Path
from bridge.language.reader import Fields
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.decode.encodings import decode_bytes
from bridge.webhook.decode.urls import Urls, compile_urls
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.check import Check, check_by
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.locations import Place, compile_place
from bridge.webhook.verify.message import compile_message
from bridge.webhook.verify.signature_formats import (
    Found,
    Signature,
    Timestamp,
    compile_signature,
    compile_timestamp,
)
from bridge.webhook.verify.signed_message import OF_URL, Builder, Signing

LENGTHS = {"sha256": 32, "sha1": 20, "sha384": 48, "sha512": 64, "md5": 16, "ripemd160": 20}


Message: TypeAlias = Callable[[str, str], bytes]
"""The signed bytes for one secret and one spelling of the URL."""


@dataclass(frozen=True, slots=True)
class _BodyDigest:
    place: Place
    algorithm: str
    encoding: str
    prefix: str

    def check(self, incoming: Incoming) -> None:
        text = self.place.one(incoming).removeprefix(self.prefix)
        sent = decode_bytes(text, self.encoding) or b""
        if not hmac.compare_digest(sent, digest(self.algorithm, incoming.request.body)):
            raise DeniedError("body_digest", Reason(WebhookCode.BODY_DIGEST_DIFFERS, place=self.place.name))


def _signed_items(each: Path, incoming: Incoming) -> list[Json]:
    """The items that `split` finds: any other event would not be covered by a signature."""
    try:
        items = each.items(incoming.scope)
    except NotAListError:
        items = []
    if not items:
        raise DeniedError("missing", Reason(WebhookCode.NOTHING_SIGNED, path=each.text))
    return items


@dataclass(frozen=True, slots=True)
class Signed:
    """The common parts of schemes that sign a message: signature, message, timestamp."""

    signature: Signature
    message: Builder
    timestamp: Timestamp | None
    each: Path | None
    body_digest: _BodyDigest | None
    urls: Urls
    body_only: bool
    """Whether the message covers only the body, and nothing of the URL."""

    def run(self, incoming: Incoming, holds: Callable[[Found, Message], bool]) -> None:
        """Call `holds` for every signed item, with the signature and a builder (secret, url) → bytes."""
        if self.body_only:
            incoming.require_body()
        if self.body_digest is not None:
            self.body_digest.check(incoming)
        for item in [None] if self.each is None else _signed_items(self.each, incoming):
            self._item(incoming, item, holds)

    def _item(self, incoming: Incoming, item: Json, holds: Callable[[Found, Message], bool]) -> None:
        found = self.signature.read(incoming, item)
        timestamp = "" if self.timestamp is None else self.timestamp.read(incoming, item, found)

        def message(secret: str, url: str) -> bytes:
            return self.message.build(Signing(incoming, secret, timestamp, url, item, found.text))

        if not holds(found, message):
            place = self.signature.place.name
            raise DeniedError("signature", Reason(WebhookCode.SIGNATURE_DIFFERS, place=place))


def compile_signed(fields: Fields, context: CompileContext, length: int) -> Signed | None:
    """Compile the keys that `hmac`, `hash` and `signature` share. None after a finding."""
    each = context.path(fields.at("each"), fields["each"]) if fields["each"] else None
    if fields["each"] and each is None:
        return None
    message = compile_message(fields["message"], context)
    if fields["signature"] is None or message is None:
        return None
    signature = compile_signature(fields["signature"], context, length, per_item=each is not None)
    if signature is None:
        return None
    timestamp = compile_timestamp(fields["timestamp"], context, signature)
    body_digest = _body_digest(fields["body_digest"], context)
    urls = compile_urls(fields, context, needed=bool(message.uses & OF_URL))
    if (fields["timestamp"] and not timestamp) or (fields["body_digest"] and not body_digest):
        return None
    _warn_unsigned_timestamp(fields, context, message, timestamp)
    _warn_unsigned_digest(fields, context, message)
    return Signed(signature, message, timestamp, each, body_digest, urls, _is_body_only(message.uses))


def _is_body_only(uses: frozenset[str]) -> bool:
    beyond = uses & (OF_URL | {"query", "fields"}) or any(use.startswith(("query:", "$")) for use in uses)
    return not beyond and bool(uses & {"body", "decoded_body"})


def _warn_unsigned_digest(fields: Fields, context: CompileContext, message: Builder) -> None:
    place = fields["body_digest"]
    if place is None or message.uses & {"body", "decoded_body", "fields", "query"}:
        return
    sent = {f"header:{name.lower()}" for name in place["header"] or ()}
    if "query" in place:
        sent |= {f"query:{place['query'].lower()}", *OF_URL}
    if sent & {use.lower() for use in message.uses} or any(use.startswith("$") for use in message.uses):
        return
    context.report.add(fields.at("body_digest"), "W513", Reason(WebhookCode.BAD_UNSIGNED_DIGEST))


def _warn_unsigned_timestamp(
    fields: Fields, context: CompileContext, message: Builder, timestamp: Timestamp | None
) -> None:
    if timestamp is None or "timestamp" in message.uses:
        return
    place = fields["timestamp"]
    sent = {f"header:{name.lower()}" for name in place["header"] or ()}
    if sent & {use.lower() for use in message.uses}:
        return
    if "header" in place or "query" in place or "pick" in place:
        reason = Reason(WebhookCode.BAD_UNSIGNED_TIMESTAMP, placeholder="{timestamp}")
        context.report.add(fields.at("timestamp"), "W511", reason)


def _body_digest(fields: Fields | None, context: CompileContext) -> _BodyDigest | None:
    if fields is None:
        return None
    place = compile_place(fields, context, "body_digest")
    if place is None:
        return None
    return _BodyDigest(place, fields["algorithm"], fields["encoding"], fields["prefix"])


def compile_hmac(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `hmac:`. None after a finding."""
    algorithms = fields["algorithm"]
    secrets = context.secrets_of(fields, "hmac")
    keys = [key for secret in secrets if (key := read_secret(fields, secret, context))]
    signed = compile_signed(fields, context, _length(algorithms))
    if not algorithms or signed is None or not keys or len(keys) < len(secrets):
        return None
    pairs = tuple(zip(secrets, keys, strict=True))

    def holds(found: Found, message: Message, urls: tuple[str, ...]) -> bool:
        messages = [(key, message(secret, url)) for secret, key in pairs for url in urls]
        return matches(
            found.candidates, [keyed(one, key, data) for one in algorithms for key, data in messages]
        )

    return _check(Reason(WebhookCode.BY_HMAC, algorithms=algorithms), signed, holds)


def compile_hash(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `hash:`; a message without the secret is a finding, since anyone could make the digest."""
    algorithms = fields["algorithm"]
    secrets = context.secrets_of(fields, "hash")
    signed = compile_signed(fields, context, _length(algorithms))
    if not algorithms or signed is None or not secrets:
        return None
    if not any(use == "secret" or use.startswith("secret:") for use in signed.message.uses):
        reason = Reason(WebhookCode.BAD_HASH_WITHOUT_SECRET, placeholder="{secret}")
        context.report.add(fields.at("message"), "M406", reason)
        return None

    def holds(found: Found, message: Message, urls: tuple[str, ...]) -> bool:
        messages = [message(secret, url) for secret in secrets for url in urls]
        return matches(found.candidates, [digest(one, data) for one in algorithms for data in messages])

    return _check(Reason(WebhookCode.BY_HASH, algorithms=algorithms), signed, holds)


def _length(algorithms: tuple[str, ...] | None) -> int:
    """The length of the digest in bytes; 0 if several are possible."""
    return LENGTHS[algorithms[0]] if algorithms is not None and len(algorithms) == 1 else 0


def _check(
    verified: Reason,
    signed: Signed,
    holds: Callable[[Found, Message, tuple[str, ...]], bool],
) -> Check:
    def prove(incoming: Incoming) -> None:
        urls = signed.urls.spellings(incoming)
        signed.run(incoming, lambda found, message: holds(found, message, urls))

    return check_by(verified, prove)


def matches(candidates: tuple[bytes, ...], made: list[bytes]) -> bool:
    """Whether any candidate equals a computed digest. All pairs are compared, each in constant time."""
    return sum(hmac.compare_digest(candidate, own) for candidate in candidates for own in made) > 0


def digest_text(data: bytes, encoding: str) -> str:
    """A digest in an encoding that senders use."""
    if encoding == "hex":
        return data.hex()
    if encoding == "base64_hex":
        data = data.hex().encode()
    encode = urlsafe_b64encode if encoding == "base64url" else b64encode
    return encode(data).decode()


def digest(algorithm: str, data: bytes) -> bytes:
    """The digest of the data."""
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def keyed(algorithm: str, key: bytes, data: bytes) -> bytes:
    """The HMAC (RFC 2104) of the data."""
    return hmac.digest(key, data, algorithm)


def read_secret(fields: Fields, secret: str, context: CompileContext) -> bytes | None:
    """The key from a secret's text, decoded as in `key:`. None after a finding."""
    table = fields["key"]
    if table is None:
        return secret.encode()
    text = secret.removeprefix(table["strip"])
    key = text.encode() if table["encoding"] == "text" else decode_bytes(text, table["encoding"])
    if key is None and secret == context.reader.placeholder:
        key = secret.encode()
    if key is None:
        reason = Reason(WebhookCode.BAD_SECRET_ENCODING, encoding=table["encoding"])
        context.report.add(context.secret_at(fields), "M407", reason)
        return None
    if not key:
        reason = Reason(WebhookCode.BAD_SECRET_EMPTY, prefix=table["strip"])
        context.report.add(context.secret_at(fields), "M407", reason)
        return None
    return digest(table["hash"], key) if table["hash"] else key
