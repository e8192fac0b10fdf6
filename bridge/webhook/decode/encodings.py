"""Decodes hexadecimal and base64 strictly: each value has exactly one accepted spelling."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_URL_SAFE = str.maketrans("+/-_", "!!+/")


def decode_bytes(text: str, encoding: str, *, padded: bool = False) -> bytes | None:
    """Decode a text in hex, base64 or base64url; None if it is invalid.

    With `padded`, base64 needs its `=`, so that there is one spelling; base64url may omit it.
    """
    if encoding == "hex":
        return bytes.fromhex(text) if _HEX.fullmatch(text) else None
    if encoding == "base64_hex":
        inner = decode_bytes(text, "base64", padded=padded)
        return None if inner is None else decode_bytes(inner.decode("latin-1"), "hex")
    if encoding == "base64url":
        text = text.translate(_URL_SAFE)
    if not _BASE64.fullmatch(text):
        return None
    bare = text.rstrip("=")
    full = bare + "=" * (-len(bare) % 4)
    if text != full and (text != bare or (padded and encoding == "base64")):
        return None
    try:
        data = b64decode(full, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if b64encode(data).decode() == full else None
