"""JSON text becomes a document, digits kept, under limits, or a DocumentError that says why."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from bridge.errors import DocumentError
from bridge.jsonpath.exact_numbers import Number
from bridge.model import Json

MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_DIGITS = 1_000
MAX_EXPONENT = 400

_SURROGATE = re.compile("[\ud800-\udfff]")
_RISKY_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_json(body: bytes, charset: str = "utf-8") -> Json:
    """Decode a body. Duplicate names: the last one counts.

    Raises DocumentError for anything that RFC 8259 does not allow, for NUL and lone surrogates, and for what
    is deeper than 64 levels, longer than 100,000 values or has numbers of more than 1,000 digits.
    """
    if charset == "utf-8" and body.startswith(_BOMS):
        raise DocumentError(
            "the JSON begins with a byte order mark",
            "write `charset: utf-8-sig` or `utf-16` if the sender means it",
        )
    try:
        text = body.decode(charset)
    except UnicodeDecodeError as error:
        raise DocumentError(f"the body is not {charset}: byte {error.start} cannot be read") from None
    return parse_json(text)


def parse_json(text: str) -> Json:
    """The same for a text that is decoded already, such as a form field that holds JSON."""
    try:
        document = _DECODER.decode(text)
    except RecursionError:
        raise DocumentError(f"the JSON is nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {_lower(error.msg)} at character {error.pos + 1}") from None
    except ValueError:
        raise DocumentError(f"the JSON has a number of more than {MAX_DIGITS} digits") from None
    _check(document, text)
    return document


def check_limits(document: Json) -> None:
    """Raises DocumentError where a document is too deep or has too many values. Never recurses."""
    waiting = [(document, 1)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, dict | list):
            continue
        if depth > MAX_DEPTH:
            raise DocumentError(f"the document is nested deeper than {MAX_DEPTH} levels")
        count += len(node)
        if count > MAX_NODES:
            raise DocumentError(f"the document has more than {MAX_NODES} values")
        children = node.values() if isinstance(node, dict) else node
        waiting.extend((child, depth + 1) for child in children)


def check_text(text: str) -> None:
    """Raises DocumentError for NUL and lone surrogates: no database and no answer can carry them."""
    if "\0" in text:
        raise DocumentError("a text holds the character NUL")
    if _SURROGATE.search(text):
        raise DocumentError("a text holds half of a surrogate pair")


def _check(document: Json, text: str) -> None:
    if text.count("{") + text.count("[") > MAX_DEPTH or len(text) > MAX_NODES:
        check_limits(document)
    if _RISKY_ESCAPE.search(text):
        _check_texts(document)


def _check_texts(document: Json) -> None:
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            check_text(node)
        elif isinstance(node, dict):
            waiting.extend(node)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _fraction(text: str) -> Number:
    _, _, exponent = text.lower().partition("e")
    if len(text) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent or 0)) > MAX_EXPONENT:
        raise DocumentError(f"the number {text[:20]}… is out of range")
    return Number(text)


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise DocumentError(f"the JSON has a number of more than {MAX_DIGITS} digits")
    return int(text)


def _constant(name: str) -> NoReturn:
    raise DocumentError(f"not JSON: {name} is no number")


def _lower(message: str) -> str:
    return (message[:1].lower() + message[1:]).removesuffix(" at")


_DECODER = json.JSONDecoder(parse_float=_fraction, parse_int=_whole, parse_constant=_constant)
