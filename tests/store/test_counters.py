"""Counters are exact: whatever happens to events and calls, their sums say what the tables say."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from bridge.model import Application, Failure, Match, State, Verdict
from bridge.reasons.reason import recorded
from bridge.store.db.engine import Store
from bridge.store.db.migrate import upgrade
from bridge.store.inbox import refusals, replays
from bridge.store.inbox.purge import purge
from bridge.store.inbox.refusals import Refusal
from bridge.store.queue import accounts, decisions, sweep
from bridge.store.queue.decisions import Decider
from bridge.store.reports import counters, trends
from bridge.store.reports.counters import DAY_MS, HOUR_MS, PERIOD_MS, Key
from tests.conftest import Clock
from tests.store.given import (
    ABSENT,
    NOT_JSON,
    NOW,
    PING,
    claim,
    delivery,
    event,
    leave_claimed,
    made,
    owe,
    request,
    rows,
    sale,
    settle,
    settlement,
    start,
    take_in,
)

BY = Decider("ann", "because")
FAILED = Application((), (Failure("paid", 0, "bot_id", "$.x", ABSENT),), (Verdict("paid", Match.FAILED),))


def sums(store: Store) -> dict[tuple[str, str, str], int]:
    """Of all time, by kind, source and name, without those that are nought."""
    found = rows(store, "SELECT kind, source, name, sum(many) FROM tallies GROUP BY kind, source, name")
    return {(kind, source, name): int(many) for kind, source, name, many in found if many}


def of_calls(store: Store) -> dict[str, int]:
    """The counters of calls, all accounts together."""
    found: Counter[str] = Counter()
    for (kind, _, _), many in sums(store).items():
        if kind.startswith("call:"):
            found[kind.removeprefix("call:")] += many
    return {kind: many for kind, many in found.items() if many}


def test_events_are_counted_by_source_and_by_what_the_rules_made_of_them(store: Store) -> None:
    take_in(
        store,
        sale("p1", start(7)),
        sale("p2"),
        delivery((event("p3"), FAILED)),
        delivery(unreadable=NOT_JSON),
        delivery(source="crm", ignored=PING),
    )
    assert sums(store) == {
        ("event:matched", "shop", ""): 1,
        ("event:unmatched", "shop", ""): 1,
        ("event:failed", "shop", ""): 1,
        ("event:unreadable", "shop", ""): 1,
        ("event:ignored", "crm", ""): 1,
        ("rule:matched", "shop", "sold"): 1,
        ("rule:failed", "shop", "paid"): 1,
        ("call:waiting", "shop", "main"): 1,
    }


def test_a_repeat_is_not_counted(store: Store) -> None:
    take_in(store, sale("p1", start(7)), sale("p1", start(7)))
    take_in(store, sale("p1", start(7)))
    assert sums(store)["event:matched", "shop", ""] == 1
    assert sums(store)["rule:matched", "shop", "sold"] == 1


def test_one_batch_adds_to_each_counter_once(store: Store) -> None:
    take_in(store, *(sale(f"p{n}", start(n + 1)) for n in range(100)))
    assert rows(store, "SELECT kind, many FROM tallies ORDER BY kind") == [
        ("call:waiting", 100),
        ("event:matched", 100),
        ("rule:matched", 100),
    ]


def test_what_is_rolled_back_is_not_counted(store: Store) -> None:
    with store.writing.connect() as connection:
        counters.add(connection, NOW, {Key("event:matched", "shop"): 1})
        connection.rollback()
    assert sums(store) == {}


@pytest.mark.parametrize("end", ["done", "refused", "exhausted", "expired"])
def test_a_call_waits_until_it_ends(end: str, store: Store) -> None:
    owe(store, start(7))
    (call,) = claim(store)
    assert of_calls(store) == {"waiting": 1}
    settle(store, settlement(call, end))
    assert of_calls(store) == {end: 1}


def test_a_call_that_is_tried_again_goes_on_waiting(store: Store) -> None:
    owe(store, start(7))
    (call,) = claim(store)
    settle(store, settlement(call, "queued"))
    assert of_calls(store) == {"waiting": 1}


def test_a_late_answer_ends_an_uncertain_call_without_touching_those_that_wait(store: Store) -> None:
    owe(store, start(7), start(8))
    one, two = claim(store)
    settle(store, settlement(one, "uncertain"), settlement(two, "uncertain"))
    assert of_calls(store) == {"uncertain": 2}
    settle(store, settlement(one, "done"), settlement(two, "exhausted"))
    assert of_calls(store) == {"uncertain": 2, "done": 1, "waiting": 1}


def test_a_step_that_is_dropped_is_not_counted(store: Store) -> None:
    owe(store, start(7))
    (call,) = claim(store)
    assert settle(store, settlement(call), settlement(call)) == [True, False]
    assert of_calls(store) == {"done": 1}


def test_what_people_decide_is_counted_where_it_leads(store: Store) -> None:
    ids = owe(store, *(start(n) for n in range(1, 6)))
    for call in claim(store, 4):
        settle(store, settlement(call, "uncertain"))
    with store.transaction() as connection:
        decisions.resolve(connection, NOW, ids[0], "done", BY)
        decisions.resolve(connection, NOW, ids[1], "cancelled", BY)
        decisions.resend(connection, NOW, ids[2], BY)
        decisions.cancel(connection, NOW, ids[4], BY)
        decisions.send_again(connection, NOW, ids[0], BY)
    assert of_calls(store) == {"uncertain": 4, "done": 1, "cancelled": 2, "waiting": 2}


def test_a_shadow_call_never_waits(store: Store) -> None:
    owe(store, start(7, shadow=True))
    assert of_calls(store) == {"cancelled": 1}


def test_calls_that_expire_are_counted_wherever_that_is_found(store: Store, clock: Clock) -> None:
    owe(store, start(7, expires=60), start(8, expires=60))
    clock.advance(61)
    assert claim(store, 1) == []
    with store.transaction() as connection:
        sweep.sweep(connection, clock.ms)
    assert of_calls(store) == {"expired": 2}


def test_a_lapsed_lease_counts_as_uncertain_only_where_the_call_may_have_run(
    store: Store, clock: Clock
) -> None:
    owe(store, start(7), start(8))
    _, second = claim(store)
    leave_claimed(store, second)
    clock.advance(61)
    with store.transaction() as connection:
        sweep.sweep(connection, clock.ms)
    assert of_calls(store) == {"uncertain": 1, "waiting": 1}


def test_a_replay_counts_its_calls_and_when_its_rules_matched_but_no_hit(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1"))
    clock.advance(3600)
    with store.transaction() as connection:
        replays.replay(connection, clock.ms, 1, made(start(7)), "v2", BY)
    assert sums(store) == {("event:unmatched", "shop", ""): 1, ("call:waiting", "shop", "main"): 1}
    with store.read() as connection:
        used = trends.rules(connection, clock.ms)
    assert used == {("shop", "sold"): trends.RuleUse(0, 0, clock.ms)}


def test_refusals_are_counted_though_few_are_kept(store: Store) -> None:
    many = [Refusal("shop", NOW, 401, "signature", recorded("it differs"), request()) for _ in range(300)]
    with store.transaction() as connection:
        refusals.refuse(connection, NOW, many)
    assert sums(store) == {("webhook:refused", "shop", ""): 300}


def spread(store: Store, clock: Clock, hours: int) -> None:
    """An event every twenty minutes; of every second one the call ends."""
    with store.transaction() as connection:
        accounts.ensure(connection, ["main"])
    for number in range(hours * 3):
        owe(store, start(number + 1))
        if number % 2:
            (call,) = claim(store, 1)
            settle(store, settlement(call))
        clock.advance(1200)


def fold(store: Store, clock: Clock) -> int:
    with store.transaction() as connection:
        return counters.fold(connection, clock.ms, 1000)


def test_old_counters_become_coarser_and_every_sum_stays(store: Store, clock: Clock) -> None:
    spread(store, clock, 40)
    clock.advance(6 * 86400)
    spread(store, clock, 10)
    before = sums(store)
    with store.read() as connection:
        charts = [trends.over_time(connection, clock.ms, span) for span in trends.Span]
    assert fold(store, clock) > 0
    assert sums(store) == before
    with store.read() as connection:
        assert [trends.over_time(connection, clock.ms, span) for span in trends.Span] == charts
    for (at,) in rows(store, "SELECT DISTINCT at FROM tallies"):
        age = clock.ms - at
        width = HOUR_MS if age > 3 * HOUR_MS else PERIOD_MS
        assert at % (6 * HOUR_MS if age > 36 * HOUR_MS else width) == 0
    assert fold(store, clock) == 0


def test_folding_is_done_a_bounded_part_at_a_time(store: Store, clock: Clock) -> None:
    spread(store, clock, 10)
    with store.transaction() as connection:
        assert counters.fold(connection, clock.ms, 3) == 3


def test_after_ninety_days_only_the_number_of_those_that_wait_is_known(store: Store, clock: Clock) -> None:
    take_in(store, sale("p1", start(7)), sale("p2", start(8)))
    (call,) = claim(store, 1)
    settle(store, settlement(call))
    clock.advance(91 * 86400)
    purge(store)
    purge(store)
    assert rows(store, "SELECT kind, at, many FROM tallies") == [("call:waiting", 0, 1)]
    with store.read() as connection:
        assert trends.live(connection) == 1


def test_a_row_that_two_processes_would_fold_is_summed_up_once(store: Store, clock: Clock) -> None:
    spread(store, clock, 5)
    before = sums(store)
    workers = [threading.Thread(target=fold, args=(store, clock)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sums(store) == before


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_transactions_that_count_the_same_do_not_wait_for_each_other(store: Store) -> None:
    counts = {Key("event:matched", "shop"): 1}
    with store.transaction() as one:
        counters.add(one, NOW, counts)
        with store.transaction() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            counters.add(other, NOW, counts)
    assert sums(store) == {("event:matched", "shop", ""): 2}
    assert rows(store, "SELECT count(*) FROM tallies") == [(2,)]


def test_the_calls_that_wait_are_counted_from_the_migration_on(store: Store) -> None:
    owe(store, start(1), start(2), start(3, account="other"))
    (call,) = claim(store, 1)
    settle(store, settlement(call))
    with store.transaction() as connection:
        connection.exec_driver_sql("DROP TABLE tallies")
        connection.exec_driver_sql("DROP INDEX events_by_type")
        connection.exec_driver_sql("DROP INDEX events_by_result")
        connection.exec_driver_sql("DROP INDEX calls_by_rule")
        where = "WHERE result IN ('failed', 'unreadable')"
        connection.exec_driver_sql(f"CREATE INDEX events_to_mend ON events (result, id) {where}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
        upgrade(connection, "0004")
    assert sums(store) == {("call:waiting", "shop", "main"): 1, ("call:waiting", "shop", "other"): 1}


def test_every_state_that_is_no_end_and_not_in_doubt_waits() -> None:
    for state in State:
        counts: counters.Counts = Counter()
        counters.move(counts, None, state, "shop", "main")
        live = dict.fromkeys((State.QUEUED, State.CLAIMED, State.SENDING), "call:waiting")
        kind = {**live, State.WAITING: "call:later"}.get(state, f"call:{state}")
        assert counts == {Key(kind, "shop", "main"): 1}


def test_every_day_that_is_kept_is_a_whole_one() -> None:
    assert [width for _, width in counters.COARSER] == [HOUR_MS, 6 * HOUR_MS, DAY_MS]
    assert all(age % width == 0 for age, width in counters.COARSER)
