"""Keeping a token out of every text that people or files may see. Pure."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

MASK: Final = "•••"
CUT_LETTER: Final = r"(?:%[0-9a-fA-F]{0,3}|\\[u0-9a-fA-F]{0,5}|&[#\w]{0,8})?"
"""What is left of an encoded letter where a text ends."""
TRACE: Final = 4
"""Characters of a token's beginning that are masked, too, where a text was cut inside the token."""


def mask(text: str, token: str) -> str:
    """The text without the token as it is and as URLs spell it, each letter as URLs, JSON or HTML spell that.

    NUL goes too: no database's text column would take it.
    """
    text = text.replace("\x00", "\ufffd")
    for pattern in spellings(token):
        text = pattern.sub(MASK, text)
    return text


@lru_cache(maxsize=64)
def spellings(token: str) -> tuple[re.Pattern[str], ...]:
    """What finds the token, and what finds it as URLs spell it where that differs; nothing finds no token."""
    spelled_so = dict.fromkeys((token, quote(token, safe="", errors="replace")) if token else ())
    return tuple(spelled(one) for one in spelled_so)


def spelled(token: str) -> re.Pattern[str]:
    """Matches the whole token anywhere, and a beginning of it at the end of a text."""
    letters = [letter_spelled(letter) for letter in token]
    first, rest = letters[:TRACE], letters[TRACE:]
    beginning = "".join(first) + "".join(f"(?:{letter}" for letter in rest) + ")?" * len(rest)
    return re.compile(f"{''.join(letters)}|{beginning}{CUT_LETTER}\\Z")


def letter_spelled(letter: str) -> str:
    """One letter as it is, percent-encoded once or twice, escaped as in JSON, or as an HTML entity."""
    encoded = "".join(f"%(?:25)?{byte:02x}" for byte in letter.encode("utf-8", errors="replace"))
    code = ord(letter)
    unescaped = {re.escape(letter), re.escape(html.escape(letter)), re.escape(f"\\{letter}")}
    escaped = [encoded, f"\\\\+u{code:04x}", f"&#0*{code};", f"&#x0*{code:x};"]
    return f"(?:{'|'.join(sorted(unescaped, key=len, reverse=True))}|(?i:{'|'.join(escaped)}))"
