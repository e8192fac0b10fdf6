"""Decodes compact JSON web tokens (RFC 7515, 7519), without verifying them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from decimal import Decimal

from bridge.errors import DocumentError
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.decode.encodings import decode_bytes
from bridge.webhook.decode.json_body import read_json

_LAST_MOMENT = 10**12
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)")


@dataclass(frozen=True, slots=True)
class Token:
    """The decoded parts of a token, not verified."""

    header: dict[str, Json]
    payload: bytes
    signature: bytes
    text: str

    @property
    def detached(self) -> bool:
        """Whether the payload is empty, as in appendix F of RFC 7515."""
        return ".." in self.text

    def signed(self) -> bytes:
        """The bytes that the signature of a token with payload covers."""
        return self.text.rpartition(".")[0].encode()

    def signed_with(self, content: bytes) -> bytes:
        """The bytes that the signature of a detached token covers: with the content as payload."""
        head, _, _ = self.text.partition(".")
        return f"{head}.{urlsafe_b64encode(content).decode().rstrip('=')}".encode()


def read_token(text: str) -> Token:
    """Decode a token. Raises DocumentError if it is malformed, or has critical extensions (`crit`)."""
    match = _COMPACT.fullmatch(text)
    parts = [decode_bytes(part, "base64url") if part else b"" for part in match.groups()] if match else []
    if not match or None in parts:
        raise DocumentError(Reason(WebhookCode.JWT_MALFORMED))
    head, payload, signature = (part or b"" for part in parts)
    header = read_json(head)
    if not isinstance(header, dict) or "crit" in header:
        raise DocumentError(Reason(WebhookCode.JWT_HEADER))
    return Token(header, payload, signature, text)


def read_claims(token: Token) -> Json:
    """The payload of the token. Raises DocumentError if it is not JSON, as in a detached token."""
    return read_json(token.payload)


def seconds(value: Json) -> float | None:
    """A time among the claims, in unix seconds; None if the value is no time."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return float(value) if abs(Decimal(value)) < _LAST_MOMENT else None
