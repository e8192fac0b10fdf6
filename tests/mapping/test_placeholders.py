"""The placeholder FILL_IN never compiles, wherever a value is needed; a literal recipient is a warning."""

from __future__ import annotations

import pytest

from tests.mapping.given import ENVIRONMENT, HEAD, TESTS, compiled
from tests.mapping.given import findings as but_literals

BOT = "write the id of the bot to start, as LeadConverter shows it"
PERSON = "write the path of the subscriber's id in the webhook, such as $.subscriber_id"
USER = "write the path of the person's id in the messenger, such as $.user.id"
CHANNEL = "write the id of the messenger channel, as LeadConverter shows it"
VARIABLE = "write ${NAME} and set NAME in the environment"
ID = "write the path of the event's unique id, such as $.event_id"
TYPE = "write the path of the event's type, such as $.type"
VALUE = "write the value"

EVERYWHERE = [
    ("start: {bot_id: FILL_IN, subscriber_id: $.s}", BOT),
    ("start: {bot_id: {path: $.b, default: FILL_IN}, subscriber_id: $.s}", BOT),
    ("start: {bot_id: 1, subscriber_id: FILL_IN}", PERSON),
    ("start: {bot_id: 1, subscriber_id: 'FILL_IN'}", PERSON),
    ("start: {bot_id: 1, subscriber_id: {value: FILL_IN}}", PERSON),
    ("start: {bot_id: 1, subscriber_id: $.FILL_IN}", PERSON),
    ("start: {bot_id: 1, user_id: FILL_IN, channel_id: 1}", USER),
    ("start: {bot_id: 1, user_id: $.u, channel_id: FILL_IN}", CHANNEL),
    ("start: {bot_id: 1, first_of: [{subscriber_id: FILL_IN}]}", PERSON),
    ("start: {bot_id: 1, subscriber_id: $.s, variables: {x: FILL_IN}}", VALUE),
    ('start: {bot_id: 1, subscriber_id: $.s, variables: {x: "Hi FILL_IN!"}}', VALUE),
    ('start: {bot_id: 1, subscriber_id: $.s, variables: {x: "{$.n} FILL_IN"}}', VALUE),
    ("start: {bot_id: 1, subscriber_id: $.s, variables: {FILL_IN: x}}", VALUE),
    ("start: {bot_id: 1, subscriber_id: $.s, variables: {x: {path: $.x, map: {a: FILL_IN}}}}", VALUE),
    ("when: {$.a: FILL_IN}, start: {bot_id: 1, subscriber_id: $.s}", VALUE),
    ("when: {$.a: [x, FILL_IN]}, start: {bot_id: 1, subscriber_id: $.s}", VALUE),
    ("when: {$.FILL_IN: x}, start: {bot_id: 1, subscriber_id: $.s}", VALUE),
    ("when: {any: [{$.a: {starts_with: FILL_IN}}]}, start: {bot_id: 1, subscriber_id: $.s}", VALUE),
    ("account: FILL_IN, start: {bot_id: 1, subscriber_id: $.s}", VALUE),
    ("enabled: false, start: {bot_id: FILL_IN, subscriber_id: $.s}", BOT),
    ("shadow: true, start: {bot_id: FILL_IN, subscriber_id: $.s}", BOT),
]


@pytest.mark.parametrize(("rule", "needed"), EVERYWHERE)
def test_a_placeholder_is_an_error_with_its_place_and_what_to_write(rule: str, needed: str) -> None:
    text = f"- {{name: r, {rule}}}"
    found = but_literals(text)
    expected = f"1:{text.index('FILL_IN') + 1}: M111 FILL_IN is a placeholder; {needed}"
    assert found == [expected] or ("account" in rule and expected in found)


@pytest.mark.parametrize(
    ("old", "new", "place", "needed"),
    [
        ("${SHOP_SECRET}", "FILL_IN", "3:9", VARIABLE),
        ("${SHOP_SECRET}", "${FILL_IN}", "3:11", VARIABLE),
        ("X-Token", "FILL_IN", "5:19", VALUE),
        ("id: $.id", "id: FILL_IN", "6:13", ID),
        ("type: $.type", "type: FILL_IN", "6:25", TYPE),
        ("source: shop", "source: FILL_IN", "1:9", VALUE),
    ],
)
def test_so_it_is_in_what_a_source_says_of_itself(old: str, new: str, place: str, needed: str) -> None:
    result = compiled(HEAD.replace(old, new))
    found = f"mappings/shop.yml:{place}: M111 FILL_IN is a placeholder; {needed}"
    assert [str(one) for one in result.findings if one.is_error] == [found]
    assert not result.valid


def test_so_it_is_in_the_accounts_file() -> None:
    accounts = "accounts:\n  main: {token: FILL_IN}\nalerts: {start: {bot_id: FILL_IN, subscriber_id: 5}}\n"
    assert [str(one) for one in compiled(HEAD, accounts=accounts).findings] == [
        f"mappings/accounts.yml:2:17: M111 FILL_IN is a placeholder; {VARIABLE}",
        f"mappings/accounts.yml:3:26: M111 FILL_IN is a placeholder; {BOT}",
    ]


def test_a_variable_of_the_environment_that_holds_it_is_as_good_as_none() -> None:
    rule = "rules:\n  - {name: r, start: {bot_id: 1, subscriber_id: $.s}}\n"
    found = compiled(f"{HEAD}{rule}{TESTS}", environment={**ENVIRONMENT, "SHOP_SECRET": "FILL_IN"}).findings
    assert [str(one) for one in found] == [
        "mappings/shop.yml:3:9: W501 environment variable SHOP_SECRET is not set: it is FILL_IN, "
        "a placeholder"
    ]
    found = compiled(
        f"{HEAD}{rule}{TESTS}", environment={**ENVIRONMENT, "LEADCONVERTER_TOKEN": "FILL_IN"}
    ).findings
    assert [one.code for one in found] == ["W501"]


@pytest.mark.parametrize("text", ["MY_FILL_IN", "FILL_INS", "fill_in", "FILL IN", "ÄFILL_IN"])
def test_words_that_only_resemble_it_are_texts(text: str) -> None:
    assert (
        but_literals(f"- {{name: r, start: {{bot_id: 1, subscriber_id: $.s, variables: {{x: {text}}}}}}}")
        == []
    )


def test_the_webhook_of_a_test_may_hold_it() -> None:
    tests = "tests:\n  - {name: t, body: {a: FILL_IN}, query: x=FILL_IN, headers: {x: FILL_IN}, expect: []}\n"
    assert (
        but_literals("- {name: r, when: {$.b: 1}, start: {bot_id: 1, subscriber_id: $.s}}", tests=tests) == []
    )


def test_a_source_without_rules_is_taken_into_use() -> None:
    assert compiled(HEAD).valid
    assert compiled(HEAD).findings == ()


def warned(start: str, more: str = "") -> list[str]:
    """The findings of a rule with this recipient, their columns counted from its own text."""
    begin = f"  - {{name: r, {more}start: {{bot_id: 1, "
    result = compiled(f"{HEAD}rules:\n{begin}{start}}}}}\n{TESTS}")
    return [f"{one.column - len(begin)}: {one.code} {one.message}" for one in result.findings]


def literal(column: int, key: str, value: str) -> list[str]:
    meant = f"write a path such as $.{key}, or write {{value: {value}}} if you mean that"
    return [f"{column}: W514 {key} is the same person for every event; {meant}"]


@pytest.mark.parametrize(
    ("start", "warning"),
    [
        ("subscriber_id: 778899", literal(16, "subscriber_id", "778899")),
        ('subscriber_id: "778899"', literal(16, "subscriber_id", "778899")),
        ("user_id: 55, channel_id: 1", literal(10, "user_id", "55")),
        ("first_of: [{subscriber_id: $.s}, {subscriber_id: 7}]", literal(50, "subscriber_id", "7")),
        ("subscriber_id: {path: $.s, default: 7}", literal(37, "subscriber_id", "7")),
        ("subscriber_id: {template: '7'}", literal(27, "subscriber_id", "7")),
    ],
)
def test_a_literal_recipient_is_a_warning(start: str, warning: list[str]) -> None:
    assert warned(start) == warning


@pytest.mark.parametrize(
    ("start", "more"),
    [
        ("subscriber_id: {value: 778899}", ""),
        ("subscriber_id: {path: $.s, default: {value: 7}}", ""),
        ("subscriber_id: {path: $.manager, map: {anna: 7, boris: 8}}", ""),
        ("subscriber_id: '{$.s}'", ""),
        ("user_id: $.u, channel_id: 55", ""),
        ("user_id: {value: 55}, channel_id: 55", ""),
        ("subscriber_id: 778899", "enabled: false, "),
    ],
)
def test_one_that_is_meant_is_none(start: str, more: str) -> None:
    assert warned(start, more) == []


MAIL_PATH, PHONE_PATH = "the path of an e-mail address", "the path of a phone number"


@pytest.mark.parametrize(
    ("value", "column", "shown", "what"),
    [
        ("$.Email", 10, "$.Email", MAIL_PATH),
        ("\"$['E-mail']\"", 10, "$['E-mail']", MAIL_PATH),
        ("{path: $.buyer.email, pipe: [lower]}", 17, "$.buyer.email", MAIL_PATH),
        ("'{$.mail}'", 10, "{$.mail}", MAIL_PATH),
        ("$.client.phone", 10, "$.client.phone", PHONE_PATH),
        ("\"$['Телефон']\"", 10, "$['Телефон']", PHONE_PATH),
        ("{value: anna@example.com}", 18, "anna@example.com", "an e-mail address"),
        ('{value: "+79161234567"}', 18, "+79161234567", "a phone number"),
    ],
)
def test_an_address_or_a_number_is_not_a_messengers_id(
    value: str, column: int, shown: str, what: str
) -> None:
    hint = "write the path of the person's id in the messenger"
    finding = f'{column}: W515 user_id "{shown}" looks like {what}; {hint}'
    assert warned(f"user_id: {value}, channel_id: telegram") == [finding]


@pytest.mark.parametrize(
    "value", ["$.telegram_id", "$.emails.telegram", "{path: $.phone, pipe: [digits]}", "{value: 5012345678}"]
)
def test_what_may_be_one_is_not_warned_of(value: str) -> None:
    assert warned(f"user_id: {value}, channel_id: 1") == []
