"""Keys that rules cancel, compared with those that rules have, over all files of an account."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.compile.compiler import compile_files
from bridge.mapping.lint.errand_keys import _may_be_equal
from bridge.mapping.rules.waiting import Shape
from tests.mapping.given import ENVIRONMENT, HEAD, TESTS

ACCOUNTS = (
    "accounts:\n  main: {token: '${LEADCONVERTER_TOKEN}'}\n  other: {token: '${LEADCONVERTER_TOKEN}'}\n"
)
NUMBERS = itertools.count()


def file(name: str, rules: str) -> bytes:
    return f"{HEAD.replace('source: shop', f'source: {name}')}rules:\n{rules}{TESTS}".encode()


def started(key: str, more: str = "") -> str:
    start = "start: {bot_id: 1, subscriber_id: $.s}"
    return f"  - {{name: rule {next(NUMBERS)}, key: {key}, again: add, after: 1h, {more}{start}}}\n"


def cancelled(key: str, more: str = "") -> str:
    return f"  - {{name: rule {next(NUMBERS)}, {more}cancel: {{key: {key}}}}}\n"


def found(*, whole: bool = True, **files: str) -> list[str]:
    """Code and key of each finding about keys, by files with these rules."""
    given = {f"{name}.yml": file(name, rules) for name, rules in files.items()}
    given["accounts.yml"] = ACCOUNTS.encode()
    compiled = compile_files(given, ENVIRONMENT, notices=True, whole=whole)
    assert compiled.valid
    return [
        f"{one.path}: {one.code} {one.reason.params['key']}"
        for one in compiled.findings
        if one.code in ("W519", "N522")
    ]


@pytest.mark.parametrize(
    ("key", "other", "matches"),
    [
        ('"cart:{$.a}"', '"cart:{$.b.c}"', True),
        ('"cart:{$.a}"', '"card:{$.a}"', False),
        ('"cart:{$.a}"', "cart:7", True),
        ('"cart:{$.a}"', "order:7", False),
        ('"cart:{$.a}"', "$.key", True),
        ('"{$.a}:cart"', '"{$.a}:order"', False),
        ('"{$.kind}:{$.a}"', '"cart:{$.a}"', True),
        ('"a{$.a}b{$.c}"', '"{$.x}b"', True),
        ('"a{$.a}b"', "acb", True),
        ('"a{$.a}b"', "acd", False),
        ("{path: $.a, pipe: [lower]}", "{value: x}", True),
        ("{value: x}", "{value: x}", True),
        ("{value: x}", "{value: y}", False),
        ("{value: 'caf\u00e9'}", "{value: 'cafe\u0301'}", True),
        ("{value: ' x'}", "{value: 'x '}", True),
    ],
)
def test_keys_match_if_their_literal_parts_can_be_equal(key: str, other: str, matches: bool) -> None:
    names = [one.split(": ", 1)[1][:4] for one in found(shop=started(key) + cancelled(other))]
    assert names == ([] if matches else ["N522", "W519"])


def test_files_of_one_account_are_compared_with_each_other() -> None:
    assert found(shop=started('"cart:{$.a}"'), pay=cancelled('"cart:{$.b}"')) == []
    assert found(shop=started('"cart:{$.a}"'), pay=cancelled('"card:{$.b}"')) == [
        "pay.yml: W519 card:{$.b}",
        "shop.yml: N522 cart:{$.a}",
    ]


def test_accounts_shadow_rules_and_disabled_rules_are_apart() -> None:
    key = '"cart:{$.a}"'
    both = ["pay.yml: W519 cart:{$.a}", "shop.yml: N522 cart:{$.a}"]
    assert found(shop=started(key), pay=cancelled(key, "account: other, ")) == both
    assert found(shop=started(key), pay=cancelled(key, "shadow: true, ")) == both
    assert found(shop=started(key, "shadow: true, "), pay=cancelled(key, "shadow: true, ")) == []
    assert found(shop=started(key, "enabled: false, "), pay=cancelled(key)) == both[:1]


def test_single_files_are_not_compared() -> None:
    assert found(whole=False, pay=cancelled('"card:{$.b}"')) == []


def test_a_broken_file_may_have_the_key() -> None:
    files = {"pay.yml": file("pay", cancelled("$.b")), "shop.yml": b"source: shop\nrules: 1\n"}
    findings = compile_files(files, ENVIRONMENT, notices=True).findings
    assert [one.code for one in findings if one.code in ("W519", "N522")] == []


SHAPES = st.lists(st.sampled_from(["a", "b", "ab", None]), min_size=1, max_size=4).map(tuple)


@given(SHAPES, SHAPES, st.lists(st.sampled_from(["", "a", "b", "ab", "ba"]), min_size=8, max_size=8))
def test_keys_that_are_equal_for_some_event_are_never_reported(
    one: Shape, other: Shape, values: list[str]
) -> None:
    texts = ["".join(part if part is not None else values[at] for at, part in enumerate(one))]
    texts += ["".join(part if part is not None else values[at + 4] for at, part in enumerate(other))]
    assert _may_be_equal(one, other) == _may_be_equal(other, one)
    if texts[0] == texts[1]:
        assert _may_be_equal(one, other)
        assert _may_be_equal((texts[0],), other)


@pytest.mark.long
def test_thousands_of_keys_take_no_long_time() -> None:
    rules = "".join(started(f'"cart{number}:{{$.a}}"') for number in range(1500))
    rules += "".join(cancelled(f'"card{number}:{{$.a}}"') for number in range(1500))
    files = {"shop.yml": file("shop", rules)}
    began = time.process_time()
    compile_files(files, ENVIRONMENT, whole=False)
    alone = time.process_time() - began
    began = time.process_time()
    assert len([one for one in compile_files(files, ENVIRONMENT).findings if one.code == "W519"]) == 1500
    assert time.process_time() - began < 3 * alone + 1
