"""Checks of one value, which the operators of conditions use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from bridge.jsonpath.scope import Scope
from bridge.language.functions.figures import decimal_of
from bridge.language.operands import Operand, same
from bridge.model import Json
from bridge.regex import Regex

Check: TypeAlias = Callable[[Json, Scope], str]
"""Checks one value that is not absent. Returns "" if the condition holds, otherwise a code of CODES."""

CODES = {
    "absent": "no value at the path",
    "other_absent": "no value at the other path to compare with",
    "differs": "another value",
    "case": "the same text in another case",
    "blank": "the same text with spaces around it",
    "type": "another type, such as a text in place of a number",
    "list": "a list in place of one of its elements",
    "object": "an object in place of a value in it",
    "excluded": "one of the excluded values",
    "not_number": "not a number, so it cannot be compared",
    "less": "a smaller number",
    "more": "a larger number",
    "no_match": "a text that does not match",
    "present": "a value, although none was wanted",
    "empty": "empty",
    "not_empty": "not empty",
    "none_held": "none of the alternatives held",
    "held": "the negated conditions hold",
    "no_items": "the list of `for_each` is absent or empty",
}
"""Codes of why a condition does not hold. Verdicts store the code."""

NEAR_CODES = frozenset({"case", "blank", "type", "list"})
"""Codes that indicate a mistake in the rule rather than another event."""

_MAX_FOLDED = 1_000
"""Maximum length of a text that is compared ignoring case and spaces."""


def equal(operand: Operand, fold: bool) -> Check:
    """Checks that the value equals the operand, or one of several."""
    if operand.dynamic or fold:
        return _equal_general(operand, fold)
    texts = frozenset(value for value in operand.values if isinstance(value, str))
    others = tuple(value for value in operand.values if not isinstance(value, str))
    if not others:
        return _equal_text(texts)

    def check(found: Json, _: Scope) -> str:
        if isinstance(found, str) and found in texts:
            return ""
        if any(same(found, value) for value in others):
            return ""
        return difference(found, operand.values)

    return check


def _equal_text(texts: frozenset[str]) -> Check:
    """Checks a text for equality. By far the most common check, so the operands are prepared here."""
    wanted = tuple(texts)
    lengths = frozenset(map(len, texts))
    folded = frozenset(text.casefold() for text in texts)
    trimmed = frozenset(text.strip() for text in folded)

    def check(found: Json, _: Scope) -> str:
        if not isinstance(found, str):
            return difference(found, wanted)
        if found in texts:
            return ""
        if len(found) in lengths and found.casefold() in folded:
            return "case"
        bare = found.strip()
        return "blank" if bare is not found and bare.casefold() in trimmed else "differs"

    return check


def _equal_general(operand: Operand, fold: bool) -> Check:
    def check(found: Json, scope: Scope) -> str:
        wanted = operand.find(scope)
        if any(same(found, value, fold) or _same_reversed(value, found, operand) for value in wanted):
            return ""
        return difference(found, wanted) if wanted else "other_absent"

    return check


def _same_reversed(other: Json, found: Json, operand: Operand) -> bool:
    """Compare two values of the event in reverse: either may be the text of the other, a number."""
    return operand.dynamic and same(other, found)


def unequal(operand: Operand, fold: bool) -> Check:
    """Checks that the value equals none of the operand's values."""

    def check(found: Json, scope: Scope) -> str:
        wanted = operand.find(scope)
        if not wanted:
            return "other_absent"
        hit = any(same(found, value, fold) or _same_reversed(value, found, operand) for value in wanted)
        return "excluded" if hit else ""

    return check


def difference(found: Json, wanted: tuple[Json, ...]) -> str:
    """The code of how a value differs from the wanted ones; the closest difference wins."""
    if isinstance(found, str):
        return _text_difference(found, wanted)
    if isinstance(found, list):
        return "list"
    if isinstance(found, dict):
        return "object"
    return "type" if any(_text_of(found) == value for value in wanted) else "differs"


def _text_difference(found: str, wanted: tuple[Json, ...]) -> str:
    texts = [value for value in wanted if isinstance(value, str)]
    folded = found.casefold() if len(found) <= _MAX_FOLDED else found
    if any(folded == value.casefold() for value in texts):
        return "case"
    if any(folded.strip() == value.strip().casefold() for value in texts):
        return "blank"
    return "type" if any(found == _text_of(value) for value in wanted if value is not None) else "differs"


def _text_of(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a number. With `open` the bounds are excluded."""

    low: Operand | None = None
    high: Operand | None = None
    open: bool = False


def within(bounds: Bounds) -> Check:
    """Checks that the value is a number, or the text of one, within the bounds."""
    low, high, is_open = bounds.low, bounds.high, bounds.open

    def check(found: Json, scope: Scope) -> str:
        number = decimal_of(found)
        if number is None:
            return "not_number"
        if low and (code := _bound_code(number, low, scope, is_open, "less", 1)):
            return code
        return _bound_code(number, high, scope, is_open, "more", -1) if high else ""

    return check


def _bound_code(number: Decimal, bound: Operand, scope: Scope, is_open: bool, code: str, sign: int) -> str:
    limits = bound.find(scope)
    if not limits:
        return "other_absent"
    limit = decimal_of(limits[0])
    if limit is None:
        return "not_number"
    order = sign * int(number.compare(limit))
    return code if order < 0 or (is_open and order == 0) else ""


def emptiness(wanted: bool) -> Check:
    """Checks whether the value is empty: null, a blank text, or a list or object without elements."""

    def check(found: Json, _: Scope) -> str:
        is_empty = found is None or found in ([], {}) or (isinstance(found, str) and not found.strip())
        if is_empty is wanted:
            return ""
        return "not_empty" if wanted else "empty"

    return check


def containing(operand: Operand, fold: bool) -> Check:
    """Checks that the value is a text that contains the operand, or a list with it as an element."""

    def check(found: Json, scope: Scope) -> str:
        wanted = operand.find(scope)
        if isinstance(found, list):
            hit = any(same(element, value, fold) for element in found for value in wanted)
        else:
            text = _comparable(found, fold)
            hit = text is not None and any(_folded(value, fold) in text for value in wanted)
        return "" if hit else _no_match(found, wanted)

    return check


def beginning(operand: Operand, fold: bool) -> Check:
    """Checks that the value is a text that begins with the operand."""
    return _at_end(operand, fold, str.startswith)


def ending(operand: Operand, fold: bool) -> Check:
    """Checks that the value is a text that ends with the operand."""
    return _at_end(operand, fold, str.endswith)


def _at_end(operand: Operand, fold: bool, compare: Callable[[str, str], bool]) -> Check:
    def check(found: Json, scope: Scope) -> str:
        wanted = operand.find(scope)
        text = _comparable(found, fold)
        hit = text is not None and any(compare(text, _folded(value, fold)) for value in wanted)
        return "" if hit else _no_match(found, wanted)

    return check


def matching(regex: Regex) -> Check:
    """Checks that the value is a text that contains a match of the pattern."""

    def check(found: Json, _: Scope) -> str:
        text = _comparable(found, False)
        return "" if text is not None and regex.search(text) else _no_match(found, (regex.text,))

    return check


def _no_match(found: Json, wanted: tuple[Json, ...]) -> str:
    if not wanted:
        return "other_absent"
    if isinstance(found, dict):
        return "object"
    return "list" if isinstance(found, list) else "no_match"


def _comparable(found: Json, fold: bool) -> str | None:
    """A text or number as text; None for other values."""
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
        return None
    return _folded(found, fold)


def _folded(value: Json, fold: bool) -> str:
    text = _text_of(value)
    return text.casefold() if fold else text
