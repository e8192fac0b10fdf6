"""Keeping a token out of every text that people or files may see. Pure, and linear in the text."""

from __future__ import annotations

import html
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from bridge.reasons.reason import Param, Reason
from bridge.regex import Regex, escaped, own_regex

MASK: Final = "•••"
CUT_LETTER: Final = r"(?:%[0-9a-fA-F]{0,3}|\\[u0-9a-fA-F]{0,5}|&[#0-9A-Za-z]{0,8})?"
"""What is left of an encoded letter where a text ends."""
TRACE: Final = 4
"""Characters of a token's beginning that are masked, too, where a text was cut inside the token."""
LONGEST: Final = 300
"""Characters of a token that a pattern spells out: RE2 limits a pattern's depth. Of a longer token these are
enough to know it by, and what follows is masked to the end of the word."""


def mask(text: str, token: str) -> str:
    """The text without the token as it is and as URLs spell it, each letter as URLs, JSON or HTML spell that.

    What no database stores is replaced, too.
    """
    if not text:
        return text
    text = storable(text)
    for pattern in spellings(storable(token)):
        text = pattern.sub(lambda _: MASK, text)
    return text


def masked(reason: Reason, token: str) -> Reason:
    """The reason with each text of it masked."""
    return Reason(reason.code, **{name: _masked(value, token) for name, value in reason.params.items()})


def _masked(value: Param, token: str) -> Param:
    if isinstance(value, str):
        return mask(value, token)
    if isinstance(value, tuple):
        return tuple(_masked(one, token) for one in value)
    return masked(value, token) if isinstance(value, Reason) else value


def storable(text: str) -> str:
    """With U+FFFD for NUL and halves of surrogate pairs, which no database's text column takes."""
    text = text.replace("\x00", "\ufffd")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@lru_cache(maxsize=64)
def spellings(token: str) -> tuple[Regex, ...]:
    """What finds the token, and what finds it as URLs spell it where that differs; nothing finds no token."""
    spelled_so = dict.fromkeys((token, quote(token, safe="", errors="replace")) if token else ())
    return tuple(spelled(one) for one in spelled_so)


def spelled(token: str) -> Regex:
    """Matches the whole token anywhere, and a beginning of it at the end of a text."""
    letters = [letter_spelled(letter) for letter in token[:LONGEST]]
    more = r"[^\s\"'<>]*" if len(token) > LONGEST else ""
    first, rest = letters[:TRACE], letters[TRACE:]
    beginning = "".join(first) + "".join(f"(?:{letter}" for letter in rest) + ")?" * len(rest)
    return own_regex(f"{''.join(letters)}{more}|{beginning}{CUT_LETTER}\\z")


def letter_spelled(letter: str) -> str:
    """One letter as it is, percent-encoded once or twice, escaped as in JSON, or as an HTML entity."""
    encoded = "".join(f"%(?:25)?{byte:02x}" for byte in letter.encode("utf-8", errors="replace"))
    code = ord(letter)
    unescaped = {escaped(letter), escaped(html.escape(letter)), escaped(f"\\{letter}")}
    coded = [encoded, f"\\\\+u{code:04x}", f"&#0*{code};", f"&#x0*{code:x};"]
    return f"(?:{'|'.join(sorted(unescaped, key=len, reverse=True))}|(?i:{'|'.join(coded)}))"
