"""Past events through edited rules: counts per rule, examples, and why a start is lost."""

from __future__ import annotations

from bridge.mapping.author.backtest import EXAMPLES, Backtest, PastEvent, backtest
from bridge.mapping.author.differences import Kind
from bridge.mapping.rules.apply import apply
from bridge.model import Application, Json
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode
from bridge.text.render import english
from tests.mapping.given import event, mapping

NOW = """\
- name: paid
  when: {$.status: paid}
  start: {bot_id: 1, subscriber_id: $.s, variables: {sum: $.sum}}
- name: refund
  when: {$.status: refund}
  start: {bot_id: 2, subscriber_id: $.s}
"""


def run(edited: str, *bodies: Json, now: str = NOW) -> Backtest:
    """Events with these documents, numbered from 1, through two sets of rules."""
    current = mapping(now)
    past = []
    for number, body in enumerate(bodies, 1):
        happened = event(body, id=f"e-{number}")
        past.append(PastEvent(number, happened, apply(current, happened)))
    return backtest(past, {"shop": mapping(edited)})


def counted(found: Backtest) -> dict[str, dict[Kind, int]]:
    """The kinds of difference by rule, of rules that have any."""
    return {rule: dict(tally.kinds) for (_, rule), tally in found.tallies.items() if tally.kinds}


PAID = {"status": "paid", "s": 5, "sum": "10"}


def test_the_same_rules_make_no_difference() -> None:
    found = run(NOW, PAID, {"status": "refund"}, {})
    assert (found.events, found.differing, counted(found)) == (3, 0, {})
    assert (found.total.before, found.total.after) == (1, 1)


def test_starts_gained_and_lost_are_counted_by_rule() -> None:
    edited = NOW.replace("$.status: paid", "$.status: Paid").replace(
        "$.status: refund", "$.status: [refund, back]"
    )
    found = run(edited, PAID, PAID, {"status": "back", "s": 5})
    assert counted(found) == {"paid": {"lost": 2}, "refund": {"gained": 1}}
    assert (found.events, found.differing) == (3, 3)
    paid = found.tallies["shop", "paid"]
    assert (paid.before, paid.after) == (2, 0)
    assert (found.total.kinds["lost"], found.total.kinds["gained"]) == (2, 1)


def test_a_lost_start_has_its_reason_and_event() -> None:
    found = run(NOW.replace("paid}", "Paid}"), PAID)
    (example,) = found.tallies["shop", "paid"].examples["lost"]
    assert (example.event, example.key) == (1, "e-1")
    assert english(example.why) == '$.status is "paid", wanted "Paid": differs by case'


def test_a_lost_start_may_be_due_to_a_rule_that_is_gone_or_an_earlier_stop() -> None:
    gone = run(NOW[NOW.index("- name: refund") :], PAID)
    assert gone.tallies["shop", "paid"].examples["lost"][0].why == Reason(RuleCode.RULE_GONE)
    first = "- {name: all, stop: true, when: {$.sum: '10'}, start: {bot_id: 9, subscriber_id: $.s}}\n"
    stopped = run(first + NOW, PAID)
    assert stopped.tallies["shop", "paid"].examples["lost"][0].why == Reason(RuleCode.STOPPED_OR_OTHER)
    assert counted(stopped) == {"all": {"gained": 1}, "paid": {"lost": 1}}


def test_a_changed_variable_is_counted_by_its_name() -> None:
    edited = NOW.replace("sum: $.sum", "sum: {path: $.sum, pipe: [{round: 2}]}, kind: course")
    found = run(edited, PAID, PAID)
    paid = found.tallies["shop", "paid"]
    assert dict(paid.keys) == {"variables.sum": 2, "variables.kind": 2}
    assert [(one.key, one.before, one.after) for one in paid.examples["changed"][0].difference.changes] == [
        ("variables.sum", "10", "10.00"),
        ("variables.kind", None, "course"),
    ]


def test_a_new_failure_says_what_is_missing() -> None:
    found = run(NOW.replace("subscriber_id: $.s, v", "subscriber_id: $.who, v"), PAID)
    assert counted(found) == {"paid": {"lost": 1, "failed": 1}}
    assert english(found.tallies["shop", "paid"].examples["failed"][0].why) == (
        "subscriber_id: $.who is absent, an id is a positive whole number in digits"
    )
    assert found.tallies["shop", "paid"].examples["lost"][0].why == Reason(RuleCode.FAILED)


def test_a_failure_is_healed_by_a_start() -> None:
    found = run(NOW.replace("$.s}", "{path: $.s, default: 1}}"), {"status": "refund"})
    assert counted(found) == {"refund": {"gained": 1, "healed": 1}}


def test_few_examples_are_kept_and_all_are_counted() -> None:
    found = run(NOW.replace("paid}", "Paid}"), *[PAID] * 10)
    paid = found.tallies["shop", "paid"]
    assert [one.event for one in paid.examples["lost"]] == list(range(1, EXAMPLES + 1))
    assert paid.kinds["lost"] == 10


def test_rules_are_compared_with_real_calls() -> None:
    happened = event(PAID)
    called = Application(apply(mapping(NOW), happened).starts, (), ())
    assert backtest([PastEvent(1, happened, called)], {"shop": mapping(NOW)}).differing == 0
    nothing = backtest([PastEvent(1, happened, Application((), (), ()))], {"shop": mapping(NOW)})
    assert counted(nothing) == {"paid": {"gained": 1}}


def test_rules_without_any_difference_are_listed_too() -> None:
    assert list(run(NOW).tallies) == [("shop", "paid"), ("shop", "refund")]


WAITING = """\
- name: cart
  when: {$.status: cart}
  key: "cart:{$.cart}"
  again: replace
  after: 1h
  start: {bot_id: 3, subscriber_id: $.s}
- name: paid
  when: {$.status: paid}
  cancel: {key: "cart:{$.cart}"}
"""
CART = {"status": "cart", "cart": 17, "s": 5}


def test_what_waits_is_shown_apart_from_what_differs() -> None:
    found = run(WAITING, CART, CART, {"status": "paid", "cart": 17}, CART, now=WAITING)
    assert (found.differing, found.total.after) == (0, 3)
    assert dict(found.tallies["shop", "cart"].fates) == {"replaced": 1, "cancelled": 1, "waited": 1}
    assert dict(found.total.fates) == {"replaced": 1, "cancelled": 1, "waited": 1}


def test_another_time_or_key_is_a_change() -> None:
    edited = WAITING.replace("1h", "2h").replace('"cart:', '"c:')
    found = run(edited, CART, {"status": "paid", "cart": 17}, now=WAITING)
    (example,) = found.tallies["shop", "cart"].examples["changed"]
    assert [one.key for one in example.difference.changes] == ["due", "key"]
    (example,) = found.tallies["shop", "paid"].examples["changed"]
    assert [(one.key, one.before, one.after) for one in example.difference.changes] == [
        ("cancel.key", "cart:17", "c:17")
    ]


def test_calls_that_were_made_do_not_tell_what_was_cancelled() -> None:
    happened = event({"status": "paid", "cart": 1})
    past = PastEvent(1, happened, Application((), (), ()), by_calls=True)
    assert backtest([past], {"shop": mapping(WAITING)}).differing == 0
