"""Patterns are RE2: quiet, bounded, and honest about what they do not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.regex import RegexError, compile_regex
from tests.support.timing import SOON, seconds_of


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "the pattern is not read by RE2: missing ): ("),
        ("a{1001}", "the pattern is not read by RE2: invalid repetition size: {1001}"),
        ("x" * 1001, "a pattern has at most 1000 characters, found 1001"),
        ("\ud800", "the pattern contains an unpaired surrogate, which is not a character"),
    ],
)
def test_what_re2_does_not_read_is_one_error(pattern: str, why: str) -> None:
    with pytest.raises(RegexError) as caught:
        compile_regex(pattern)
    assert caught.value.message == why


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1"])
def test_other_engines_syntax_gets_a_hint(pattern: str) -> None:
    with pytest.raises(RegexError) as caught:
        compile_regex(pattern)
    assert caught.value.sentence.endswith("; RE2 has no look-around and no back-references")


@pytest.mark.parametrize(
    ("pattern", "foreign"),
    [
        (r"\bпривет", True),
        (r"имя: (\w+)", True),
        (r"\w+", False),
        (r"привет \p{L}+", False),
        (r"\\wпривет", False),
        (r"\\\wпривет", True),
    ],
)
def test_ascii_classes_with_other_letters_are_suspicious(pattern: str, foreign: bool) -> None:
    assert compile_regex(pattern).looks_foreign is foreign


def test_a_pattern_that_hangs_others_answers_at_once() -> None:
    pattern, text = compile_regex("(a+)+$"), "a" * 60_000 + "b"
    assert pattern.search(text) is None
    assert seconds_of(lambda: pattern.search(text)) < SOON


def test_half_a_surrogate_pair_matches_nothing() -> None:
    assert compile_regex(".").search("\ud800") is None
    assert compile_regex(".").fullmatch("\ud800") is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_pattern_compiles_or_is_an_error(pattern: str, text: str) -> None:
    try:
        regex = compile_regex(pattern)
    except RegexError:
        return
    found = regex.search(text)
    assert found is None or found[0] in text
