"""Compiles `jwt:`: verifies the signature, times and claims of a JSON web token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.errors import DocumentError
from bridge.language.reader import Fields
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.decode.urls import Urls, compile_urls
from bridge.webhook.incoming import Incoming
from bridge.webhook.redaction.secrets import secret_places
from bridge.webhook.verify.asymmetric import static_keys
from bridge.webhook.verify.check import Check, check_by
from bridge.webhook.verify.digests import keyed, read_secret
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.jwt import Token, read_claims, read_token, seconds
from bridge.webhook.verify.key_algorithms import AVAILABLE, Algorithm
from bridge.webhook.verify.locations import PLACES, compile_place
from bridge.webhook.verify.signed_message import OF_URL, Builder, Signing, compile_text

_KEYED = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_PUBLIC = {"RS256": "rsa-sha256", "RS512": "rsa-sha512", "ES256": "ecdsa-p256", "EdDSA": "ed25519"}

Holds: TypeAlias = Callable[[bytes, bytes], bool]
"""Whether a signature is valid for these bytes."""


@dataclass(frozen=True, slots=True)
class _Times:
    """Limits on the times of a token, in seconds."""

    tolerance: int
    max_age: int | None

    def check(self, claims: dict[str, Json], now_ms: int) -> None:
        """Raise DeniedError if a token is expired, not yet valid, or lacks a required time."""
        now = now_ms / 1000
        ends, begins, made = (self._moment(claims, name) for name in ("exp", "nbf", "iat"))
        if self.max_age is not None:
            if made is None:
                raise DeniedError("timestamp", Reason(WebhookCode.JWT_UNDATED))
            ends = made + self.max_age if ends is None else min(ends, made + self.max_age)
        if ends is not None and now > ends + self.tolerance:
            raise DeniedError("stale", Reason(WebhookCode.JWT_ENDED, seconds=round(now - ends)))
        start = max(begins or 0, made or 0)
        if now < start - self.tolerance:
            raise DeniedError("stale", Reason(WebhookCode.JWT_EARLY, seconds=round(start - now)))

    @staticmethod
    def _moment(claims: dict[str, Json], name: str) -> float | None:
        moment = seconds(claims.get(name))
        if moment is None and name in claims:
            raise DeniedError("timestamp", Reason(WebhookCode.JWT_TIME_UNREADABLE, claim=name))
        return moment


@dataclass(frozen=True, slots=True)
class _Claims:
    """The required claims of a token."""

    wanted: tuple[tuple[str, Builder], ...]
    urls: Urls

    def check(self, claims: dict[str, Json], incoming: Incoming) -> None:
        """Raise DeniedError if a claim is missing or differs; of a list, one matching value is enough."""
        for name, template in self.wanted:
            own = [template.build(Signing(incoming, url=url)) for url in self.urls.spellings(incoming)]
            found = claims.get(name)
            # An empty claim never matches: it would equal a template whose field was not sent.
            texts = [
                text for value in (found if isinstance(found, list) else [found]) if (text := _text(value))
            ]
            if not sum(hmac.compare_digest(text, one) for text in texts for one in own):
                raise DeniedError("claims", Reason(WebhookCode.JWT_CLAIM_DIFFERS, claim=name))


def _text(value: Json) -> bytes:
    try:
        return b"" if value is None else text_of(value).encode()
    except Unusable:
        return b""


def compile_jwt(fields: Fields, context: CompileContext) -> Check | None:
    """Compile `jwt:`; a finding if it needs the optional package and that is not installed."""
    read, claims = _reader(fields, context), _claims(fields, context)
    algorithm: str | None = fields["algorithm"]
    holds = None if algorithm is None else _signature(algorithm, fields, context)
    detached = _detached(fields, context)
    if read is None or claims is None or holds is None or detached is None:
        return None
    times = _Times(fields["tolerance"], fields["max_age"])

    def prove(incoming: Incoming) -> None:
        token = _token(read(incoming))
        if token.header.get("alg") != algorithm:
            raise DeniedError("algorithm", Reason(WebhookCode.JWT_ALGORITHM, algorithm=algorithm))
        signed = _covered(token, incoming, detached=detached)
        if not holds(token.signature, signed):
            raise DeniedError("signature", Reason(WebhookCode.JWT_SIGNATURE))
        if not detached:
            found = _claims_of(token)
            times.check(found, incoming.now_ms)
            claims.check(found, incoming)

    # A detached token signs one body only; any other token is a secret that must not be shown.
    places = () if detached else secret_places(fields)
    return check_by(Reason(WebhookCode.BY_JWT, algorithm=algorithm), prove, places)


def _detached(fields: Fields, context: CompileContext) -> bool | None:
    """Whether the token signs the body instead of claims. None after a finding."""
    if not fields["detached"]:
        return False
    other = next((key for key in ("body", "claims", "max_age") if key in fields), None)
    if other is None:
        return True
    context.report.add(fields.at(other), "M403", Reason(WebhookCode.BAD_DETACHED_AND, key=other))
    return None


def _covered(token: Token, incoming: Incoming, *, detached: bool) -> bytes:
    """The signed bytes, as the source says. If the token decided, an old body could sign a new one."""
    if detached and not token.detached:
        raise DeniedError("malformed", Reason(WebhookCode.JWT_MIDDLE))
    if token.detached and not detached:
        raise DeniedError("malformed", Reason(WebhookCode.JWT_NO_CLAIMS))
    if not detached:
        return token.signed()
    incoming.require_body()
    return token.signed_with(incoming.request.body)


def _token(text: str) -> Token:
    try:
        return read_token(text)
    except DocumentError as error:
        raise DeniedError("malformed", error.reason) from None


def _claims_of(token: Token) -> dict[str, Json]:
    """The claims; empty if they are not JSON, which is reported when the body is decoded."""
    try:
        claims = read_claims(token)
    except DocumentError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _reader(fields: Fields, context: CompileContext) -> Callable[[Incoming], str] | None:
    if "body" in fields:
        if context.one_of(fields, (*PLACES, "body"), "jwt") is None:
            return None
        if fields["body"] is True:
            return lambda incoming: incoming.request.body.decode("latin-1").strip()
        context.report.add(
            fields.at("body"), "M402", Reason(WebhookCode.BAD_ONLY_TRUE, key="jwt", name="body")
        )
        return None
    place = compile_place(fields, context, "jwt", ("body",), as_sent=True)
    prefix: str = fields["prefix"]
    if place is None:
        return None

    def read(incoming: Incoming) -> str:
        text = place.one(incoming)
        if not text.startswith(prefix):
            reason = Reason(WebhookCode.JWT_PREFIX, place=place.name, prefix=repr(prefix))
            raise DeniedError("malformed", reason)
        return text[len(prefix) :]

    return read


def _claims(fields: Fields, context: CompileContext) -> _Claims | None:
    built = {
        name: compile_text(fields.at("claims"), text, context) for name, text in fields["claims"].items()
    }
    known = tuple((name, builder) for name, builder in built.items() if builder is not None)
    needed = any(builder.uses & OF_URL for _, builder in known)
    urls = compile_urls(fields, context, needed=needed)
    return None if len(known) < len(built) else _Claims(known, urls)


def _signature(name: str, fields: Fields, context: CompileContext) -> Holds | None:
    if name in _KEYED:
        return _shared(_KEYED[name], fields, context)
    if not AVAILABLE:
        context.report.add(fields.node, "M413", Reason(WebhookCode.BAD_NO_EXTRA))
        return None
    algorithm = Algorithm(_PUBLIC[name], raw=True)
    keys = static_keys(fields, context, algorithm)
    if keys is None:
        return None
    return lambda signature, data: any(algorithm.holds(key, signature, data) for key in keys)


def _shared(algorithm: str, fields: Fields, context: CompileContext) -> Holds | None:
    if "public_key" in fields:
        reason = Reason(WebhookCode.BAD_PUBLIC_KEY_OF_SHARED, algorithm=fields["algorithm"])
        context.report.add(fields.at("public_key"), "M403", reason)
        return None
    secrets = context.secrets_of(fields, "jwt")
    keys = [key for secret in secrets if (key := read_secret(fields, secret, context))]
    if not keys or len(keys) < len(secrets):
        return None
    return lambda signature, data: (
        sum(hmac.compare_digest(signature, keyed(algorithm, key, data)) for key in keys) > 0
    )
