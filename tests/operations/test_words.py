from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number
from bridge.operations.words import document_lines, json_text

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_json)
def test_json_for_the_terminal_reads_back_as_what_it_was(document: object) -> None:
    text = json_text(document)
    assert text.isprintable()
    assert json.loads(text) == document


@given(_json)
def test_an_indented_document_reads_back_as_what_it_was(document: object) -> None:
    lines = list(document_lines(document))
    assert all(line.isprintable() for line in lines)
    assert json.loads("\n".join(lines)) == document


def test_half_a_surrogate_pair_and_control_characters_become_escapes_in_json() -> None:
    assert json_text({"a": "\ud83d\x9b\u202e🎉"}) == r'{"a":"\ud83d\u009b\u202e🎉"}'


def test_a_document_keeps_its_digits_and_its_order() -> None:
    document = {"b": [Number("1990.00"), {}], "a": {"x": None}}
    assert list(document_lines(document)) == [
        "{",
        '  "b": [',
        "    1990.00,",
        "    {}",
        "  ],",
        '  "a": {',
        '    "x": null',
        "  }",
        "}",
    ]
