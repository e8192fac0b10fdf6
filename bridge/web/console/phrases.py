"""What people decided, stored in English, in another language: found by the catalogue's own patterns."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from bridge.regex import Regex, escaped, own_regex
from bridge.text.console import Speech, speech

_NUMBER: Final = r"\d[\d.,]*"
LONGEST: Final = 1_000
"""Characters of a sentence that is looked at: what senders put into one must not hold up webhooks."""
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def retold(language: str, section: str, text: str) -> str | None:
    """The text in that language; None where it is none of the section's."""
    for name, pattern in _patterns(section):
        if len(text) > LONGEST:
            return None
        found = pattern.fullmatch(text)
        if found:
            return speech(language)(f"told.{section}.{name}", **found.groupdict())
    return None


@cache
def _patterns(section: str) -> tuple[tuple[str, Regex], ...]:
    """Of the English words of `told.SECTION`, by name."""
    words, prefix = Speech("en").words, f"told.{section}."
    return tuple(
        (key.removeprefix(prefix), _pattern(text))
        for key, text in words.items()
        if key.startswith(prefix) and isinstance(text, str)
    )


def _pattern(words: str) -> Regex:
    parts = _PLACEHOLDER.split(words)
    parts[::2] = map(escaped, parts[::2])
    parts[1::2] = [f"(?P<{name}>{_NUMBER if name == 'number' else '.+?'})" for name in parts[1::2]]
    return own_regex(f"(?s){''.join(parts)}")
