from __future__ import annotations

import pytest
from sqlalchemy import literal, select

from bridge.jsonpath.exact_numbers import to_json
from bridge.store.db.engine import Store
from bridge.store.reports.text_match import contains, patterns_of, phone_digits


def is_in(store: Store, wanted: str, value: str) -> bool:
    document = literal(to_json({"v": value}))
    with store.read() as connection:
        return bool(connection.execute(select(contains(connection, document, wanted))).scalar_one())


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("ann@shop.example", "Ann@Shop.Example"),
        ("ANN@SHOP.EXAMPLE", "ann@shop.example"),
        ("Order-17a", "ORDER-17A"),
        ("мария", "Мария Иванова"),
        ("мария иванова", "Мария Иванова"),
        ("МАРИЯ", "мария"),
        ("Мария", "МАРИЯ"),
        ('курс "Python"', 'Заказ: курс "Python"'),
        ("a\\b", "a\\b"),
        ("50%", "-50%!"),
        ("a_b", "a_b"),
        ("line\nbreak", "line\nbreak"),
        ("+7 (916) 123-45-67", "79161234567"),
        ("+7 (916) 123-45-67", "89161234567"),
        ("79161234567", "+7 916 123-45-67"),
        ("8 916 123 45 67", "+7(916)123-45-67"),
        ("89161234567", "79161234567"),
        ("+380 67 123 45 67", "380671234567"),
        ("123456", "№123456"),
    ],
)
def test_a_text_is_found_in_all_its_forms(store: Store, wanted: str, value: str) -> None:
    assert is_in(store, wanted, value)


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ("ann@shop.example", "ann@shopxexample"),
        ("5_", "50"),
        ("5%", "50"),
        ("мария", "марина"),
        ("79161234567", "79161234568"),
        ("123456", "12345 6"),
    ],
)
def test_what_is_not_there_is_not_found(store: Store, wanted: str, value: str) -> None:
    assert not is_in(store, wanted, value)


@pytest.mark.parametrize(
    ("wanted", "digits"),
    [
        ("+7 (916) 123-45-67", "9161234567"),
        ("8-916-123-45-67", "9161234567"),
        ("79161234567", "9161234567"),
        ("+79161234567", "9161234567"),
        ("916 123 45 67", "9161234567"),
        ("9161234567", ""),
        ("12345678901", ""),
        ("123-45-67", ""),
        ("order 79161234567", ""),
        ("7916123456789012", ""),
        ("", ""),
    ],
)
def test_a_phone_number_is_found_by_its_last_ten_digits(wanted: str, digits: str) -> None:
    assert phone_digits(wanted) == digits


def test_few_patterns_are_tried() -> None:
    assert patterns_of("ann@shop.example") == ["%ann@shop.example%"]
    assert patterns_of("12345") == ["%12345%"]
    assert patterns_of("мария") == ["%мария%", "%МАРИЯ%", "%Мария%"]
