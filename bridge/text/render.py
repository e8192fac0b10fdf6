"""Renders reasons: the text of the code in a language, with the values filled in."""

from __future__ import annotations

from bridge.reasons.reason import Param, Reason
from bridge.text.catalogue import ENGLISH, PLACEHOLDER, THIN, catalogue, fill, form


def render(reason: Reason | str | None, language: str) -> str:
    """Render a reason; empty for None. A text, which a person wrote, is returned unchanged.

    Values from outside are not escaped: the terminal or the page does that. A value that is missing in a
    stored reason shows its name in braces.
    """
    if reason is None:
        return ""
    if isinstance(reason, str):
        return reason
    text = form(language, catalogue(language, "reasons")[reason.code.value], reason.params)

    def value_of(name: str, separator: str) -> str:
        value = reason.params.get(name, f"{{{name}}}")
        if name == "count" and isinstance(value, int):
            return f"{value:,}".replace(",", "," if language == ENGLISH else THIN)
        return _shown(value, separator, language)

    return fill(text, value_of)


def english(reason: Reason | str | None) -> str:
    """Render in English, for logs and JSON."""
    return render(reason, ENGLISH)


def capitalised(reason: Reason, language: str) -> str:
    """Render with a capital letter, unless the text begins with a value."""
    text = render(reason, language)
    return text[:1].upper() + text[1:] if _begins_with_a_word(reason, language) else text


def _begins_with_a_word(value: Param, language: str) -> bool:
    if isinstance(value, tuple):
        return bool(value) and _begins_with_a_word(value[0], language)
    if not isinstance(value, Reason):
        return False
    text = form(language, catalogue(language, "reasons")[value.code.value], value.params)
    first = PLACEHOLDER.match(text)
    return first is None or _begins_with_a_word(value.params.get(first[1]), language)


def _shown(value: Param, separator: str, language: str) -> str:
    if value is None:
        return ""
    if isinstance(value, Reason):
        return render(value, language)
    if isinstance(value, tuple):
        return separator.join(_shown(one, separator, language) for one in value)
    return str(value)
