"""SQL conditions that search a text in stored documents, in all its usual spellings.

Documents are JSON without escapes, except for quotes and backslashes. Both databases compare Latin letters
without case; for others, such as Cyrillic, the usual spellings are searched: as typed, in lower case, in
upper case, and with capitals at the beginning of the text or of each word.

A phone number is found by its last ten digits, with any separators: `+7 (916) 123-45-67` finds `89161234567`
and `8 916 123 45 67`. A shorter one is found as typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_

from bridge.jsonpath.exact_numbers import to_json
from bridge.store.db.texts import plain
from bridge.store.reports.pagination import literal

_PHONE: Final = re.compile(r"\+?[\d\s().-]+")
_BLANK: Final = "\ufffd"
"""Replaces secrets, which are not searched."""
_MOST_SECRETS: Final = 400
"""SQLite limits expressions to 1,000 levels; with more secrets, a search finds nothing."""
_GROUPS: Final = (3, 3, 2, 2)
"""The usual groups of digits, as in 916 123-45-67."""


def contains(
    connection: Connection, column: ColumnElement[Any], wanted: str, secrets: Sequence[str] = ()
) -> ColumnElement[bool]:
    """The column contains the text in one of its forms, outside of the secrets."""
    if not secrets:
        return _has(connection, column, wanted)
    forms = {form for one in secrets for form in _forms(one)}
    if len(forms) > _MOST_SECRETS:
        return false()
    without = column
    for form in sorted(forms, key=len, reverse=True):
        without = func.replace(without, form, _BLANK)
    # The first condition is cheaper, and excludes most rows.
    return and_(_has(connection, column, wanted), _has(connection, without, wanted))


def _has(connection: Connection, column: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
    patterns = patterns_of(wanted)
    if connection.dialect.name == "postgresql" and re.search("[A-Za-z]", wanted):
        return or_(*(column.ilike(pattern, escape="\\") for pattern in patterns))
    return or_(*(column.like(pattern, escape="\\") for pattern in patterns))


def patterns_of(wanted: str) -> list[str]:
    """LIKE patterns for the text, with a backslash as escape."""
    number = phone_digits(wanted)
    if number:
        return [f"%{'%'.join(_grouped(number))}%"]
    spellings = (wanted, wanted.lower(), wanted.upper(), wanted.capitalize(), wanted.title())
    return [literal(form) for form in _distinct([form for one in spellings for form in _forms(one)])]


def _forms(text: str) -> tuple[str, str]:
    """The text as it is, and as written in JSON."""
    return plain(text), to_json(plain(text))[1:-1]


def phone_digits(wanted: str) -> str:
    """The last ten digits of what looks like a phone number; empty for anything else."""
    digits = re.sub(r"\D", "", wanted)
    if not _PHONE.fullmatch(wanted.strip()) or not 10 <= len(digits) <= 15:
        return ""
    written = digits != wanted.strip()
    return digits[-10:] if written or (len(digits) == 11 and digits[0] in "78") else ""


def _grouped(digits: str) -> list[str]:
    parts, start = [], 0
    for size in _GROUPS:
        parts.append(digits[start : start + size])
        start += size
    return parts


def _distinct(forms: list[str]) -> list[str]:
    """The forms without those that differ only in the case of Latin letters."""
    found: dict[str, str] = {}
    for form in forms:
        found.setdefault(re.sub("[A-Z]+", lambda part: part[0].lower(), form), form)
    return list(found.values())
