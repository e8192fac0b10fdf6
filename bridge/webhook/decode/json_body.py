"""Decodes JSON with exact numbers, within limits; errors are DocumentErrors."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from bridge.errors import DocumentError
from bridge.jsonpath.exact_numbers import Number
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_DIGITS = 1_000
MAX_EXPONENT = 400

_SURROGATE = re.compile("[\ud800-\udfff]")
_RISKY_ESCAPE = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_TOO_MANY_DIGITS = Reason(WebhookCode.TOO_MANY_DIGITS, limit=MAX_DIGITS)
_FAULTS = {
    "Expecting value": Reason(WebhookCode.JSON_NO_VALUE),
    "Extra data": Reason(WebhookCode.JSON_MORE),
    "Expecting property name enclosed in double quotes": Reason(WebhookCode.JSON_NO_NAME),
    "Expecting ':' delimiter": Reason(WebhookCode.JSON_NO_COLON),
    "Expecting ',' delimiter": Reason(WebhookCode.JSON_NO_COMMA),
    "Illegal trailing comma before end of object": Reason(WebhookCode.JSON_LAST_COMMA),
    "Illegal trailing comma before end of array": Reason(WebhookCode.JSON_LAST_COMMA),
    "Unterminated string starting at": Reason(WebhookCode.JSON_OPEN_TEXT),
    "Invalid control character at": Reason(WebhookCode.JSON_CONTROL),
    "Invalid \\escape": Reason(WebhookCode.JSON_ESCAPE),
    "Invalid \\uXXXX escape": Reason(WebhookCode.JSON_ESCAPE),
}
"""Messages of Python's JSON decoder; any other is shown as it is."""
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_json(body: bytes, charset: str = "utf-8") -> Json:
    """Decode a body. Of duplicate names the last one counts.

    Raises DocumentError for anything that RFC 8259 does not allow, for NUL and lone surrogates, and beyond 64
    levels, 100,000 values or 1,000 digits of a number.
    """
    if charset == "utf-8" and body.startswith(_BOMS):
        raise DocumentError(Reason(WebhookCode.JSON_BOM), Reason(WebhookCode.CURE_BOM))
    try:
        text = body.decode(charset)
    except UnicodeDecodeError as error:
        raise DocumentError(not_charset(charset, error)) from None
    return parse_json(text)


def parse_json(text: str) -> Json:
    """Decode a JSON text, such as a form field; with the errors of `read_json`."""
    try:
        document = _DECODER.decode(text)
    except RecursionError:
        raise DocumentError(Reason(WebhookCode.TOO_DEEP, limit=MAX_DEPTH)) from None
    except json.JSONDecodeError as error:
        raise DocumentError(_not_json(error)) from None
    except ValueError:
        raise DocumentError(_TOO_MANY_DIGITS) from None
    _check(document, text)
    return document


def check_limits(document: Json) -> None:
    """Raise DocumentError if a document is too deep or has too many values. Does not recurse."""
    waiting = [(document, 1)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, dict | list):
            continue
        if depth > MAX_DEPTH:
            raise DocumentError(Reason(WebhookCode.TOO_DEEP, limit=MAX_DEPTH))
        count += len(node)
        if count > MAX_NODES:
            raise DocumentError(Reason(WebhookCode.TOO_MANY_VALUES, limit=MAX_NODES))
        children = node.values() if isinstance(node, dict) else node
        waiting.extend((child, depth + 1) for child in children)


def check_text(text: str) -> None:
    """Raise DocumentError for NUL and lone surrogates, which databases and UTF-8 cannot hold."""
    if "\0" in text:
        raise DocumentError(Reason(WebhookCode.TEXT_NUL))
    if _SURROGATE.search(text):
        raise DocumentError(Reason(WebhookCode.TEXT_SURROGATE))


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
        raise DocumentError(Reason(WebhookCode.NUMBER_RANGE, number=text[:20]))
    return Number(text)


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise DocumentError(_TOO_MANY_DIGITS)
    return int(text)


def _constant(name: str) -> NoReturn:
    raise DocumentError(Reason(WebhookCode.NOT_JSON_NUMBER, text=name))


def not_charset(charset: str, error: UnicodeDecodeError) -> Reason:
    """The reason for a body with bytes that are invalid in its character set."""
    return Reason(WebhookCode.NOT_CHARSET, charset=charset, byte=error.start)


def _not_json(error: json.JSONDecodeError) -> Reason:
    fault = _FAULTS.get(error.msg, error.msg)
    return Reason(WebhookCode.NOT_JSON, fault=fault, character=error.pos + 1)


_DECODER = json.JSONDecoder(parse_float=_fraction, parse_int=_whole, parse_constant=_constant)
