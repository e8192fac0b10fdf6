"""The words of the console's pages, in the visitor's language."""

from __future__ import annotations

from functools import cache

from bridge.reasons.reason import Reason
from bridge.text.catalogue import catalogue, count, fill, form
from bridge.text.render import render


class Speech:
    """One language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.words = catalogue(language, "console")

    def __call__(self, key: str, /, **values: object) -> str:
        """The words under `page.key`, with `{name}` filled in; `count` chooses the plural form.

        Raises KeyError for a key or a placeholder that is not there.
        """
        text = form(self.language, self.words[key], values)
        return fill(text, lambda name, _separator: self._shown(values[name]))

    def _shown(self, value: object) -> str:
        if isinstance(value, Reason):
            return render(value, self.language)
        return count(value) if isinstance(value, int) and not isinstance(value, bool) else str(value)


@cache
def speech(language: str) -> Speech:
    """The language of this name."""
    return Speech(language)
