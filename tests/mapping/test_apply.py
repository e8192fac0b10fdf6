"""Rules applied to events: which match, what they start, what they lack, and why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jsonpath.exact_numbers import Number
from bridge.mapping.rules.apply import apply
from bridge.mapping.rules.rule import MAX_ITEMS
from bridge.model import BotStart, Failure, Json, Match, Recipient, Verdict
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.text.render import english
from bridge.webhook.decode.forms import build_document, read_pairs
from tests.language.test_functions import documents
from tests.mapping.given import applied, event, mapping, start_of

PAID = """\
- name: course paid
  when:
    $event.type: paid
    $.course: [python, sql]
    $.sum: {gte: 1000}
  start:
    bot_id: 4512
    subscriber_id: $.subscriber
    variables:
      amount: $.sum
      course: {path: $.course, map: {python: "Python с нуля"}, default: "—"}
      hello: "Спасибо, {$.name}!"
      gone: $.gone
    forced: true
"""
ORDER = {"course": "python", "sum": Number("1990.00"), "subscriber": "778899", "name": "Мария"}


def test_a_matching_event_gives_the_bot_start() -> None:
    assert start_of(PAID, ORDER) == BotStart(
        rule="course paid",
        item=0,
        account="main",
        recipient=Recipient(subscriber_id=778899),
        bot_id=4512,
        variables=(("amount", "1990.00"), ("course", "Python с нуля"), ("hello", "Спасибо, Мария!")),
        forced=True,
        order="relaxed",
        on_uncertain=None,
        expires=86400,
        shadow=False,
    )


def test_the_verdict_of_a_match_names_the_rule() -> None:
    assert applied(PAID, ORDER).verdicts == (Verdict("course paid", Match.MATCHED, line=8),)


def test_the_verdict_of_a_mismatch_names_the_condition_that_decided_and_the_value() -> None:
    application = applied(PAID, ORDER | {"sum": "100"})
    assert application.starts == ()
    assert application.verdicts == (
        Verdict("course paid", Match.UNMATCHED, "$.sum: {gte: 1000}", "less", "100", 12),
    )


def test_an_absent_or_null_variable_is_left_out() -> None:
    rules = (
        "- {name: r, start: {bot_id: 1, subscriber_id: 2, variables: {a: $.a, b: $.b, c: '{$.c}!', d: null}}}"
    )
    assert start_of(rules, {"b": None}).variables == ()


def test_an_empty_variable_is_sent() -> None:
    rules = "- {name: r, start: {bot_id: 1, subscriber_id: 2, variables: {a: $.a}}}"
    assert start_of(rules, {"a": ""}).variables == (("a", ""),)


def test_a_payload_cannot_add_parameters() -> None:
    rules = "- {name: r, start: {bot_id: 1, subscriber_id: 2, variables: {a: $.a}}}"
    assert start_of(rules, {"a": "1&forced=true&variable[x]=y"}).variables == (
        ("a", "1&forced=true&variable[x]=y"),
    )


def test_a_rule_may_go_without_conditions_and_literals_are_ids_too() -> None:
    start = start_of("- {name: r, start: {bot_id: '77', user_id: 5, channel_id: abc}}")
    assert (start.bot_id, start.recipient) == (77, Recipient(user_id="5", channel_id="abc"))


def test_a_missing_recipient_fails_the_rule_and_says_which_path() -> None:
    application = applied(PAID, {key: value for key, value in ORDER.items() if key != "subscriber"})
    assert application.starts == ()
    why = Reason(RuleCode.NO_ID, what="$.subscriber", found=Reason(RuleCode.IS_ABSENT))
    assert application.failures == (Failure("course paid", 0, "subscriber_id", "$.subscriber", why),)
    assert english(why) == "$.subscriber is absent, an id is a positive whole number in digits"
    assert application.verdicts == (Verdict("course paid", Match.FAILED, line=8),)


def test_all_failures_of_a_start_are_reported_at_once() -> None:
    rules = """\
- name: r
  start:
    bot_id: {path: $.tariff, map: {a: 1}}
    user_id: $.user
    channel_id: $.channel
    variables:
      list: $.list
      when: {path: $.when, pipe: [{date: iso}]}
      text: $.text
      many: $.many[*]
"""
    body = {"user": " ", "channel": "c", "list": [1], "when": "soon", "text": "a\0", "many": [1, 2]}
    assert [(one.key, one.path, one.message) for one in applied(rules, body).failures] == [
        ("bot_id", "$.tariff", "$.tariff is absent, an id is a positive whole number in digits"),
        ("user_id", "$.user", "$.user is empty, a messenger's id is a text"),
        (
            "variables.list",
            "$.list",
            "$.list is a list, not a single value; "
            "pick one with first or last, or make a text of it with join, count or to_json",
        ),
        (
            "variables.when",
            "$.when",
            'date: "soon" is not a time; ISO 8601 and unix times are read as they are',
        ),
        (
            "variables.text",
            "$.text",
            "$.text contains a NUL character or an unpaired surrogate, which is not text",
        ),
        (
            "variables.many",
            "$.many[*]",
            "$.many[*] gives 2 values, not a single one; "
            "pick one with first or last, or make a text of them with join, count or sum",
        ),
    ]


FIRST_OF = """\
- name: r
  start:
    bot_id: 1
    first_of:
      - subscriber_id: $.subscriber
      - {user_id: $.user, channel_id: telegram}
"""


def test_first_of_takes_the_first_recipient_that_the_event_has() -> None:
    assert start_of(FIRST_OF, {"subscriber": 5, "user": "u"}).recipient == Recipient(subscriber_id=5)
    for subscriber in (None, "", "none", 0):
        start = start_of(FIRST_OF, {"subscriber": subscriber, "user": "u"})
        assert start.recipient == Recipient(user_id="u", channel_id="telegram")


def test_first_of_fails_with_what_each_lacks() -> None:
    assert [one.key for one in applied(FIRST_OF, {}).failures] == ["subscriber_id", "user_id"]


THREE = """\
- {name: one, when: {$.a: 1}, start: {bot_id: 1, subscriber_id: 1}STOP}
- {name: two, when: {$.b: 1}, start: {bot_id: 2, subscriber_id: 1}}
- {name: three, enabled: false, start: {bot_id: 3, subscriber_id: 1}}
"""


def test_all_matching_rules_fire_in_the_order_of_the_file() -> None:
    application = applied(THREE.replace("STOP", ""), {"a": 1, "b": 1})
    assert [start.rule for start in application.starts] == ["one", "two"]
    assert [verdict.match for verdict in application.verdicts] == [
        Match.MATCHED,
        Match.MATCHED,
        Match.DISABLED,
    ]


def test_after_a_match_with_stop_later_rules_are_not_tried() -> None:
    rules = THREE.replace("STOP", ", stop: true")
    stopped = applied(rules, {"a": 1, "b": 1})
    assert [start.rule for start in stopped.starts] == ["one"]
    assert [verdict.match for verdict in stopped.verdicts] == [Match.MATCHED, Match.SKIPPED, Match.SKIPPED]
    passed = applied(rules, {"b": 1})
    assert [start.rule for start in passed.starts] == ["two"]


def test_a_rule_that_fails_stops_too() -> None:
    rules = THREE.replace("STOP", ", stop: true").replace(
        "subscriber_id: 1}, stop", "subscriber_id: $.x}, stop"
    )
    application = applied(rules, {"a": 1, "b": 1})
    assert [verdict.match for verdict in application.verdicts] == [Match.FAILED, Match.SKIPPED, Match.SKIPPED]
    assert application.starts == ()


def test_a_rule_sets_how_its_start_is_delivered() -> None:
    rules = """\
- name: r
  account: main
  expires: 2h
  order: strict
  on_uncertain: resend
  shadow: true
  start: {bot_id: 1, subscriber_id: 2}
"""
    start = start_of(rules)
    found = (start.account, start.expires, start.order, start.on_uncertain, start.shadow, start.forced)
    assert found == ("main", 7200, "strict", "resend", True, False)


LEADS = """\
- name: lead
  for_each: $.leads[*]
  when:
    $.account: 7
    $item.status: 142
  start:
    bot_id: 4520
    subscriber_id: $item.subscriber
    variables: {name: $item.name, account: $.account}
"""


def test_for_each_starts_one_bot_per_item_that_its_conditions_choose() -> None:
    leads = [
        {"status": "142", "subscriber": 1, "name": "a"},
        {"status": "143", "subscriber": 2, "name": "b"},
        {"status": 142, "subscriber": 3, "name": "c"},
    ]
    application = applied(LEADS, {"account": "7", "leads": leads})
    assert [(one.item, one.recipient.subscriber_id, one.variables) for one in application.starts] == [
        (0, 1, (("name", "a"), ("account", "7"))),
        (2, 3, (("name", "c"), ("account", "7"))),
    ]
    assert application.verdicts == (Verdict("lead", Match.MATCHED, line=8),)


def test_conditions_on_the_event_decide_about_the_rule() -> None:
    application = applied(LEADS, {"account": "8", "leads": [{"status": 142, "subscriber": 1}]})
    assert application.verdicts == (Verdict("lead", Match.UNMATCHED, "$.account: 7", "differs", "8", 11),)


def test_without_an_item_that_holds_the_rule_does_not_match() -> None:
    application = applied(LEADS, {"account": 7, "leads": [{"status": 1}, {"status": 2}]})
    assert application.verdicts == (Verdict("lead", Match.UNMATCHED, "$item.status: 142", "differs", 2, 12),)


def test_without_items_the_rule_does_not_match() -> None:
    for body in ({"account": 7}, {"account": 7, "leads": []}):
        assert applied(LEADS, body).verdicts == (
            Verdict("lead", Match.UNMATCHED, "for_each: $.leads[*]", "no_items", None, 8),
        )


def test_an_item_that_lacks_a_value_fails_alone() -> None:
    leads = [{"status": 142}, {"status": 142, "subscriber": 3}]
    application = applied(LEADS, {"account": 7, "leads": leads})
    assert [one.item for one in application.starts] == [1]
    assert [(one.item, one.key, one.path) for one in application.failures] == [
        (0, "subscriber_id", "$item.subscriber")
    ]
    assert application.verdicts[0].match is Match.FAILED


def test_items_are_the_elements_of_a_list_the_entries_of_a_form_or_one_value() -> None:
    rules = "- {name: r, for_each: $.it, start: {bot_id: 1, subscriber_id: $item.id}}"
    for items in ([{"id": 1}, {"id": 2}], build_document(read_pairs(b"it[0][id]=1&it[1][id]=2"))["it"]):
        starts = applied(rules, {"it": items}).starts
        assert [one.recipient.subscriber_id for one in starts] == [1, 2]
    assert start_of(rules, {"it": {"id": 5}}).recipient.subscriber_id == 5
    assert start_of(rules, {"it": {"id": 5, "name": "Anna"}}).recipient.subscriber_id == 5


TRAPS = [
    ("$.it[*]", {"it": {"id": 1, "name": "Anna"}}, 2),
    ("$.it[*]", {"it": {"0": {"id": 1}}}, 1),
    ("$.it.*", {"it": {"a": {"id": 1}}}, 1),
    ("$.it[?@.id]", {"it": {"a": {"id": 1}, "b": {"id": 2}, "c": 3}}, 3),
    ("$[*].it[*]", {"it": [{"id": 1}]}, 1),
    ("$.it[*]", {"it": build_document(read_pairs(b"id=1&name=Anna"))}, 2),
]


@pytest.mark.parametrize(("path", "body", "size"), TRAPS)
def test_a_rule_fails_where_a_map_would_give_a_start_for_each_member(path: str, body: Any, size: int) -> None:
    application = applied(f"- {{name: r, for_each: {path!r}, start: {{bot_id: 1, subscriber_id: 5}}}}", body)
    assert application.starts == ()
    message = (
        f"{path} goes through a map of {size}, not a list: each member would be a start; "
        "write the path of a list, or of the map itself for one start"
    )
    (failure,) = application.failures
    assert (failure.rule, failure.item, failure.key, failure.path) == ("r", 0, "for_each", path)
    assert failure.message == message
    assert application.verdicts[0].match is Match.FAILED


@pytest.mark.parametrize("it", [{}, [], None, "text"])
def test_without_elements_nothing_starts_and_nothing_fails(it: Any) -> None:
    application = applied(
        "- {name: r, for_each: '$.it[*]', start: {bot_id: 1, subscriber_id: 5}}", {"it": it}
    )
    assert (application.starts, application.failures) == ((), ())


def test_a_filter_anywhere_takes_objects_wherever_they_are() -> None:
    rules = "- {name: r, for_each: '$..[?@.sku]', start: {bot_id: 1, subscriber_id: $item.sku}}"
    assert start_of(rules, {"order": {"line": {"sku": 3}}}).recipient.subscriber_id == 3


def test_an_event_with_too_many_items_fails_as_a_whole() -> None:
    body = {"account": 7, "leads": [{"status": 142, "subscriber": 1}] * (MAX_ITEMS + 1)}
    application = applied(LEADS, body)
    assert application.starts == ()
    (failure,) = application.failures
    assert (failure.rule, failure.item, failure.key, failure.path) == ("lead", 0, "for_each", "$.leads[*]")
    assert failure.message == "$.leads[*] gives 1,001 items, at most 1,000 are taken"


def test_the_event_itself_has_a_root() -> None:
    rules = """\
- name: r
  when: {$event.type: paid, $event.source: shop}
  start:
    bot_id: 1
    subscriber_id: 2
    variables: {id: $event.id, at: {path: $event.received_at, pipe: [{date: iso}]}}
"""
    assert start_of(rules).variables == (("id", "e-1"), ("at", "2023-11-14T22:13:20+00:00"))


def test_applying_twice_gives_the_same() -> None:
    rules = mapping(PAID)
    assert apply(rules, event(ORDER)) == apply(rules, event(ORDER))


EVERYTHING = mapping(PAID + LEADS.replace("name: lead", "name: leads") + FIRST_OF)


@given(documents, st.text(max_size=5))
def test_any_document_is_applied(body: Json, kind: str) -> None:
    application = apply(EVERYTHING, event(body, type=kind))
    assert len(application.verdicts) == 3


@given(
    st.fixed_dictionaries(
        {"course": st.just("sql"), "sum": st.just(5000), "subscriber": documents, "name": documents}
    )
)
def test_any_values_become_a_start_or_failures(body: Json) -> None:
    application = apply(EVERYTHING, event(body))
    first = application.verdicts[0].match
    assert first in (Match.MATCHED, Match.FAILED)
    for start in application.starts:
        assert start.recipient.subscriber_id is None or 0 < start.recipient.subscriber_id < 10**18
        for _, text in start.variables:
            assert "\0" not in text
            assert text.encode()
