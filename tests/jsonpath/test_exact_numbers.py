"""Documents as JSON: the fast encoder writes what Python's own does, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
import simplejson
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number, from_json, to_json
from bridge.model import Json, Match, Verdict

pure = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
texts = st.text(st.characters(), max_size=20)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(documents)
def test_what_is_stored_is_what_python_writes(document: Json) -> None:
    assert to_json(document) == pure(document)


def test_every_character() -> None:
    text = "".join(map(chr, range(0x110000)))
    whole = text[:0xD800] + text[0xE000:]
    assert to_json([whole, {whole: whole}]) == pure([whole, {whole: whole}])


@pytest.mark.parametrize("document", [[Match.MATCHED], [Verdict("a rule", Match.FAILED)], 2**64, -(2**80)])
def test_values_of_other_classes(document: Json) -> None:
    assert to_json(document) == pure(document)


def test_deep_documents() -> None:
    assert to_json(from_json("[" * 400 + "]" * 400)) == "[" * 400 + "]" * 400


def test_numbers_keep_their_digits() -> None:
    text = '{"a":1990.50,"b":[1e-7,12345678901234567890.10],"c":"\u2028"}'
    assert to_json(from_json(text)) == text
    assert to_json({"sum": Number("0.10"), "large": 2**64}) == '{"sum":0.10,"large":18446744073709551616}'
    assert to_json([Decimal("1E+3")]) == simplejson.dumps([Decimal("1E+3")], use_decimal=True) == "[1E+3]"


@dataclass
class Other:
    one: int = 1


@pytest.mark.parametrize("make", [Other, object])
def test_what_is_no_document_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        to_json([make()])
