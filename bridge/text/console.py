"""Texts of the console's pages in the visitor's language."""

from __future__ import annotations

from functools import cache

from bridge.reasons.reason import Reason
from bridge.text.catalogue import catalogue, count, fill, form
from bridge.text.render import render


class Translator:
    """Returns texts of one language by key."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.texts = catalogue(language, "console")

    def __call__(self, key: str, /, **values: object) -> str:
        """The text for `page.key` with its placeholders filled in; `count` selects the plural form.

        Raises KeyError for an unknown key or a missing value.
        """
        text = form(self.language, self.texts[key], values)
        return fill(text, lambda name, _separator: self._shown(values[name]))

    def _shown(self, value: object) -> str:
        if isinstance(value, Reason):
            return render(value, self.language)
        return count(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


@cache
def translator(language: str) -> Translator:
    """The translator for a language, by its code."""
    return Translator(language)
