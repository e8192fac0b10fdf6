"""Validation of the parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.sandbox.checks import KNOWN, Start, check

JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.text(), inner, max_size=2),
    max_leaves=4,
)
BY_ID = {"subscriber_id": "778899", "bot_id": "4512"}
IN_MESSENGER = {"user_id": "u-17", "channel_id": "telegram-1", "bot_id": "4512"}


def wrong(**parameters: Any) -> dict[str, list[str]]:
    errors = check(parameters)
    assert isinstance(errors, dict)
    return errors


def test_a_subscriber_is_named_by_one_id() -> None:
    assert check(BY_ID) == Start(778899, None, None, 4512, forced=False)


def test_a_person_is_named_by_user_and_channel() -> None:
    assert check(IN_MESSENGER) == Start(None, "u-17", "telegram-1", 4512, forced=False)


def test_json_may_contain_integers() -> None:
    assert check({"subscriber_id": 778899, "bot_id": 4512}) == check(BY_ID)


def test_values_are_stripped_and_empty_ones_are_absent() -> None:
    assert check({"subscriber_id": " 778899 ", "bot_id": "4512\n", "user_id": " ", "forced": ""}) == check(
        BY_ID
    )


@pytest.mark.parametrize(
    ("spelling", "forced"),
    [
        ("true", True),
        ("1", True),
        ("false", False),
        ("0", False),
        (True, True),
        (False, False),
        (1, True),
        (0, False),
    ],
)
def test_forced_is_spelled_in_words_or_digits(spelling: Any, forced: bool) -> None:
    start = check({**BY_ID, "forced": spelling})
    assert isinstance(start, Start)
    assert start.forced is forced


@pytest.mark.parametrize(
    ("spelling", "shown"), [("True", '"True"'), ("yes", '"yes"'), (2, "2"), ({"0": "1"}, "an array")]
)
def test_forced_is_nothing_else(spelling: Any, shown: str) -> None:
    assert wrong(**BY_ID, forced=spelling) == {
        "forced": [f"forced must be true, 1, false or 0, found {shown}"]
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", '"0"'),
        ("-5", '"-5"'),
        ("007", '"007"'),
        ("1.0", '"1.0"'),
        ("1e3", '"1e3"'),
        ("١", '"١"'),
        ("abc", '"abc"'),
        (str(2**63), '"9223372036854775808"'),
        (True, "True"),
        (1.0, "1.0"),
        ({"0": "1"}, "an array"),
    ],
)
@pytest.mark.parametrize("name", ["subscriber_id", "bot_id"])
def test_an_id_is_a_positive_whole_number(name: str, value: Any, shown: str) -> None:
    assert wrong(**{**BY_ID, name: value}) == {
        name: [f"{name} must be a positive whole number, found {shown}"]
    }


def test_a_recipient_and_a_bot_are_required() -> None:
    assert wrong() == {
        "subscriber_id": ["subscriber_id is required, or user_id with channel_id"],
        "bot_id": ["bot_id is required"],
    }


def test_user_and_channel_go_together() -> None:
    assert wrong(user_id="u", bot_id="1") == {"channel_id": ["channel_id is required with user_id"]}
    assert wrong(channel_id="c", bot_id="1") == {"user_id": ["user_id is required with channel_id"]}


def test_a_recipient_is_named_in_one_way_only() -> None:
    both = ["expected subscriber_id or user_id, found both"]
    assert wrong(**IN_MESSENGER, subscriber_id="1") == {"subscriber_id": both}


def test_messenger_ids_are_texts() -> None:
    assert wrong(**{**IN_MESSENGER, "user_id": 17}) == {"user_id": ["user_id must be a text, found 17"]}
    assert wrong(**{**IN_MESSENGER, "channel_id": {"a": "b"}}) == {
        "channel_id": ["channel_id must be a text, found an array"]
    }


def test_variables_are_single_values_by_name() -> None:
    assert isinstance(check({**BY_ID, "variable": {"a": "x", "b": 1, "c": None}}), Start)
    assert isinstance(check({**BY_ID, "variable": []}), Start)
    assert wrong(**BY_ID, variable="x") == {
        "variable": ['variable must be an array such as variable[name]=value, found "x"']
    }
    assert wrong(**BY_ID, variable={"a": {"b": "c"}}) == {
        "variable.a": ["variable[a] must be a single value, found an array"]
    }


def test_an_undocumented_parameter_is_an_error() -> None:
    known = "subscriber_id, user_id, channel_id, bot_id, variable, forced"
    assert wrong(**BY_ID, variables={"a": "x"}) == {
        "variables": [f"variables is not a parameter; expected one of {known}"]
    }


def test_all_errors_are_reported_at_once() -> None:
    assert list(wrong(bot_id="x", forced="y", other="z")) == ["other", "subscriber_id", "bot_id", "forced"]


@given(some.dictionaries(some.sampled_from(KNOWN) | some.text(), JSON))
def test_any_parameters_are_a_start_or_errors(values: dict[str, Any]) -> None:
    found = check(values)
    assert isinstance(found, Start) or all(sentences for sentences in found.values())
