"""What reaches LeadConverter: ids, texts and names."""

from __future__ import annotations

import pytest

from bridge.jsonpath.exact_numbers import Number
from bridge.jsonpath.scope import ABSENT
from bridge.language.text import Unusable
from bridge.mapping.rules.ids import clean, contact_kind, messenger_id, name_fault, variable_text, whole_id
from bridge.model import Json
from bridge.text.render import english


@pytest.mark.parametrize(
    ("value", "number"),
    [(1, 1), ("4512", 4512), ("007", 7), (10**18 - 1, 10**18 - 1), ("9" * 18, 10**18 - 1)],
)
def test_an_id_is_a_positive_integer_or_its_digits(value: Json, number: int) -> None:
    assert whole_id(value) == number


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (ABSENT, "is absent, an id is a positive whole number in digits"),
        (None, "is null, an id is a positive whole number in digits"),
        ("", "is empty, an id is a positive whole number in digits"),
        (True, "is true, an id is a positive whole number in digits"),
        (Number("4512.0"), "is 4512.0 with a fraction, an id is a positive whole number in digits"),
        ("4512.0", 'is "4512.0", an id is a positive whole number in digits'),
        (" 4512", 'is " 4512", an id is a positive whole number in digits'),
        ("-1", 'is "-1", an id is a positive whole number in digits'),
        ("٤٥", 'is "٤٥", an id is a positive whole number in digits'),
        ("1" * 19, f'is "{"1" * 19}", an id is a positive whole number in digits'),
        ([7], "is a list, an id is a positive whole number in digits"),
        (0, "is 0, an id is a positive whole number of at most 18 digits"),
        ("000", 'is "000", an id is a positive whole number of at most 18 digits'),
        (-5, "is -5, an id is a positive whole number of at most 18 digits"),
        (10**18, f"is {10**18}, an id is a positive whole number of at most 18 digits"),
    ],
)
def test_anything_else_is_no_id(value: Json, why: str) -> None:
    with pytest.raises(Unusable) as caught:
        whole_id(value)
    assert english(caught.value.about("$.id")) == f"$.id {why}"


@pytest.mark.parametrize(
    ("value", "text"), [("tg-5", "tg-5"), (5012345678, "5012345678"), (Number("1.0"), "1.0")]
)
def test_a_messengers_id_is_any_text(value: Json, text: str) -> None:
    assert messenger_id(value) == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (ABSENT, "is absent, a messenger's id is a text"),
        (None, "is null, a messenger's id is a text"),
        (False, "is false, a messenger's id is a text"),
        ("", "is empty, a messenger's id is a text"),
        (" \t", "is empty, a messenger's id is a text"),
        ("x" * 256, "has 256 characters, a messenger's id has at most 255"),
        ("a\0", "contains a NUL character or an unpaired surrogate, which is not text"),
        ({}, "is a map, not a single value; go deeper with the path, or make a text of it with to_json"),
    ],
)
def test_but_not_nothing(value: Json, why: str) -> None:
    with pytest.raises(Unusable) as caught:
        messenger_id(value)
    assert english(caught.value.about("$.id")) == f"$.id {why}"


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "ok\udfff"])
def test_no_text_has_nul_or_half_a_surrogate_pair(text: str) -> None:
    with pytest.raises(Unusable):
        clean(text)


def test_a_variable_is_a_message_and_no_file() -> None:
    assert variable_text("я" * 65_536) == "я" * 65_536
    with pytest.raises(Unusable) as caught:
        variable_text("я" * 65_537)
    assert english(caught.value.about("$.a")) == "$.a has 65,537 characters, a variable has at most 65,536"


@pytest.mark.parametrize("text", ["", "обычный \n текст", "🎉", "\x7f"])
def test_any_other_text_is_clean(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("сумма заказа", None),
        ("a.b-c", None),
        ("", "a variable needs a name"),
        ("  ", "a variable needs a name"),
        ("a[b", 'a variable name cannot hold the bracket "["'),
        ("a]", 'a variable name cannot hold the bracket "]"'),
        ("a\nb", "a variable name cannot hold the control character 0x0a"),
        ("x" * 201, "a variable name of 201 characters is longer than 200"),
    ],
)
def test_a_variables_name_has_no_brackets_and_no_control_characters(name: str, fault: str | None) -> None:
    assert (english(name_fault(name)) or None) == fault


@pytest.mark.parametrize(
    ("user_id", "kind"),
    [
        ("anna@example.com", "email"),
        ("@anna", "email"),
        ("+79161234567", "phone"),
        ("79161234567", ""),
        ("79161234567@c.us", ""),
        ("5012345678", ""),
        ("W222", ""),
        ("", ""),
    ],
)
def test_an_address_or_a_number_with_a_plus_is_hardly_a_messengers_id(user_id: str, kind: str) -> None:
    assert contact_kind(user_id) == kind
