"""Reads catalogues: the texts of each language by key, with placeholders and plural forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias

LANGUAGES: Final = {"en": "English", "ru": "Русский"}
"""The languages, each with its native name."""
ENGLISH: Final = "en"
Entry: TypeAlias = str | Mapping[str, str]
"""A text, or one for each plural form."""
Part: TypeAlias = Literal["console", "reasons"]

PLACEHOLDER: Final = re.compile(r"\{(\w+)(?:\|([^}]*))?\}")
"""`{name}`, or `{name|separator}` for a list."""
THIN: Final = "\u202f"
"""Narrow no-break space."""


@cache
def catalogue(language: str, part: Part) -> Mapping[str, Entry]:
    """The texts of a language by their keys, `file.name` and so on down the tree of the file."""
    folder = files("bridge.text") / language / part
    trees = {
        path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in folder.iterdir()
    }
    return {key: entry for name, tree in trees.items() for key, entry in _flat(name, tree)}


def form(language: str, entry: Entry, values: Mapping[str, Any]) -> str:
    """The text, or its plural form for `count`; the last form if `count` is not a number."""
    if isinstance(entry, str):
        return entry
    number = values.get("count")
    return entry[plural(language, number)] if isinstance(number, int) else [*entry.values()][-1]


def fill(text: str, value_of: Callable[[str, str], str]) -> str:
    """The text with each placeholder replaced by `value_of(name, separator)`."""
    return PLACEHOLDER.sub(lambda found: value_of(found[1], found[2] or ", "), text)


def plural(language: str, number: int) -> str:
    """The CLDR plural category of a whole number."""
    if language != "ru":
        return "one" if number == 1 else "other"
    if number % 10 == 1 and number % 100 != 11:
        return "one"
    return "few" if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else "many"


def count(number: int) -> str:
    """12 345: digits grouped in threes, for numbers of at least five digits."""
    text = f"{number:,}".replace(",", THIN)
    return text if abs(number) >= 10_000 else str(number)


def _flat(prefix: str, tree: Any) -> Iterator[tuple[str, Entry]]:
    if isinstance(tree, str) or "one" in tree:
        yield prefix, tree
        return
    for key, below in tree.items():
        yield from _flat(f"{prefix}.{key}", below)
