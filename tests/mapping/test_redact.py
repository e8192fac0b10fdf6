from __future__ import annotations

import json

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.mapping.author.redact import Redactor
from bridge.model import Json

EMAILS = st.from_regex(r"[a-z]{3,8}\.[a-z]{3,8}@[a-z]{4,9}\.(ru|com)", fullmatch=True)
PHONES = st.from_regex(r"\+7[3-9][0-9]{9}", fullmatch=True)
TOKENS = st.from_regex(r"tok_[a-z]{10}[0-9]{10}", fullmatch=True)
PLACES = st.sampled_from(["Email", "data", "v1", "about", "x", "Телефон"])


def redacted(document: Json) -> Json:
    return Redactor().document(document)


@given(
    st.lists(EMAILS | PHONES | TOKENS, min_size=1, max_size=4),
    PLACES,
    st.sampled_from(["{}", "a {} b", "({})"]),
)
def test_personal_data_is_replaced_everywhere(private: list[str], key: str, form: str) -> None:
    texts = [form.format(one) for one in private]
    document = {key: texts, "deep": [{key: text} for text in texts], "json": json.dumps({key: texts})}
    left = to_json(redacted(document))
    assert [one for one in private if one in left] == []


@given(PHONES | TOKENS)
def test_what_is_made_up_has_the_shape_of_what_was_there(private: str) -> None:
    made_up = redacted({"x": private})["x"]
    assert made_up != private
    assert [char.isdecimal() for char in made_up] == [char.isdecimal() for char in private]
    assert made_up[0] == private[0] or private[0] != "+"


@pytest.mark.parametrize(
    ("given_number", "stays"),
    [
        ("+7 916 123-45-67", "+7 916 "),
        ("8 (916) 123-45-67", "8 (916) "),
        ("79161234567", "7916"),
        ("9161234567", "916"),
    ],
)
def test_a_made_up_phone_number_is_valid_and_has_other_digits(given_number: str, stays: str) -> None:
    made_up = redacted({"phone": given_number})["phone"]
    assert made_up.startswith(stays)
    assert all(
        char != other
        for char, other in zip(given_number[len(stays) :], made_up[len(stays) :], strict=True)
        if char.isdecimal()
    )
    assert phonenumbers.is_possible_number(phonenumbers.parse(made_up, "RU"))


@pytest.mark.parametrize(
    "document",
    [
        {
            "status": "paid",
            "type": "order",
            "amount": "1990.00",
            "sum": 5,
            "id": "A-17",
            "paid": True,
            "no": None,
        },
        {"created_at": 1700000000123, "date": "2026-05-10T14:28:03Z", "currency": "RUB"},
        {"event": "contact.created", "items": [{"quantity": 2}], "percent": from_json("1.50")},
    ],
)
def test_what_says_what_happened_stays(document: Json) -> None:
    assert redacted(document) == document


def test_the_same_value_is_replaced_by_the_same() -> None:
    found = redacted({"name": "Мария", "buyer": {"first_name": "Мария"}, "about": "Платит Мария"})
    assert found["name"] == found["buyer"]["first_name"] != "Мария"
    assert found["about"] == f"Платит {found['name']}"


def test_numbers_of_people_stay_numbers() -> None:
    found = redacted({"subscriber_id": 778899, "chat": {"user_id": "5012345678"}, "phone": 79161234567})
    assert isinstance(found["subscriber_id"], int)
    assert isinstance(found["phone"], int)
    assert len(str(found["phone"])) == 11
    assert found["subscriber_id"] != 778899
    assert found["chat"]["user_id"] != "5012345678"


def test_a_form_field_is_identified_by_its_name_key() -> None:
    found = redacted({"fields": [{"name": "Ваше имя", "value": "Мария"}, {"name": "Цвет", "value": "red"}]})
    assert found["fields"][0]["name"] == "Ваше имя"
    assert found["fields"][0]["value"] != "Мария"
    assert found["fields"][1]["value"] == "red"


def test_an_address_of_the_web_is_replaced_whole() -> None:
    assert redacted({"about": "see https://shop.ru/pay?phone=1"}) == {
        "about": "see https://example.com/made-up"
    }


def test_pairs_keep_their_names_and_order() -> None:
    found = Redactor().pairs([("phone", "+79161234567"), ("event", "paid"), ("about", "+79161234567")])
    assert [name for name, _ in found] == ["phone", "event", "about"]
    assert found[0][1] == found[2][1] != "+79161234567"
    assert found[1][1] == "paid"


@pytest.mark.parametrize(
    "key",
    ["account_phone", "candidate_name", "consumer_comment", "event_token", "update_contact", "value_key"],
)
def test_a_harmless_word_in_a_key_excuses_nothing(key: str) -> None:
    assert "Ivan 123" not in to_json(redacted({key: "Ivan 123"}))
    assert "79161234567" not in to_json(redacted({key: 79161234567}))
