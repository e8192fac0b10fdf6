"""Reads quoted names and texts, with the escapes of RFC 9535, section 2.3.1.1."""

from __future__ import annotations

import re
from typing import Final

from bridge.jsonpath.ast import PathError
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

_PLAIN: Final = {"'": re.compile(r"[^'\\\x00-\x1f]+"), '"': re.compile(r'[^"\\\x00-\x1f]+')}
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
_UNIT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")


def unquote(text: str, start: int) -> tuple[str, int]:
    """The text of the quotes at `start`, and the position after them. Raises PathError."""
    quote, position = text[start], start + 1
    pieces: list[str] = []
    while not text.startswith(quote, position):
        if plain := _PLAIN[quote].match(text, position):
            piece, position = plain[0], plain.end()
        elif text.startswith("\\", position):
            piece, position = _escape(text, position, quote)
        elif position >= len(text):
            raise PathError(Reason(FindingCode.PATH_QUOTE_NOT_CLOSED, quote=quote), offset=start)
        else:
            escape = f"\\u{ord(text[position]):04x}"
            raise PathError(Reason(FindingCode.PATH_CONTROL_CHARACTER, escape=escape), offset=position)
        pieces.append(piece)
    return "".join(pieces), position + 1


def _escape(text: str, position: int, quote: str) -> tuple[str, int]:
    character = text[position + 1 : position + 2]
    if character == quote:
        return quote, position + 2
    if character in _SHORT:
        return _SHORT[character], position + 2
    if unit := _UNIT.match(text, position):
        return _character(text, int(unit[1], 16), position)
    reason = Reason(FindingCode.PATH_UNKNOWN_ESCAPE, escape=f"\\{character}")
    raise PathError(reason, offset=position, cure=Reason(FindingCode.HINT_BACKSLASH))


def _character(text: str, unit: int, position: int) -> tuple[str, int]:
    """The character of one escape, or of two if the first is half of a surrogate pair."""
    if not 0xD800 <= unit <= 0xDFFF:
        return chr(unit), position + 6
    second = _UNIT.match(text, position + 6)
    low = int(second[1], 16) if second else 0
    if unit > 0xDBFF or not 0xDC00 <= low <= 0xDFFF:
        raise PathError(Reason(FindingCode.PATH_SURROGATE), offset=position)
    return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), position + 12
