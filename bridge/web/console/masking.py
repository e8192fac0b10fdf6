"""Headers and parameters as they may be shown: what proves who sent a webhook is hidden. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

DOTS: Final = "••••••"
"""Stands for what is hidden."""
_HIDDEN = re.compile(
    r"(?i)auth|cookie|token|secret|sign|hmac|digest|password|passwd|api-?key|access-?key|credential|session|csrf"
)


def masked(pairs: Iterable[tuple[str, str]], also: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """Names and values, the secret ones masked; `also` are names that the source's `verify` reads."""
    secret = {name.lower() for name in also}
    return tuple(
        (name, _mask(value) if name.lower() in secret or _HIDDEN.search(name) else value)
        for name, value in pairs
    )


def masked_query(query: str, also: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """The parameters of a raw query string, the secret ones masked."""
    return masked(parse_qsl(query, keep_blank_values=True, errors="replace"), also)


def _mask(value: str) -> str:
    """A word in front, such as Bearer, stays; of the rest not even the length shows."""
    scheme, blank, rest = value.partition(" ")
    return f"{scheme} {DOTS}" if blank and scheme.isalpha() and rest else DOTS
