"""Two rule sets and one event: what the later makes otherwise."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.mapping.author.differences import Change, Difference, changes, compare
from bridge.model import Application, BotStart, Cancellation, Errand, Failure, Recipient
from tests.store.given import ABSENT

SOLD = BotStart("sold", 0, "main", Recipient(subscriber_id=5), 7, (("sum", "10"), ("name", "Анна")))
LACK = Failure("sold", 0, "bot_id", "$.bot", ABSENT)


def made(*starts: BotStart, lacks: tuple[Failure, ...] = ()) -> Application:
    return Application(starts, lacks, ())


def test_the_same_starts_are_no_difference() -> None:
    assert compare(made(SOLD), made(replace(SOLD)), {"sold"}) == ()
    assert compare(made(SOLD, lacks=(LACK,)), made(SOLD, lacks=(LACK,)), {"sold"}) == ()


def test_a_new_start_is_gained_and_a_missing_one_lost() -> None:
    other = replace(SOLD, rule="gift", bot_id=8)
    assert compare(made(SOLD), made(other), {"sold", "gift"}) == (
        Difference("lost", "sold", 0, before=SOLD),
        Difference("gained", "gift", 0, after=other),
    )


def test_a_start_is_the_same_by_its_rule_and_item() -> None:
    first, second = SOLD, replace(SOLD, item=1, bot_id=8)
    assert compare(made(first, second), made(second), {"sold"}) == (
        Difference("lost", "sold", 0, before=first),
    )


def test_changes_are_listed_by_key() -> None:
    later = replace(
        SOLD,
        recipient=Recipient(user_id="u", channel_id="c"),
        bot_id=8,
        forced=True,
        on_uncertain="hold",
        variables=(("sum", "10.00"), ("course", "sql")),
    )
    assert compare(made(SOLD), made(later), {"sold"}) == (
        Difference("changed", "sold", 0, SOLD, later, changes(SOLD, later)),
    )
    assert changes(SOLD, later) == (
        Change("bot_id", "7", "8"),
        Change("forced", "false", "true"),
        Change("on_uncertain", None, "hold"),
        Change("recipient", "subscriber:5", "messenger:c/u"),
        Change("variables.sum", "10", "10.00"),
        Change("variables.name", "Анна", None),
        Change("variables.course", None, "sql"),
    )


def test_the_order_of_variables_is_no_difference() -> None:
    assert compare(made(SOLD), made(replace(SOLD, variables=SOLD.variables[::-1])), {"sold"}) == ()


def test_a_rules_new_name_is_no_difference() -> None:
    renamed = replace(SOLD, rule="bought")
    assert compare(made(SOLD), made(renamed), {"bought"}) == ()
    changed = replace(renamed, variables=())
    (found,) = compare(made(SOLD), made(changed), {"bought"})
    assert (found.kind, found.rule, [one.key for one in found.changes]) == (
        "changed",
        "bought",
        ["variables.sum", "variables.name"],
    )


def test_but_a_rule_that_is_still_there_has_lost_its_start_to_another() -> None:
    other = replace(SOLD, rule="bought")
    assert [one.kind for one in compare(made(SOLD), made(other), {"sold", "bought"})] == ["lost", "gained"]


def test_a_rule_that_fails_now_or_no_longer_is_one_difference() -> None:
    second = replace(LACK, key="variables.sum", path="$.sum")
    assert compare(made(SOLD), made(lacks=(LACK, second)), {"sold"}) == (
        Difference("lost", "sold", 0, before=SOLD),
        Difference("failed", "sold", 0, after=LACK),
    )
    assert compare(made(lacks=(LACK, second)), made(SOLD), {"sold"}) == (
        Difference("gained", "sold", 0, after=SOLD),
        Difference("healed", "sold", 0, before=LACK),
    )
    assert compare(made(lacks=(LACK, second)), made(lacks=(second,)), {"sold"}) == ()


def test_a_failing_rule_under_a_new_name_fails_as_before() -> None:
    renamed = replace(LACK, rule="bought")
    assert compare(made(lacks=(LACK,)), made(lacks=(renamed,)), {"bought"}) == ()
    found = compare(made(lacks=(LACK,)), made(lacks=(renamed,)), {"sold", "bought"})
    assert [(one.kind, one.rule) for one in found] == [("failed", "bought"), ("healed", "sold")]


rules = st.sampled_from(["a", "b", "c"])
starts = st.lists(
    st.builds(
        BotStart,
        rules,
        st.integers(0, 1),
        st.just("main"),
        st.builds(Recipient, subscriber_id=st.integers(1, 2)),
        st.integers(1, 2),
    ),
    max_size=4,
    unique_by=lambda start: (start.rule, start.item),
).map(tuple)
failures = st.lists(
    st.builds(Failure, rules, st.integers(0, 1), st.just("bot_id"), st.just("$.x"), st.just("absent")),
    max_size=2,
).map(tuple)
applications = st.builds(Application, starts, failures, st.just(()))


@given(applications, applications, st.sets(rules))
def test_starts_before_and_after_differ_by_those_gained_and_lost(
    before: Application, after: Application, names: set[str]
) -> None:
    kinds = [one.kind for one in compare(before, after, names)]
    assert len(after.starts) - len(before.starts) == kinds.count("gained") - kinds.count("lost")


@given(applications, applications)
def test_turning_the_sets_round_turns_the_differences_round(before: Application, after: Application) -> None:
    every = {"a", "b", "c"}
    there = [one.kind for one in compare(before, after, every)]
    back = [one.kind for one in compare(after, before, every)]
    opposite = {"gained": "lost", "lost": "gained", "failed": "healed", "healed": "failed"}
    assert sorted(opposite.get(kind, kind) for kind in there) == sorted(back)


CANCEL = Cancellation("paid", 0, "main", "cart:17", 0, 0, shadow=False)


def cancelling(*cancels: Cancellation) -> Application:
    return Application((), (), (), cancels=cancels)


def test_another_due_time_and_another_errand_are_changes() -> None:
    later = replace(SOLD, due_at=3_600_000, zone="Europe/Moscow", errand=Errand("cart:1", "replace"))
    other = replace(later, due_at=7_200_000, errand=Errand("cart:2", "keep", 60), late="skip")
    assert changes(SOLD, later) == (
        Change("due", None, "1970-01-01T04:00:00+03:00"),
        Change("key", None, "cart:1"),
        Change("again", None, "replace"),
        Change("at_most", None, "1d"),
    )
    assert changes(later, other) == (
        Change("late", "send", "skip"),
        Change("due", "1970-01-01T04:00:00+03:00", "1970-01-01T05:00:00+03:00"),
        Change("key", "cart:1", "cart:2"),
        Change("again", "replace", "keep"),
        Change("at_most", "1d", "1m"),
    )


def test_what_is_cancelled_is_compared_by_rule_and_item() -> None:
    def found(before: Application, after: Application) -> list[tuple[str, str, str | None, str | None]]:
        differences = compare(before, after, {"paid", "new"})
        assert {one.kind for one in differences} <= {"changed"}
        return [
            (one.rule, change.key, change.before, change.after)
            for one in differences
            for change in one.changes
        ]

    other = replace(CANCEL, key="cart:18", lasts=86_400, account="other", shadow=True)
    assert found(cancelling(CANCEL), cancelling(replace(CANCEL, place=3))) == []
    assert found(cancelling(), cancelling(other)) == [("paid", "cancel.key", None, "cart:18")]
    assert found(cancelling(other), cancelling()) == [("paid", "cancel.key", "cart:18", None)]
    assert found(cancelling(CANCEL), cancelling(other)) == [
        ("paid", "cancel.key", "cart:17", "cart:18"),
        ("paid", "cancel.account", "main", "other"),
        ("paid", "cancel.as", "live", "shadow"),
        ("paid", "cancel.for", None, "1d"),
    ]
    renamed = replace(CANCEL, rule="was")
    assert found(cancelling(renamed), cancelling(replace(CANCEL, rule="new"))) == []
    assert found(cancelling(renamed), cancelling()) == [("was", "cancel.key", "cart:17", None)]
