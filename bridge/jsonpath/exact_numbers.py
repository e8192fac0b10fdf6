"""Numbers that keep the digits with which they were sent."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final, Self

import orjson
import simplejson

from bridge.model import Json


class Number(Decimal):
    """A JSON number with a fraction or an exponent. It compares as a decimal and prints as it was sent."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> Any:
        return Number, (self.text,)


_QUICK = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
"""Encodes three times as fast as simplejson. It raises TypeError for a Number, so digits are never lost."""
_NO_OTHER_TYPES: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


_READER = simplejson.JSONDecoder(parse_float=Number)


def to_json(document: Json) -> str:
    """The document as compact JSON; every number keeps its digits."""
    try:
        return orjson.dumps(document, _digits, _NO_OTHER_TYPES).decode()
    except TypeError:
        return _to_json(document)


def _digits(number: Any) -> orjson.Fragment:
    if isinstance(number, Decimal):
        return orjson.Fragment(str(number))
    raise TypeError


def _to_json(document: Json) -> str:
    """For what orjson does not write: unpaired surrogates, integers of more than 64 bits, named tuples."""
    try:
        return _QUICK.encode(document)
    except TypeError:
        return simplejson.dumps(document, ensure_ascii=False, separators=(",", ":"), use_decimal=True)


def from_json(text: str) -> Json:
    """Parse JSON that `to_json` wrote."""
    return _READER.decode(text)
