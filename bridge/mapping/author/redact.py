"""Samples without the people in them: what could name or reach somebody becomes made-up text of its shape.

Rather too much is replaced than too little: a sample needs the shape of a value, never the value.
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
"""Of these only those with both digits and letters."""
_URL = own_regex(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s\v\"'<>]+")
_FOUND = (_URL, _EMAIL, _PHONE)
_ALWAYS = re.compile(
    r"(?i)phone|tel(?!egram)|mobile|телефон|mail|почт|token|secret|sign|hash|hmac|passw|парол|auth|card|карт|"
    r"\bpan\b|cvv|cookie|session|birth|рожд|address|адрес|passport|паспорт|inn\b|инн\b|snils|снилс|(?<![a-z])key$"
)
"""Names of values that are private whatever they look like."""
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
"""Numbers, times and currencies: what a measure is, and a person is not."""
_NETWORK, _OWN = 4, 7
"""Leading digits of a phone number that name nobody, and at least so many that do."""
_SHORT = 4
"""Private texts from this length on are looked for in all other texts as well."""


class Redactor:
    """Replaces the same value by the same made-up one, all through a sample."""

    def __init__(self, kept: Collection[str] = (), secrets: Collection[str] = ()) -> None:
        """What stands alone and is one of `kept` stays, unless it reaches somebody by its look.

        No text that is one of the `secrets` stays, nor where it is a part of another.
        """
        self._kept = {text for text in kept if not _reaches(text)} - {*secrets}
        self._made_up: dict[str, str] = {}
        self._secrets = frozenset(self._make_up(text) and text for text in secrets if text)

    def document(self, document: Json) -> Json:
        """The document without private values."""
        replaced = self._replaced(document, "")
        return _swept(replaced, self._sweep())

    def pairs(self, pairs: Pairs) -> list[tuple[str, str]]:
        """Names and values of a form, a query string or headers, without private values."""
        done = [(self._key(name), str(self._text(value, name))) for name, value in pairs]
        sweep = self._sweep()
        return [(name, sweep.clean(value)) for name, value in done]

    def _replaced(self, node: Json, key: str) -> Json:
        if isinstance(node, dict):
            return {
                self._key(name): self._replaced(child, _called(name, node)) for name, child in node.items()
            }
        if isinstance(node, list):
            return [self._replaced(child, key) for child in node]
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
            return to_json(self._replaced(inner, key))
        if text in self._kept:
            return text
        if text in self._secrets:
            return self._make_up(text)
        if _ALWAYS.search(key):
            return self._make_up(text)
        if _WORDS.search(key) and not _reaches(text):
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
            # Never drawn from the text itself: a phone number is soon guessed from a digest of it.
            self._made_up[text] = _of_its_shape(text, len(self._made_up))
        return self._made_up[text]

    def _sweep(self) -> _Sweep:
        spoken = (text for text in self._made_up if not text.isdecimal() or text in self._secrets)
        known = [text for text in spoken if len(text) >= _SHORT]
        return _Sweep(known, self._made_up)


class _Sweep:
    """Replaces private values that stand inside other texts: a name in a description, say.

    Texts and values are a sender's, so that no text is searched once for every value.
    """

    def __init__(self, known: Collection[str], made_up: Mapping[str, str]) -> None:
        self._made_up = made_up
        self._invented = frozenset(made_up.values())
        lengths: dict[str, set[int]] = {}
        for text in known:
            lengths.setdefault(text[:_SHORT], set()).add(len(text))
        self._known = frozenset(known)
        self._lengths = {begins: sorted(found, reverse=True) for begins, found in lengths.items()}
        """Of the values that begin so, the longest first."""

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
        """The longest private value that stands there; empty where none does."""
        lengths = self._lengths.get(text[at : at + _SHORT], ())
        return next((part for length in lengths if (part := text[at : at + length]) in self._known), "")


def _swept(node: Json, sweep: _Sweep) -> Json:
    if isinstance(node, dict):
        return {sweep.clean(name): _swept(child, sweep) for name, child in node.items()}
    if isinstance(node, list):
        return [_swept(child, sweep) for child in node]
    return sweep.clean(node) if isinstance(node, str) else node


def _reaches(text: str) -> bool:
    """Whether the text reaches or lets in somebody, by its look."""
    tokens = (_is_mixed(found[0]) for found in _TOKEN.finditer(text))
    return any(one.search(text) for one in _FOUND) or any(tokens)


def _is_mixed(text: str) -> bool:
    return any(char.isdigit() for char in text) and any(char.isalpha() for char in text)


def _called(name: str, node: dict[str, Json]) -> str:
    """What a value is called: in a form builder's `{name: Phone, value: …}` the name beside it says it."""
    label = node.get("name")
    if not isinstance(label, str) or not ("value" in node or "values" in node):
        return name
    return {"name": "", "value": label, "values": label}.get(name, name)


def _document_in(text: str) -> Json:
    """The JSON document that a text holds; None where it holds none."""
    if not text.startswith(("{", "[")):
        return None
    try:
        return from_json(text)
    except (ValueError, ArithmeticError, RecursionError, BridgeError):
        return None


def _of_its_shape(text: str, seed: int) -> str:
    """A letter for every letter, a digit for every digit; what separates them stays."""
    if "://" in text:
        return "https://example.com/made-up"
    if "@" in text:
        return "somebody@example.com"
    draws, begun = _draws(seed), _beginning(text)
    return text[:begun] + "".join(_another(char, next(draws)) for char in text[begun:])


def _beginning(text: str) -> int:
    """Characters of a phone number that stay, its country and network, so that it can be one still."""
    if not _PHONE.fullmatch(text):
        return 0
    digits = [at for at, char in enumerate(text) if char.isdecimal()]
    return digits[min(_NETWORK, len(digits) - _OWN)]


def _draws(seed: int) -> Iterator[int]:
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
