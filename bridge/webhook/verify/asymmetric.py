"""Compiles `signature:`: verifies signatures by the sender's public key or certificate."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from bridge.language.reader import Fields
from bridge.language.schema import SECRET
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext, both
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.certificates import CertificateError, covers, key_of_certificate
from bridge.webhook.verify.check import Check, check_by
from bridge.webhook.verify.digests import Signed, compile_signed
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.key_algorithms import AVAILABLE, Algorithm, PublicKey, UnfitKeyError, read_keys
from bridge.webhook.verify.locations import Place, header_place, in_document
from bridge.webhook.verify.signature_formats import Found

MAX_CERTIFICATE = 65_536
_URL = re.compile(r"https://[A-Za-z0-9.:-]+(?:[/?][!-\[\]_a-z~]*)?")

Keys = Callable[[Incoming], tuple[PublicKey, ...]]


def compile_asymmetric(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `signature:`; a finding if the optional package is not installed."""
    if not AVAILABLE:
        context.report.add(fields.node, "M413", Reason(WebhookCode.BAD_NO_EXTRA))
        return None
    signed = compile_signed(fields, context, 0)
    if fields["algorithm"] is None:
        return None
    algorithm = Algorithm(fields["algorithm"], raw=fields["format"] == "raw")
    if fields["certificate"] is None:
        secrets: tuple[str, ...] = ()
        keys = _static(fields, context, algorithm)
    else:
        secrets = _message_secrets(fields, context, signed)
        keys = _certified(fields, context, algorithm)
    if signed is None or keys is None:
        return None
    return _check(algorithm, signed, keys, secrets or ("",), waits=fields["certificate"] is not None)


def _check(
    algorithm: Algorithm, signed: Signed, keys: Keys, secrets: tuple[str, ...], *, waits: bool
) -> Check:
    def prove(incoming: Incoming) -> None:
        public = keys(incoming)
        urls = signed.urls.spellings(incoming)

        def holds(found: Found, message: Callable[[str, str], bytes]) -> bool:
            messages = [message(secret, url) for secret in secrets for url in urls]
            return any(
                algorithm.holds(key, candidate, data)
                for data in messages
                for key in public
                for candidate in found.candidates
            )

        signed.run(incoming, holds)

    return check_by(Reason(WebhookCode.BY_SIGNATURE, algorithm=algorithm.name), prove, waits=waits)


def _static(fields: Fields, context: CompileContext, algorithm: Algorithm) -> Keys | None:
    keys = static_keys(fields, context, algorithm)
    return None if keys is None else lambda _: keys


def static_keys(
    fields: Fields, context: CompileContext, algorithm: Algorithm
) -> tuple[PublicKey, ...] | None:
    """The keys of `public_key`, or of the source's secrets. None after a finding."""
    texts = _texts(fields, context)
    table = fields["key"]
    strip, encoding = (table["strip"], table["encoding"]) if table else ("", "text")
    keys: list[PublicKey] = []
    for text in texts:
        if text == context.reader.placeholder:
            continue
        try:
            keys += read_keys(text.removeprefix(strip), encoding, algorithm)
        except UnfitKeyError as error:
            at = fields.at("public_key") if "public_key" in fields else context.secret_at(fields)
            context.report.add(at, "M407", Reason(WebhookCode.BAD_PUBLIC_KEY, why=error.reason))
            return None
    return tuple(keys) if texts else None


def _texts(fields: Fields, context: CompileContext) -> tuple[str, ...]:
    if "public_key" not in fields:
        return context.secrets_of(fields, "signature")
    text: str = fields["public_key"] or ""
    if not text.startswith("${"):
        return (text,) if text else ()
    value = context.reader.value(fields.at("public_key"), SECRET)
    return (value,) if isinstance(value, str) else ()


def _message_secrets(fields: Fields, context: CompileContext, signed: Signed | None) -> tuple[str, ...]:
    needed = signed is not None and "secret" in signed.message.uses
    return context.secrets_of(fields, "signature") if needed else ()


@dataclass(frozen=True, slots=True)
class _Origin:
    """The allowed hosts and names of a sender's certificate, and where its URL is."""

    place: Place
    hosts: tuple[str, ...]
    names: tuple[str, ...]

    def key(self, incoming: Incoming) -> PublicKey:
        """The key of the certificate that the request names. Raises DeniedError if it cannot be trusted."""
        url = self.place.one(incoming)
        if not _allowed(url, self.hosts):
            raise DeniedError("certificate", Reason(WebhookCode.CERTIFICATE_HOST, url=repr(url[:100])))
        chain = incoming.trust.fetch(url)
        if chain is None:
            raise DeniedError("unavailable", Reason(WebhookCode.CERTIFICATE_UNAVAILABLE, url=url[:100]), 503)
        try:
            return key_of_certificate(
                chain[:MAX_CERTIFICATE], incoming.trust.roots(), self.names, incoming.now_ms
            )
        except CertificateError as error:
            reason = Reason(WebhookCode.CERTIFICATE_UNTRUSTED, why=error.reason)
            raise DeniedError("certificate", reason) from None


def _certified(fields: Fields, context: CompileContext, algorithm: Algorithm) -> Keys | None:
    table = fields["certificate"]
    place, hosts = _certificate_place(table, context), table["hosts"]
    if "public_key" in fields:
        context.report.add(fields.at("public_key"), "M403", both("signature", "certificate", "public_key"))
    if place is None or not hosts:
        return None
    origin = _Origin(place, hosts, table["names"] or hosts)

    def keys(incoming: Incoming) -> tuple[PublicKey, ...]:
        key = origin.key(incoming)
        if not algorithm.fits(key):
            reason = Reason(WebhookCode.CERTIFICATE_KEY, algorithm=algorithm.name)
            raise DeniedError("certificate", reason)
        return (key,)

    return keys


def _allowed(url: str, hosts: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "https" and port in (None, 443) and parts.username is None
    # The HTTP client may end the host at a backslash or blank where urlsplit does not: reject such URLs.
    plain = plain and _URL.fullmatch(url) is not None
    return plain and any(covers(pattern, parts.hostname or "") for pattern in hosts)


def _certificate_place(fields: Fields, context: CompileContext) -> Place | None:
    kind = context.one_of(fields, ("header", "json"), "certificate")
    if kind is None or not fields[kind]:
        return None
    name: str = fields[kind]
    if kind == "header":
        return Place(header_place((name,)), lambda incoming, _: incoming.header(name))
    path = context.path(fields.at(kind), name)
    return None if path is None else Place(name, in_document(path))
