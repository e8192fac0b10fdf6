"""Keeping a token out of every text that people or files may see. Pure."""

from __future__ import annotations

import html
import json
from urllib.parse import quote

MASK = "•••"
SHORTEST_TRACE = 4
"""Characters of a token's beginning, at the end of a text that was cut, that are masked as well."""


def mask(text: str, token: str) -> str:
    """The text without the token, however it may be spelled: as it is, percent-encoded, in JSON or HTML.

    NUL is dropped too: no database's text column would take it.
    """
    text = text.replace("\x00", "�")
    if not token:
        return text
    for spelling in spellings(token):
        text = text.replace(spelling, MASK)
        text = without_beginning(text, spelling)
    return text


def spellings(token: str) -> list[str]:
    """Longest first, so that no spelling is left half masked."""
    encoded = quote(token, safe="")
    in_json = json.dumps(token)[1:-1]
    ways = {
        token,
        encoded,
        encoded.lower(),
        quote(token),
        in_json,
        in_json.replace("/", "\\/"),
        html.escape(token),
    }
    return sorted(ways, key=len, reverse=True)


def without_beginning(text: str, spelling: str) -> str:
    """A text that was cut in the middle of a token keeps nothing of it."""
    for length in range(min(len(spelling) - 1, len(text)), SHORTEST_TRACE - 1, -1):
        if text.endswith(spelling[:length]):
            return text[:-length] + MASK
    return text
