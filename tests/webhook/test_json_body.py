from __future__ import annotations

import contextlib
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import DocumentError
from bridge.jsonpath.exact_numbers import to_json
from bridge.text.render import render
from bridge.webhook.decode.json_body import read_json
from tests.support.timing import SOON, seconds_of
from tests.webhook.support import outcome


def trouble(body: bytes, charset: str = "utf-8") -> str:
    with pytest.raises(DocumentError) as caught:
        read_json(body, charset)
    return caught.value.message


@pytest.mark.parametrize(
    "text", ["", "{", "{}}", '{"a" 1}', "[1 2]", "[1,]", '{"a":1,}', '"a', '"\t"', '"\\x"', '"\\u12"']
)  # fmt: skip
def test_what_is_wrong_with_json_is_said_in_the_readers_language(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_json(text.encode())
    words = render(caught.value.reason, "ru")
    assert not re.search("[a-z]", words), words
    assert words.startswith("не JSON: ")


def test_numbers_keep_their_digits() -> None:
    text = '{"a":1990.00,"b":9007199254740993,"c":1e3,"d":-0.10,"e":820982911946154508}'
    assert to_json(read_json(text.encode())) == text


def test_of_duplicate_names_the_last_counts() -> None:
    assert read_json(b'{"a":1,"a":2}') == {"a": 2}


def test_sixty_four_levels_are_read_and_one_more_is_not() -> None:
    assert read_json(b"[" * 64 + b"]" * 64)
    assert trouble(b"[" * 65 + b"]" * 65) == "the document is nested deeper than 64 levels"


def test_nesting_beyond_the_stack_is_an_error_like_any_other() -> None:
    assert trouble(b"[" * 200_000) == "the document is nested deeper than 64 levels"
    assert trouble(b'{"a":' * 100_000) == "the document is nested deeper than 64 levels"


def test_a_hundred_thousand_values_are_read_and_more_are_not() -> None:
    assert len(read_json(b"[" + b",".join([b"1"] * 100_000) + b"]")) == 100_000
    assert trouble(b"[" + b",".join([b"1"] * 100_001) + b"]") == "the document has more than 100000 values"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_javascript_calls_a_number_is_none(word: str) -> None:
    assert trouble(f'{{"a":{word}}}'.encode()) == f"not JSON: {word} is not a number"


def test_a_number_of_five_thousand_digits_is_refused() -> None:
    assert trouble(b"9" * 5_000) == "the JSON has a number of more than 1000 digits"
    assert trouble(b"0." + b"9" * 5_000) == "the number 0.999999999999999999… is out of range"


@pytest.mark.parametrize("text", ["1e99999999999", "1e401", "-2.5E-401"])
def test_an_exponent_that_no_amount_needs_is_refused(text: str) -> None:
    assert trouble(text.encode()) == f"the number {text}… is out of range"


def test_a_lone_surrogate_is_refused_and_a_pair_is_a_character() -> None:
    assert trouble(b'["\\ud83d"]') == "a text contains an unpaired surrogate"
    assert trouble(b'{"\\udc00":1}') == "a text contains an unpaired surrogate"
    assert read_json(b'["\\ud83d\\ude00"]') == ["😀"]


def test_nul_is_refused_escaped_or_raw() -> None:
    assert trouble(b'["\\u0000"]') == "a text contains the character NUL"
    assert trouble(b'["\x00"]') == "not JSON: invalid control character at character 3"


def test_a_byte_order_mark_is_refused_unless_the_source_says_so() -> None:
    assert trouble(b"\xef\xbb\xbf{}") == "the JSON begins with a byte order mark"
    assert read_json(b"\xef\xbb\xbf{}", "utf-8-sig") == {}
    assert read_json("{}".encode("utf-16"), "utf-16") == {}


def test_bytes_that_are_invalid_in_the_charset_are_reported_with_their_position() -> None:
    assert trouble(b'{"a":"\xcf"}') == "the body is not utf-8: byte 6 cannot be read"
    assert read_json(b'{"a":"\xcf"}', "windows-1251") == {"a": "П"}


def test_invalid_json_is_reported_with_its_position() -> None:
    assert trouble(b"") == "not JSON: expecting value at character 1"
    assert trouble(b'{"a":1}x') == "not JSON: extra data at character 8"
    assert trouble(b"a=1") == "not JSON: expecting value at character 1"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_document_or_a_document_error(body: bytes) -> None:
    found = outcome(lambda: read_json(body))
    assert isinstance(found, DocumentError) or outcome(lambda: read_json(to_json(found).encode())) == found


_DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(min_codepoint=32, codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("абв.[]xyz", max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(_DOCUMENTS)
def test_what_was_written_is_read_back(document: object) -> None:
    assert read_json(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"":' * 250_000,
        b"[[],[]" + b",[]" * 300_000 + b"]",
        b'"' + b"\\u0041" * 170_000 + b'"',
    ],
)
def test_a_megabyte_of_malice_ends_within_seconds(body: bytes) -> None:
    def read() -> None:
        with contextlib.suppress(DocumentError):
            read_json(body)

    assert seconds_of(read) < SOON
