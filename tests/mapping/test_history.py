"""Warnings that the events which really came give rise to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bridge.mapping.lint.history import check_history
from bridge.model import Event, Json
from tests.mapping.given import HEAD, event, mapping

DAY = 86_400_000
BEFORE = HEAD.count("\n") + 1


def warnings(rules: str, bodies: Sequence[Json], **facts: str) -> list[str]:
    """The findings of rules held against events, one a day; lines and columns are those of the rules."""
    events = [replace(event(body, **facts), received_at=number * DAY) for number, body in enumerate(bodies)]
    return [
        f"{one.line - BEFORE}:{one.column - 2}: {one.code} {one.message}"
        for one in check_history(mapping(rules), events)
    ]


def rule(when: str = "", start: str = "", each: str = "") -> str:
    lines = ["- name: r", f"  for_each: {each}" if each else "", f"  when: {{{when}}}" if when else ""]
    lines += [
        "  start:",
        "    bot_id: 1",
        "    subscriber_id: 2",
        f"    variables: {{{start}}}" if start else "",
    ]
    return "\n".join(line for line in lines if line)


def paid(**more: Any) -> dict[str, Json]:
    return {"status": "paid", "amount": 5, **more}


def test_a_path_that_is_always_absent_is_reported_with_a_suggestion() -> None:
    (only,) = warnings(rule("$.stauts: paid"), [paid()] * 7)
    assert only == "2:10: W601 $.stauts is absent in all 7 of the last 7 events; $.status exists"


def test_so_is_one_of_each_part_of_a_start() -> None:
    rules = (
        "- name: r\n  for_each: $.goods\n  start:\n    bot_id: {path: $.bot, map: {a: 1}}\n    first_of:\n"
        "      - {user_id: $.user, channel_id: $.channel}\n      - {subscriber_id: $.subscriber}\n"
        "    variables:\n      sum: {path: $.sum, default: $.total}\n      hello: 'Hello, {$.name}'\n"
    )
    places = [line.partition(" is absent")[0] for line in warnings(rules, [{}] * 5)]
    assert places == [
        "1:9: W601 $.goods",
        "4:20: W601 $.bot",
        "6:19: W601 $.user",
        "6:39: W601 $.channel",
        "7:25: W601 $.subscriber",
        "9:19: W601 $.sum",
        "9:19: W601 $.total",
        "10:14: W601 $.name",
    ]


def test_a_path_that_one_event_has_is_not() -> None:
    assert warnings(rule("$.coupon: a"), [paid()] * 6 + [paid(coupon="b")]) == []


def test_fewer_than_five_events_say_nothing() -> None:
    assert warnings(rule("$.stauts: paid"), [paid()] * 4) == []
    assert len(warnings(rule("$.stauts: paid"), [paid()] * 5)) == 1


def test_only_events_that_the_rule_is_about_count() -> None:
    refund = rule("$.status: refund, $.reason: late", "left: $.left")
    assert warnings(refund, [paid()] * 9) == []
    some = [paid()] * 9 + [{"status": "refund"}] * 5
    assert warnings(refund, some) == [
        "2:28: W601 $.reason is absent in all 5 of the last 14 events",
        "6:23: W601 $.left is absent in all 5 of the last 14 events",
    ]


def test_two_mistakes_do_not_hide_each_other() -> None:
    lines = warnings(rule("$.stauts: paid, $.amuont: {gt: 1}"), [paid()] * 5)
    assert [line.split(" ")[2] for line in lines] == ["$.stauts", "$.amuont"]


@pytest.mark.parametrize(
    "when",
    [
        "not: {$.test: true}",
        "$.test: {exists: false}",
        "all: [{not: {$.test: true}}]",
        "any: [{$.test: {exists: false}}]",
    ],
)
def test_what_is_meant_to_be_absent_may_be(when: str) -> None:
    assert warnings(rule(when), [paid()] * 5) == []


def test_the_other_side_of_a_comparison_is_looked_for_too() -> None:
    (only,) = warnings(rule("$.amount: {gte: $.price}"), [paid()] * 5)
    assert only == "2:10: W601 $.price is absent in all 5 of the last 5 events"


def test_of_items_each_counts_for_its_event() -> None:
    leads = rule("$item.status: won", "name: $item.nmae, id: $item.id", "$.leads[*]")
    bodies = [{"leads": [{"status": "won", "name": "a"}, {"status": "won", "id": 1}]}] * 5
    assert warnings(leads, bodies) == [
        "7:23: W601 $item.nmae is absent in all 5 of the last 5 events; $item.name exists"
    ]
    assert warnings(leads, [{"leads": [{"status": "lost"}]}] * 5) == []
    assert warnings(leads, [{"leads": []}] * 5) == [
        "1:9: W601 $.leads[*] is absent in all 5 of the last 5 events"
    ]


def test_a_rule_that_is_switched_off_is_not_looked_at() -> None:
    off = rule("$.stauts: paid").replace("- name: r", "- name: r\n  enabled: false")
    assert warnings(off, [paid()] * 9) == []


def amounts(*values: Json) -> list[Json]:
    return [{"amount": value} for value in values]


AMOUNT = rule("", "amount: $.amount")
NUMBERS = amounts(*range(20))


@pytest.mark.parametrize(
    ("latest", "kind"),
    [
        ("5", "a text"),
        (None, "null"),
        (True, "true or false"),
        ([1], "a list"),
        ({"value": 1}, "an object"),
    ],
)
def test_a_changed_type_is_reported_with_the_day_of_the_change(latest: Json, kind: str) -> None:
    (only,) = warnings(AMOUNT, NUMBERS + amounts(latest, latest, latest))
    assert only == (
        f"5:25: W602 $.amount was a number in 20 of 23 events, {kind} since Wednesday, 1970-01-21"
    )


def test_a_value_that_has_disappeared_is_reported() -> None:
    (only,) = warnings(AMOUNT, NUMBERS + [{"sum": 1}] * 3)
    assert only.endswith("$.amount was a number in 20 of 23 events, absent since Wednesday, 1970-01-21")


def test_a_few_exceptions_before_do_not_hide_a_change() -> None:
    (only,) = warnings(AMOUNT, amounts("5") + NUMBERS + amounts("5", "6", "7"))
    assert "was a number in 20 of 24 events, a text since" in only


@pytest.mark.parametrize(
    "bodies",
    [
        NUMBERS,
        NUMBERS + amounts("5", "6"),
        amounts(1, 2, 3, 4, "5", "6", "7"),
        amounts(*([1, "1"] * 10), "5", "6", "7"),
        [{}] * 9 + NUMBERS,
        NUMBERS + amounts("5", 5, "5", 5),
    ],
    ids=["steady", "two only", "too few before", "mixed before", "new", "back and forth"],
)
def test_what_is_no_lasting_change_is_not(bodies: list[Json]) -> None:
    assert warnings(AMOUNT, bodies) == []


def test_a_path_to_many_values_has_the_kind_that_all_have() -> None:
    rules = rule("", "prices: {path: '$.l[*]', pipe: [join]}")
    numbers: list[Json] = [{"l": [1, 2]}] * 6
    (only,) = warnings(rules, [*numbers, *[{"l": ["1", "2"]}] * 3])
    assert "was a number in 6 of 9 events, a text since" in only
    (only,) = warnings(rules, [*numbers, *[{"l": ["1", 2]}] * 3])
    assert "several kinds of values since" in only


def test_without_events_there_is_nothing_to_say() -> None:
    nothing: list[Event] = []
    assert check_history(mapping(rule("$.stauts: paid")), nothing) == ()
