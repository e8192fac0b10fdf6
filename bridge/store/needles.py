"""A text that somebody looks for in stored documents, as the forms in which it may stand there.

Documents are JSON with every letter as itself, and quotes and backslashes escaped. Both databases compare
Latin letters whatever their case; of others, as in Cyrillic, the usual spellings are looked for: as typed, in
small letters, in capitals, and with the first letter of the text or of each word as a capital.

A phone number is found by its last ten digits, however they are set apart: `+7 (916) 123-45-67` finds
`89161234567` and `8 916 123 45 67`. A shorter one is found as typed.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, or_

from bridge.language.numbers import to_json
from bridge.store.pages import literal
from bridge.store.texts import plain

_PHONE: Final = re.compile(r"\+?[\d\s().-]+")
_GROUPS: Final = (3, 3, 2, 2)
"""How people set the digits of a number apart from its end on, as in 916 123-45-67."""


def contains(connection: Connection, column: ColumnElement[Any], wanted: str) -> ColumnElement[bool]:
    """The column has the text in it, in one of its forms."""
    patterns = patterns_of(wanted)
    if connection.dialect.name == "postgresql" and re.search("[A-Za-z]", wanted):
        return or_(*(column.ilike(pattern, escape="\\") for pattern in patterns))
    return or_(*(column.like(pattern, escape="\\") for pattern in patterns))


def patterns_of(wanted: str) -> list[str]:
    """LIKE patterns for the text, with a backslash as their escape."""
    number = phone_digits(wanted)
    if number:
        return [f"%{'%'.join(_grouped(number))}%"]
    spellings = (wanted, wanted.lower(), wanted.upper(), wanted.capitalize(), wanted.title())
    forms = [form for one in spellings for form in (plain(one), to_json(plain(one))[1:-1])]
    return [literal(form) for form in _unlike(forms)]


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


def _unlike(forms: list[str]) -> list[str]:
    """Each of those that differ in more than the case of Latin letters."""
    found: dict[str, str] = {}
    for form in forms:
        found.setdefault(re.sub("[A-Z]+", lambda part: part[0].lower(), form), form)
    return list(found.values())
