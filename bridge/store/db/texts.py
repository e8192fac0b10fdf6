"""Converts values to texts that the text columns of both databases accept."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from bridge.jsonpath.exact_numbers import to_json
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.stored import to_text

_EMPTY: dict[type[Any], str] = {dict: "{}", list: "[]", tuple: "[]"}


def plain(text: str) -> str:
    """The text with NUL and lone surrogates escaped, which text columns do not accept."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def document_text(document: Json) -> str:
    """The document as JSON, with lone surrogates as JSON escapes."""
    if not document and type(document) in _EMPTY:
        return _EMPTY[type(document)]
    text = to_json(document)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def reason_text(reason: Reason | None) -> str:
    """A reason as JSON, which `reasons.stored.from_text` reads; empty for none."""
    return plain(to_text(reason))


verified_text = lru_cache(maxsize=256)(reason_text)
"""`reason_text` with a cache, for how senders were verified: few values, stored with every event."""
