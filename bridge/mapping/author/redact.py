"""Removes personal data from samples: replaces it by made-up text of the same shape.

If in doubt, a value is replaced: a sample needs the shape of a value, never the value itself.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from bridge.errors import BridgeError
from bridge.jsonpath.exact_numbers import Number, from_json, to_json
from bridge.model import Json
from bridge.regex import Match, own_regex

Pairs = Sequence[tuple[str, str]]

_EMAIL = own_regex(r"[^\s\v@<>\"'/:;,=&]+@[^\s\v@<>\"'/:;,=&]+\.\pL{2,}")
_PHONE = re.compile(r"(?<![\w.])\+?\d(?:[ ()\-]{0,2}\d){9,14}(?![\w.])")
_TOKEN = own_regex(r"[A-Za-z0-9_\-.~+/=]{20,}")
"""Only matches with both digits and letters are taken as tokens."""
_URL = own_regex(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s\v\"'<>]+")
_FOUND = (_URL, _EMAIL, _PHONE)
_ALWAYS = re.compile(
    r"(?i)phone|tel(?!egram)|mobile|телефон|mail|почт|token|secret|sign|hash|hmac|passw|парол|auth|card|карт|"
    r"\bpan\b|cvv|cookie|session|birth|рожд|address|адрес|passport|паспорт|inn\b|инн\b|snils|снилс|(?<![a-z])key$"
)
"""Names of values that are always private."""
_PRIVATE = re.compile(
    r"(?i)name|fio|фио|имя|фамил|отчеств|login|логин|user|client|customer|buyer|payer|subscriber|contact|chat|"
    r"telegram|\btg|\bvk|whats|member|street|city|город|улиц|comment|коммент|message|сообщ|text|note|"
    r"(?<![a-z])ip\b|url|link|ссылк"
)
_WORDS = re.compile(r"(?i)event|type|status|state|stage|action|kind|статус")
_MEASURES = re.compile(
    r"(?i)amount|sum|price|total|сумм|цена|value|count|quantity|currency|_at$|At$|time|date|created|updated|"
    r"modified|дата|время|(?<![a-z])ts$|stamp|expir"
)
_MEASURED = re.compile(
    r"-?\d{1,9}(?:[.,]\d{1,6})?|1\d{9}(?:\d{3})?|\d{4}-\d\d-\d\d(?:[T ][\d:.,+Z-]*)?|[A-Z]{3}"
)
"""Numbers, times and currencies: values under the names of `_MEASURES` that need no redaction."""
_NETWORK, _OWN = 4, 7
"""Leading digits of a phone number that identify nobody, and the least number of digits to replace."""
_SHORT = 4
"""Minimum length of private texts that are replaced inside other texts, too."""


class Redactor:
    """Replaces each private value by the same made-up one throughout a sample."""

    def __init__(self, kept: Collection[str] = (), secrets: Collection[str] = ()) -> None:
        """Keep whole values that are in `kept`, unless they look like an address, a phone number or a token.

        Replace all `secrets`, also inside other texts.
        """
        self._kept = {text for text in kept if not _is_sensitive(text)} - {*secrets}
        self._made_up: dict[str, str] = {}
        self._secrets = frozenset(self._make_up(text) and text for text in secrets if text)

    def document(self, document: Json) -> Json:
        """The document without private values."""
        replaced = self._replace(document, "")
        return _sweep_document(replaced, self._sweep())

    def pairs(self, pairs: Pairs) -> list[tuple[str, str]]:
        """Names and values of a form, a query string or headers, without private values."""
        done = [(self._key(name), str(self._text(value, name))) for name, value in pairs]
        sweep = self._sweep()
        return [(name, sweep.clean(value)) for name, value in done]

    def _replace(self, node: Json, key: str) -> Json:
        if isinstance(node, dict):
            return {
                self._key(name): self._replace(child, _label_of(name, node)) for name, child in node.items()
            }
        if isinstance(node, list):
            return [self._replace(child, key) for child in node]
        if isinstance(node, str):
            return self._text(node, key)
        return self._number(node, key)

    def _number(self, number: Json, key: str) -> Json:
        if isinstance(number, bool) or not isinstance(number, int | Decimal):
            return number
        spelled = to_json(number)
        made_up = self._text(spelled, key)
        if made_up == spelled or not isinstance(number, int):
            return number if made_up == spelled else Number(made_up)
        return int(made_up)

    def _text(self, text: str, key: str) -> str:
        inner = _document_in(text)
        if inner is not None:
            return to_json(self._replace(inner, key))
        if text in self._kept:
            return text
        if text in self._secrets:
            return self._make_up(text)
        if _ALWAYS.search(key):
            return self._make_up(text)
        if _WORDS.search(key) and not _is_sensitive(text):
            return text
        if _MEASURES.search(key) and _MEASURED.fullmatch(text):
            return text
        if _PRIVATE.search(key):
            return self._make_up(text)
        for pattern in _FOUND:
            text = pattern.sub(self._found, text)
        return _TOKEN.sub(self._token, text)

    def _key(self, name: str) -> str:
        for pattern in (_EMAIL, _PHONE):
            name = pattern.sub(self._found, name)
        return _TOKEN.sub(self._token, name)

    def _found(self, found: Match) -> str:
        return self._make_up(found[0])

    def _token(self, found: Match) -> str:
        return self._make_up(found[0]) if _is_mixed(found[0]) else str(found[0])

    def _make_up(self, text: str) -> str:
        if text not in self._made_up:
            # The seed is never derived from the text: a phone number is easily found from a digest of it.
            self._made_up[text] = _made_up_text(text, len(self._made_up))
        return self._made_up[text]

    def _sweep(self) -> _Sweep:
        spoken = (text for text in self._made_up if not text.isdecimal() or text in self._secrets)
        known = [text for text in spoken if len(text) >= _SHORT]
        return _Sweep(known, self._made_up)


class _Sweep:
    """Replaces private values inside other texts, such as a name in a description.

    A sender controls texts and values, so a text is never searched once per value: that would be quadratic.
    """

    def __init__(self, known: Collection[str], made_up: Mapping[str, str]) -> None:
        self._made_up = made_up
        self._invented = frozenset(made_up.values())
        lengths: dict[str, set[int]] = {}
        for text in known:
            lengths.setdefault(text[:_SHORT], set()).add(len(text))
        self._known = frozenset(known)
        self._lengths = {begins: sorted(found, reverse=True) for begins, found in lengths.items()}
        """Lengths of the values with this beginning, longest first."""

    def clean(self, text: str) -> str:
        """The text without any private value."""
        if text in self._invented:
            return text
        parts, at, copied = [], 0, 0
        while at < len(text):
            found = self._at(text, at)
            if found:
                parts += [text[copied:at], self._made_up[found]]
                copied = at + len(found)
            at = max(at + 1, copied)
        return "".join([*parts, text[copied:]])

    def _at(self, text: str, at: int) -> str:
        """The longest private value at this position; empty if there is none."""
        lengths = self._lengths.get(text[at : at + _SHORT], ())
        return next((part for length in lengths if (part := text[at : at + length]) in self._known), "")


def _sweep_document(node: Json, sweep: _Sweep) -> Json:
    if isinstance(node, dict):
        return {sweep.clean(name): _sweep_document(child, sweep) for name, child in node.items()}
    if isinstance(node, list):
        return [_sweep_document(child, sweep) for child in node]
    return sweep.clean(node) if isinstance(node, str) else node


def _is_sensitive(text: str) -> bool:
    """Whether the text looks like an address, a phone number or a token."""
    tokens = (_is_mixed(found[0]) for found in _TOKEN.finditer(text))
    return any(one.search(text) for one in _FOUND) or any(tokens)


def _is_mixed(text: str) -> bool:
    return any(char.isdigit() for char in text) and any(char.isalpha() for char in text)


def _label_of(name: str, node: dict[str, Json]) -> str:
    """The name of a value. In a form builder's `{name: Phone, value: …}` it is the value of `name`."""
    label = node.get("name")
    if not isinstance(label, str) or not ("value" in node or "values" in node):
        return name
    return {"name": "", "value": label, "values": label}.get(name, name)


def _document_in(text: str) -> Json:
    """The JSON document in a text; None if it is not JSON."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return from_json(text)
    except (ValueError, ArithmeticError, RecursionError, BridgeError):
        return None


def _made_up_text(text: str, seed: int) -> str:
    """A text with other letters and digits; other characters are kept."""
    if "://" in text:
        return "https://example.com/made-up"
    if "@" in text:
        return "somebody@example.com"
    draws, kept = _draws(seed), _kept_length(text)
    return text[:kept] + "".join(_another(char, next(draws)) for char in text[kept:])


def _kept_length(text: str) -> int:
    """How many characters of a phone number to keep: country and network, so that it is still valid."""
    if not _PHONE.fullmatch(text):
        return 0
    digits = [at for at, char in enumerate(text) if char.isdecimal()]
    return digits[min(_NETWORK, len(digits) - _OWN)]


def _draws(seed: int) -> Iterator[int]:
    """Pseudo-random bytes that are the same for the same seed."""
    for counter in itertools.count():
        yield from hashlib.sha256(f"{seed}:{counter}".encode()).digest()


def _another(char: str, draw: int) -> str:
    if char.isdecimal():
        return str(1 + (int(char) + draw % 8) % 9)
    if not char.isalpha():
        return char
    letters = "abcdefghiklmnoprstu" if char.isascii() else "абвгдежзиклмнопрсту"
    others = letters.replace(char.lower(), "")
    made = others[draw % len(others)]
    return made.upper() if char.isupper() else made
