from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number, from_json
from bridge.model import Json
from bridge.store.db.texts import document_text, plain

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Two halves next to each other are one character to every JSON reader."""
UNPAIRED = ANY_TEXT.filter(lambda text: not PAIR.search(text))
DOCUMENTS: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | UNPAIRED | st.sampled_from(["1990.00", "1e400"]).map(Number),
    lambda inner: st.lists(inner) | st.dictionaries(UNPAIRED, inner),
    max_leaves=20,
)


@given(ANY_TEXT)
def test_any_text_can_be_written_and_holds_no_nul(text: str) -> None:
    written = plain(text)
    assert "\0" not in written
    written.encode()


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_an_ordinary_text_is_itself(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "written"), [("a\0b", "a\\x00b"), ("\ud800", "\\ud800"), ("имя \udfff\0", "имя \\udfff\\x00")]
)
def test_what_no_column_holds_is_written_out(text: str, written: str) -> None:
    assert plain(text) == written


@given(DOCUMENTS)
def test_any_document_comes_back_as_it_was(document: Json) -> None:
    written = document_text(document)
    assert "\0" not in written
    assert from_json(written.encode().decode()) == document


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ({}, "{}"),
        ([], "[]"),
        ((), "[]"),
        ("", '""'),
        (0, "0"),
        (None, "null"),
        (False, "false"),
        ({"a": Number("1990.00"), "б": [1, True, None]}, '{"a":1990.00,"б":[1,true,null]}'),
        ("\ud800\0", '"\\ud800\\u0000"'),
    ],
)
def test_a_document_is_compact_json(document: Json, written: str) -> None:
    assert document_text(document) == written
    json.loads(written)
