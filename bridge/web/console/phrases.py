"""What the bridge stored or said in English, in another language: found by the catalogue's own patterns.

The English words of `told.SECTION` are those that rules and calls are explained with elsewhere. A placeholder
that is named after a section is told in its words; `known_SECTION` must be.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from bridge.regex import Regex, escaped, own_regex
from bridge.text.console import Speech, speech

_NUMBERS: Final = {"number": r"\d[\d.,]*", "total": r"\d+", "status": r"\d{3}"}
LONGEST: Final = 1_000
"""Characters of a sentence that is looked at: what senders put into one must not hold up webhooks."""
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def retold(language: str, section: str, text: str) -> str | None:
    """The text in that language; None where it is none of the section's."""
    for name, pattern in _patterns(section):
        if len(text) > LONGEST:
            return None
        found = pattern.fullmatch(text)
        values = _values(language, found.groupdict()) if found else None
        if values is not None:
            return speech(language)(f"told.{section}.{name}", **values)
    return None


def _values(language: str, found: dict[str, str]) -> dict[str, str] | None:
    values = {}
    for name, text in found.items():
        value = _value(language, name, text)
        if value is None:
            return None
        values[name] = value
    return values


def _value(language: str, name: str, text: str) -> str | None:
    section = name.removeprefix("known_")
    if section not in _sections():
        return text
    known = retold(language, section, text)
    return known if section != name else known or text


@cache
def _sections() -> dict[str, dict[str, str]]:
    """The English words by section and name, in their order: what is more exact stands first."""
    found: dict[str, dict[str, str]] = {}
    for key, words in Speech("en").words.items():
        page, _, rest = key.partition(".")
        section, _, name = rest.partition(".")
        if page == "told" and name and isinstance(words, str):
            found.setdefault(section, {})[name] = words
    return found


@cache
def _patterns(section: str) -> tuple[tuple[str, Regex], ...]:
    return tuple((name, _pattern(words)) for name, words in _sections()[section].items())


def _pattern(words: str) -> Regex:
    parts = _PLACEHOLDER.split(words)
    parts[::2] = map(escaped, parts[::2])
    parts[1::2] = [f"(?P<{name}>{_group(name)})" for name in parts[1::2]]
    return own_regex(f"(?s){''.join(parts)}")


def _group(name: str) -> str:
    if name == "row":
        return "|".join(map(escaped, _sections()["row"].values()))
    return _NUMBERS.get(name, ".+?")
