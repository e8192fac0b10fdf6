from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bridge.errors import BridgeError, DocumentError, UsageError
from bridge.mapping.rules.apply import MappingFile
from bridge.model import Request
from bridge.operations.authoring.draft import Draft, draft, events_in
from bridge.operations.authoring.mapping_files import compile_text
from bridge.operations.authoring.pick_values import (
    Choice,
    Chosen,
    Role,
    candidates,
    inferred_choices,
    outline_rule,
)
from bridge.operations.authoring.test import run_tests
from bridge.settings import Settings, load
from tests.operations.given import ENVIRONMENT
from tests.support.filling import filled

ORDER = {
    "event": "order.paid",
    "event_id": "ev-1",
    "order": {"number": "A-17", "total": 1990.5, "status": "paid", "items": [{"sku": "py"}, {"sku": "sql"}]},
    "customer": {"name": "Мария", "email": "maria@yandex.ru", "telegram": 778899, "bot": "tg-main"},
    "gift": False,
    "коммент: #1": "до востребования",
    "coupon": None,
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({**ENVIRONMENT, "BRIDGE_MAPPINGS": str(tmp_path)})


def order(**changes: Any) -> Request:
    body = json.dumps({**ORDER, **changes}, ensure_ascii=False).encode()
    return Request("POST", "", (("Content-Type", "application/json"), ("X-Kind", "sale")), body, "")


def chosen(settings: Settings, *choices: Choice, request: Request | None = None) -> Chosen:
    (event,) = events_in(settings, "made", None, request or order())
    return Chosen(event, choices)


def drafted(settings: Settings, *choices: Choice, request: Request | None = None) -> Draft:
    request = request or order()
    return draft(settings, "made", None, request, chosen(settings, *choices, request=request))


def proved(settings: Settings, found: Draft) -> MappingFile:
    """The draft, once it is filled in; without findings but unset secrets, and its test passes."""
    alone = compile_text(settings, f"{settings.mappings}/made.yml", filled(found.text).encode())
    assert [str(one) for one in alone.findings if one.code != "W501"] == []
    assert alone.mapping is not None
    ran = run_tests(alone.mapping, lambda name: {found.sample_name: found.sample or b""}[name])
    assert [(one.differences, len(one.starts)) for one in ran.results] == [((), 1)]
    return alone.mapping


def rule_of(found: Draft) -> str:
    return found.text[found.text.index("rules:") : found.text.index("\ntests:")]


SUBSCRIBER = Choice("$.customer.telegram", "subscriber_id")


def test_a_rule_is_what_was_chosen_and_nothing_else(settings: Settings) -> None:
    found = drafted(
        settings,
        SUBSCRIBER,
        Choice("$.order.status", "condition"),
        Choice("$.order.total", "condition"),
        Choice("$.order.number", "variable", "order"),
        Choice("$.customer.name", "variable", "buyer"),
    )
    proved(settings, found)
    assert rule_of(found) == (
        "rules:\n"
        "  - name: first rule\n"
        "    when:   # all of it must hold\n"
        "      $.order.status: paid\n"
        "      $.order.total: 1990.5\n"
        "    start:\n"
        "      subscriber_id: $.customer.telegram\n"
        "      bot_id: FILL_IN   # the id of the bot to start, as LeadConverter shows it\n"
        "      variables:\n"
        "        order: $.order.number\n"
        "        buyer: $.customer.name\n"
    )


def test_what_is_chosen_twice_is_written_once(settings: Settings) -> None:
    status, number = Choice("$.order.status", "condition"), Choice("$.order.number", "variable", "order")
    found = drafted(settings, SUBSCRIBER, status, number, SUBSCRIBER, status, number)
    assert found == drafted(settings, SUBSCRIBER, status, number)


def test_nothing_is_written(settings: Settings) -> None:
    drafted(settings, SUBSCRIBER)
    assert list(Path(settings.mappings).iterdir()) == []


def test_people_are_made_up_in_the_sample_though_their_places_were_chosen(settings: Settings) -> None:
    found = drafted(settings, SUBSCRIBER, Choice("$.customer.name", "variable", "buyer"))
    written = found.text + (found.sample or b"").decode()
    assert [one for one in ("Мария", "maria@yandex.ru", "778899") if one in written] == []


def test_a_person_in_a_messenger_is_named_by_user_and_channel(settings: Settings) -> None:
    found = drafted(
        settings, Choice("$.customer.telegram", "user_id"), Choice("$.customer.bot", "channel_id")
    )
    mapping = proved(settings, found)
    assert "      user_id: $.customer.telegram\n      channel_id: $.customer.bot\n" in found.text
    assert len(mapping.rules) == 1


def test_without_a_recipient_the_rule_says_what_is_missing_and_is_not_taken_into_use(
    settings: Settings,
) -> None:
    found = drafted(settings, Choice("$.order.status", "condition"))
    assert (
        "      subscriber_id: FILL_IN   # the path of the subscriber's id in the webhook, or " in found.text
    )
    alone = compile_text(settings, f"{settings.mappings}/made.yml", found.text.encode())
    assert alone.mapping is None
    assert [one.code for one in alone.findings if one.is_error] == ["M111", "M111"]
    proved(settings, found)


def test_a_person_in_a_messenger_without_a_channel_lacks_the_channel_alone(settings: Settings) -> None:
    found = drafted(settings, Choice("$.customer.telegram", "user_id"))
    assert "      user_id: $.customer.telegram\n" in found.text
    assert (
        "      channel_id: FILL_IN   # the id of the messenger channel, as LeadConverter shows it\n"
        in found.text
    )
    proved(settings, found)


@pytest.mark.parametrize(
    ("choices", "fixed", "line"),
    [
        ((), ("subscriber_id", 778899), "      subscriber_id: {value: 778899}\n"),
        (
            (Choice("$.customer.telegram", "user_id"),),
            ("channel_id", "-100123"),
            '      user_id: $.customer.telegram\n      channel_id: {value: "-100123"}\n',
        ),
    ],
)
def test_what_is_the_same_for_every_event_is_a_literal_for_sure(
    settings: Settings, choices: tuple[Choice, ...], fixed: tuple[Role, object], line: str
) -> None:
    wanted = replace(chosen(settings, *choices), bot_id=4512, fixed=(fixed,))
    found = draft(settings, "made", None, order(), wanted)
    assert line in found.text
    assert "FILL_IN" not in found.text
    proved(settings, found)


@pytest.mark.parametrize(
    ("choices", "fixed", "message"),
    [
        ((SUBSCRIBER,), ("subscriber_id", 5), "subscriber_id is chosen twice"),
        ((), ("channel_id", "5"), "channel_id alone names no recipient"),
        ((), ("subscriber_id", 0), "subscriber_id is 0, an id is a positive whole number "),
    ],
)  # fmt: skip
def test_what_is_fixed_must_fit_as_well(
    settings: Settings, choices: tuple[Choice, ...], fixed: tuple[Role, object], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        outline_rule(replace(chosen(settings, *choices), fixed=(fixed,)))
    assert caught.value.message.startswith(message)


def test_values_that_may_be_a_subscriber_are_offered(settings: Settings) -> None:
    (event,) = events_in(settings, "made", None, order(lc="15", zero=0))
    assert [(one.path, one.value) for one in candidates(event)] == [
        ("$.customer.telegram", 778899),
        ("$.lc", "15"),
    ]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("$.gift", "$.gift: false"),
        ("$.coupon", "$.coupon: null"),
        ("$.order.items[1].sku", "$.order.items[1].sku: sql"),
        ("$['коммент: #1']", '''"$['коммент: #1']": "до востребования"'''),
        ("$headers.x-kind", '"$headers.x-kind": sale'),
        ("$event.type", "$event.type: order.paid"),
    ],
)
def test_a_condition_asks_for_the_value_that_was_clicked(settings: Settings, path: str, line: str) -> None:
    found = drafted(settings, SUBSCRIBER, Choice(path, "condition"))
    assert f"      {line}\n" in found.text
    proved(settings, found)


@pytest.mark.parametrize("name", ["имя клиента", "null", "1", "a: b", "#x", "- y", '"', "имя {x}"])
def test_a_variable_may_be_called_as_the_bot_calls_it(settings: Settings, name: str) -> None:
    mapping = proved(settings, drafted(settings, SUBSCRIBER, Choice("$.order.number", "variable", name)))
    (rule,) = mapping.rules
    assert rule.start is not None
    assert [one.name for one in rule.start.variables] == [name]


WRONG: dict[str, list[tuple[str, Role]]] = {
    '$.order.number is "A-17", an id is a positive whole number': [("$.order.number", "subscriber_id")],
    "$.customer is a map, not a single value": [("$.customer", "user_id"), ("$.customer.bot", "channel_id")],
    "channel_id alone names no recipient": [("$.customer.bot", "channel_id")],
    "subscriber_id and channel_id do not name one recipient": [
        ("$.customer.telegram", "subscriber_id"),
        ("$.customer.bot", "channel_id"),
    ],
    "subscriber_id is chosen twice": [
        ("$.customer.telegram", "subscriber_id"),
        ("$.order.total", "subscriber_id"),
    ],
    "$.order is a map, not a single value": [("$.order", "variable")],
    "$.order.items is a list, not a single value": [("$.order.items", "condition")],
    "$.order.items[*].sku has 2 values": [("$.order.items[*].sku", "variable")],
    "$.nowhere finds nothing": [("$.nowhere", "condition")],
    "$.[ is not a path: ": [("$.[", "condition")],
}


@pytest.mark.parametrize(("message", "choices"), WRONG.items())
def test_contradicting_choices_are_refused(
    settings: Settings, choices: list[tuple[str, Role]], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        outline_rule(chosen(settings, *(Choice(path, role, "x") for path, role in choices)))
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("", "b"), "a variable needs a name"),
        (("a[0]", "b"), 'a variable name cannot hold the bracket "["'),
        (("a", "a"), 'two variables are called "a"'),
    ],
)
def test_a_variable_without_a_valid_name_is_refused(
    settings: Settings, names: tuple[str, str], message: str
) -> None:
    first, second = names
    wanted = chosen(
        settings, Choice("$.order.number", "variable", first), Choice("$.order.total", "variable", second)
    )
    with pytest.raises(UsageError) as caught:
        outline_rule(wanted)
    assert caught.value.message == message


def test_a_condition_on_a_redacted_value_is_refused(settings: Settings) -> None:
    with pytest.raises(UsageError) as caught:
        drafted(settings, SUBSCRIBER, Choice("$.customer.email", "condition"))
    assert caught.value.message.startswith(
        "the rule starts nothing in the redacted sample: $.customer.email is "
    )


def test_a_condition_on_a_text_that_reads_as_a_path_is_refused(settings: Settings) -> None:
    with pytest.raises(BridgeError) as caught:
        drafted(settings, SUBSCRIBER, Choice("$.coupon", "condition"), request=order(coupon="$.nowhere["))
    assert "cannot make a mapping file" in caught.value.message


def test_choices_begin_with_what_the_values_seem_to_be(settings: Settings) -> None:
    (event,) = events_in(settings, "made", None, order(lc_id=5))
    assert inferred_choices(event) == (
        Choice("$event.type", "condition"),
        Choice("$.order.status", "condition"),
        Choice("$.lc_id", "subscriber_id"),
        Choice("$.customer.email", "variable", "email"),
        Choice("$.order.total", "variable", "amount"),
        Choice("$.order.status", "variable", "status"),
        Choice("$.customer.name", "variable", "name"),
        Choice("$.order.number", "variable", "order"),
    )


def test_an_inferred_rule_and_the_same_choices_differ_only_in_the_shadow(settings: Settings) -> None:
    request = order(lc_id=5)
    (event,) = events_in(settings, "made", None, request)
    by_guess = draft(settings, "made", None, request)
    by_hand = draft(settings, "made", None, request, Chosen(event, inferred_choices(event)))
    shadow = "    shadow: true   # recorded, never sent: remove this line once the recipient is right\n"
    without = by_guess.text.replace("   # is it the right id?", "").replace(shadow, "")
    assert without.replace(", shadow: true", "") == by_hand.text


def test_an_event_of_a_batch_is_chosen_in_and_its_conditions_hold_for_it_alone(settings: Settings) -> None:
    names = [(number, key) for number in (0, 1) for key in ("id", "status_id")]
    leads = [(f"leads[status][{number}][{key}]", 10 + number) for number, key in names]
    body = urlencode(leads).encode()
    request = Request("POST", "", (("Content-Type", "application/x-www-form-urlencoded"),), body, "")
    events = events_in(settings, "made", "amocrm", request)
    assert len(events) == 2
    path = "$.leads.status[0].status_id"
    found = draft(settings, "made", "amocrm", request, Chosen(events[1], (Choice(path, "condition"),)))
    assert f'      {path}: "11"\n' in found.text
    proved(settings, found)


def test_a_webhook_that_cannot_be_read_is_an_error_before_anything_can_be_chosen(settings: Settings) -> None:
    with pytest.raises(DocumentError):
        events_in(settings, "made", "json", Request("POST", "", (), b"\xff\xfe", ""))


def test_a_rule_is_inferred_from_the_chosen_event_of_a_batch(
    settings: Settings,
) -> None:
    leads = [
        ("leads[status][0][id]", "1"),
        ("leads[status][0][status_id]", "142"),
        ("contacts[add][0][id]", "7"),
        ("contacts[add][0][subscriber_id]", "778899"),
    ]
    body = urlencode(leads).encode()
    request = Request("POST", "", (("Content-Type", "application/x-www-form-urlencoded"),), body, "")
    first, second = events_in(settings, "made", "amocrm", request)
    for event, kind, person in (
        (first, "leads.status", "FILL_IN"),
        (second, "contacts.add", "\"$.contacts.add['0'].subscriber_id\""),
    ):
        text = draft(settings, "made", "amocrm", request, stored=event).text
        assert f"$event.type: {kind}\n" in text
        assert f"subscriber_id: {person} " in text
