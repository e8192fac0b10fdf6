"""The console's languages: their catalogues of words, and plurals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias

from bridge.model import Json
from bridge.web.console.display import count

LANGUAGES: Final = {"en": "English", "ru": "Русский"}
"""Each in its own words."""
Entry: TypeAlias = str | Mapping[str, str]
"""A text, or one for each plural form."""

PLACEHOLDER = re.compile(r"\{(\w+)\}")


class Speech:
    """One language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.words = catalogue(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The words under `page.key`, with `{name}` filled in; `count` chooses the plural form.

        Raises KeyError for a key or a placeholder that is not there.
        """
        entry = self.words[key]
        if not isinstance(entry, str):
            entry = entry[plural(self.language, int(str(values["count"])))]
        return PLACEHOLDER.sub(lambda found: _filled(values[found[1]]), entry)


@cache
def speech(language: str) -> Speech:
    """The language of this name."""
    return Speech(language)


def plural(language: str, number: int) -> str:
    """The form that goes with a whole number, as CLDR names it."""
    if language != "ru":
        return "one" if number == 1 else "other"
    if number % 10 == 1 and number % 100 != 11:
        return "one"
    return "few" if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else "many"


def catalogue(language: str) -> dict[str, Entry]:
    """Every word of a language by `page.key`."""
    folder = files("bridge.web.console.words") / language
    pages = {
        path.name.removesuffix(".json"): json.loads(path.read_text("utf-8")) for path in folder.iterdir()
    }
    return {key: entry for page, tree in pages.items() for key, entry in _flat(page, tree)}


def _flat(prefix: str, tree: Json) -> Iterator[tuple[str, Entry]]:
    if isinstance(tree, str) or "one" in tree:
        yield prefix, tree
        return
    for key, below in tree.items():
        yield from _flat(f"{prefix}.{key}", below)


def _filled(value: object) -> str:
    return count(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)
