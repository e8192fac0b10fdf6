"""`expect:` is written so that it reads back as the result of the test, for any values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import to_json
from bridge.mapping.author.examples import Result, run_example
from bridge.mapping.author.rewrite import CannotRewrite, rewrite_expectation
from bridge.mapping.compile.compiler import compile_files
from tests.mapping.given import ENVIRONMENT, HEAD

RULES = """rules:
  - name: r
    start: {bot_id: 1, subscriber_id: 2, variables: {text: $.text}}
tests:
"""
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r\x7f\x85\u2028\ufeff'\"#:{},&*")
)
QUOTES = st.sampled_from(["x", "'x'", '"x"'])


def shown(text: str) -> tuple[Result, ...]:
    """What the tests of a file show."""
    compiled = compile_files({"mappings/shop.yml": text.encode()}, ENVIRONMENT)
    assert not [str(one) for one in compiled.findings if one.is_error]
    mapping = compiled.sources["shop"]
    return tuple(run_example(mapping, example, lambda _: b"") for example in mapping.tests)


def body(text: str) -> str:
    """A document in YAML's double quotes, every unusual character escaped."""
    escaped = "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in to_json(text)[1:-1])
    return '{text: "' + escaped + '"}'


@given(TEXTS, QUOTES)
def test_any_text_reads_back_as_itself_in_the_quotes_that_were_there(text: str, quoted: str) -> None:
    before = f"{HEAD}{RULES}  - {{name: a, body: {body(text)}, expect: {{variables: {{text: {quoted}}}}}}}\n"
    (result,) = shown(before)
    after = before if result.passed else rewrite_expectation(before, result, "main")
    assert shown(after)[0].differences == ()
    assert after.startswith(before[: before.index(quoted + "}")])


@given(
    st.lists(
        st.sampled_from(["[]", "{bot_id: 9}", "\n      - rule: r\n        bot_id: 9", "[{failed: r}]"]),
        max_size=5,
    )
)
def test_tests_are_updated_one_by_one_and_nothing_else_changes(expectations: list[str]) -> None:
    tests = [
        f"  - name: t{number}   # nr. {number}\n    body: {{text: x}}\n    expect: {expected}   # why\n"
        for number, expected in enumerate(expectations)
    ]
    text = HEAD + RULES + ("".join(tests) or "  []\n")
    for result in shown(text):
        assert not result.passed
        text = rewrite_expectation(text, result, "main")
    assert all(result.passed for result in shown(text))
    assert [line for line in text.splitlines() if "name: t" in line] == [
        test.splitlines()[0] for test in tests
    ]
    assert text.count("# why") == len(tests)


def test_a_test_that_is_not_in_the_text_is_refused() -> None:
    (result,) = shown(f"{HEAD}{RULES}  - {{name: a, body: {{text: x}}, expect: []}}\n")
    with pytest.raises(CannotRewrite, match=r"^the test is not found in its file where it should be$"):
        rewrite_expectation(f"{HEAD}{RULES}  - {{name: b, body: {{text: x}}, expect: []}}\n", result, "main")


TIMES = """rules:
  - {name: r, after: 1h, start: {bot_id: 1, subscriber_id: $.s}}
  - {name: c, when: {$.stop: {exists: true}}, cancel: {key: "o:{$.stop}"}}
tests:
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "expect: [{due: 2026-11-30T20:30Z}]   # why",
            'expect: [{due: "2026-11-30T21:00:00+00:00"}]   # why',
        ),
        ("expect: [{due: 2026-11-30T21:00Z}]\n    cancelled: [x]", None),
        (
            "expect: []",
            "expect: [{rule: r, bot_id: 1, subscriber_id: 5, variables: {}, "
            'due: "2026-11-30T21:00:00+00:00"}]',
        ),
    ],
)
def test_due_times_and_cancelled_keys_are_written(before: str, after: str | None) -> None:
    text = f"{HEAD}{TIMES}  - name: a\n    now: 2026-11-30T20:00Z\n    body: {{s: 5}}\n    {before}\n"
    (result,) = shown(text)
    written = rewrite_expectation(text, result, "main")
    assert shown(written)[0].differences == ()
    assert written == text.replace(before, after or before.replace("[x]", "[]"))


def test_only_cancelled_keys_may_be_expected() -> None:
    text = f"{HEAD}{TIMES.replace('after: 1h', 'enabled: false')}  - name: a\n    body: {{stop: 7}}\n    "
    (result,) = shown(f"{text}cancelled: []   # why\n")
    assert rewrite_expectation(f"{text}cancelled: []   # why\n", result, "main") == (
        f'{text}cancelled: ["o:7"]   # why\n'
    )
    (result,) = shown(f"{text}cancelled:\n      - x   # why\n      - y\n")
    with pytest.raises(CannotRewrite):
        rewrite_expectation(f"{text}cancelled:\n      - x   # why\n      - y\n", result, "main")
