"""Numbers that keep the digits they were sent with."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Self

import simplejson

from bridge.model import Json


class Number(Decimal):
    """A JSON number with a fraction or an exponent: compares as a decimal, prints as it was sent."""

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
"""Three times as fast as simplejson, and refuses a Number, which it could only spoil."""


_READER = simplejson.JSONDecoder(parse_float=Number)


def to_json(document: Json) -> str:
    """The document as compact JSON, every number in the digits it came with."""
    try:
        return _QUICK.encode(document)
    except TypeError:
        return simplejson.dumps(document, ensure_ascii=False, separators=(",", ":"), use_decimal=True)


def from_json(text: str) -> Json:
    """Read back what `to_json` wrote."""
    return _READER.decode(text)
