"""Errands: what waits under a key is kept, replaced or cancelled, in the order of webhooks."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from bridge.dispatch import maintenance
from bridge.dispatch.maintenance import Maintenance
from bridge.model import Account, Again, Application, BotStart
from bridge.store.db.driver import driver_of
from bridge.store.db.engine import Store
from bridge.store.inbox.events import Delivery, accept
from bridge.store.inbox.purge import Purged, purge
from bridge.store.inbox.replays import Asked, Replayed, plan, replay
from bridge.store.queue import decisions, errands, release, sweep
from bridge.store.queue.decisions import Decider
from bridge.store.queue.rows import NewCall
from bridge.store.reports import cancellations
from bridge.store.reports.call_views import calls_of
from tests.conftest import Clock
from tests.store.given import (
    NOW,
    attempt,
    cancel,
    claim,
    delivery,
    event,
    later,
    leave_claimed,
    made,
    owe,
    paid,
    rows,
    sale,
    settle,
    settlement,
    start,
    state,
    states,
    take_in,
    whys,
)

BY = Decider("anna", "she asked")
HOUR, DAY = 3_600, 86_400
DUE = "SELECT id, state, due_at, expires_at, put_off_until FROM calls ORDER BY id"


def let_go(store: Store) -> int:
    with store.transaction() as connection:
        return release.release(connection, store.now(connection))


def effects(store: Store) -> list[list[list[object]]]:
    return [json.loads(one) for (one,) in rows(store, "SELECT effects FROM cancellations ORDER BY id")]


def call_in(store: Store, name: str) -> int:
    """A call of the errand `cart:7`, brought into a state."""
    take_in(
        store, sale(f"in {name}", later(key="cart:7", after=0 if name != "waiting" else HOUR, again="add"))
    )
    number = int(rows(store, "SELECT max(id) FROM calls")[0][0])
    if name in ("claimed", "sending", "uncertain"):
        (call,) = claim(store)
        if name == "claimed":
            leave_claimed(store, call)
        if name == "uncertain":
            settle(store, settlement(call, "uncertain", shown=attempt(cause="timeout")))
    return number


def test_a_call_waits_until_it_is_due_and_is_queued_then(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(), start(8)), sale("b", later(after=0), later(rule="x", after=-5)))
    assert states(store) == {1: "waiting", 2: "queued", 3: "queued", 4: "queued"}
    assert rows(store, DUE)[0][2:] == (NOW + HOUR * 1000, 2**62, 0)
    assert let_go(store) == 0
    clock.advance(HOUR - 0.001)
    assert let_go(store) == 0
    assert claim(store, limit=1)
    clock.advance(0.001)
    assert let_go(store) == 1
    assert let_go(store) == 0
    assert rows(store, DUE)[0][1:4] == ("queued", NOW + HOUR * 1000, clock.ms + DAY * 1000)


def test_a_waiting_call_does_not_expire_and_holds_nobody(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(after=300 * DAY, expires=60)), sale("b", start(7)))
    assert [call.id for call in claim(store)] == [2]
    clock.advance(299 * DAY)
    with store.transaction() as connection:
        sweep.sweep(connection, clock.ms)
        sweep.set_back(connection, clock.ms)
    assert state(store, 1) == "waiting"
    clock.advance(2 * DAY)
    assert let_go(store) == 1
    clock.advance(60)
    with store.transaction() as connection:
        assert sweep.expire(connection, clock.ms) == 1


def test_the_order_of_a_recipient_is_that_of_becoming_queued(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(after=60)), sale("b", start(7)))
    clock.advance(61)
    take_in(store, sale("c", start(7, rule="c")))
    assert let_go(store) == 1
    order = []
    while called := claim(store):
        order += [call.id for call in called]
        settle(store, *(settlement(call) for call in called))
    assert order == [2, 3, 1]


def test_a_moment_that_has_passed_is_skipped_if_the_rule_says_so(store: Store) -> None:
    take_in(store, sale("a", later(after=-1, late="skip"), later(rule="b", after=0, late="skip")))
    assert whys(store) == {
        1: ("cancelled", "its time had passed when the event came, and the rule says `late: skip`"),
        2: ("queued", ""),
    }


def test_a_start_comes_back_as_it_was_stored(store: Store) -> None:
    one = later(key="e\u0301 🦔", after=0, at_most=5, late="skip", zone="Europe/Moscow")
    take_in(store, sale("a", one))
    assert claim(store)[0].start == one


def test_replace_ends_the_earlier_one_and_keeps_its_limit(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(key="cart:7", at_most=HOUR)))
    limit = NOW + 2 * HOUR * 1000
    for number in range(2, 9):
        clock.advance(HOUR / 4)
        take_in(
            store, sale(f"b{number}", later(key="cart:7", after=(number + 3) * HOUR // 4, at_most=9 * HOUR))
        )
        assert whys(store)[number - 1] == ("cancelled", f"replaced by call {number}")
        assert rows(store, DUE)[-1][2] == min(NOW + (number + 3) * HOUR // 4 * 1000, limit)
        assert rows(store, DUE)[-1][4] == limit
    clock.advance(HOUR / 4)
    take_in(store, sale("c", later(key="cart:7", after=5 * HOUR)))
    assert state(store, 9) == "queued"


def test_what_is_done_does_not_limit_a_new_errand(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(key="cart:7", at_most=HOUR)))
    clock.advance(HOUR)
    let_go(store)
    (call,) = claim(store)
    settle(store, settlement(call))
    take_in(store, sale("b", later(key="cart:7", after=9 * HOUR)))
    assert rows(store, DUE)[-1][1:3] == ("waiting", NOW + 9 * HOUR * 1000)


def test_keep_ends_the_new_one_and_add_leaves_both(store: Store) -> None:
    take_in(store, sale("a", later(key="k", again="keep")), sale("b", later(key="k", again="keep")))
    take_in(store, sale("c", later(key="k", again="keep")), sale("d", later(key="k", again="add")))
    assert whys(store) == {
        1: ("waiting", ""),
        2: ("cancelled", "call 1 waits already"),
        3: ("cancelled", "call 1 waits already"),
        4: ("waiting", ""),
    }


@pytest.mark.parametrize(
    "other",
    [{"rule": "other"}, {"account": "other"}, {"shadow": True}, {"key": "cart:8"}],
    ids=str,
)
def test_only_calls_of_the_same_key_account_and_rule_are_replaced(
    other: dict[str, str], store: Store
) -> None:
    take_in(store, sale("a", later(key="cart:7")), sale("b", later(**{"key": "cart:7", **other})))  # type: ignore[arg-type]  # one at a time
    take_in(store, sale("c", later(key="cart:7"), source="crm"))
    assert set(states(store).values()) == {"waiting"}


@pytest.mark.parametrize("again", ["keep", "replace"])
@pytest.mark.parametrize("name", ["waiting", "queued", "claimed", "sending", "uncertain"])
def test_what_is_being_sent_or_may_have_run_is_left_alone(name: str, again: str, store: Store) -> None:
    first = call_in(store, name)
    take_in(store, sale("b", later(key="cart:7", again=again)))  # type: ignore[arg-type]  # drawn
    if name in ("sending", "uncertain"):
        assert (state(store, first), state(store, 2)) == (name, "waiting")
    elif again == "keep":
        assert (state(store, first), state(store, 2)) == (name, "cancelled")
    else:
        assert (state(store, first), state(store, 2)) == ("cancelled", "waiting")


@pytest.mark.parametrize("name", ["waiting", "queued", "claimed", "sending", "uncertain"])
def test_a_cancellation_ends_what_is_not_being_sent(name: str, store: Store) -> None:
    first = call_in(store, name)
    take_in(store, paid("p", cancel("cart:7")))
    if name in ("sending", "uncertain"):
        effect = "too_late" if name == "sending" else "not_resent"
        assert state(store, first) == name
        assert rows(store, "SELECT cancelled_by FROM calls") == [(2,)]
    else:
        effect = "cancelled"
        assert whys(store)[first] == ("cancelled", "cancelled by event 2")
    assert effects(store) == [[[first, effect]]]
    assert rows(store, "SELECT count(*) FROM calls WHERE state = 'cancelled' AND owner <> ''") == [(0,)]


def test_a_cancellation_ends_calls_of_any_rule_and_source_of_its_account_only(store: Store) -> None:
    take_in(
        store,
        sale("a", later(key="k")),
        sale("b", later("other", "k")),
        sale("c", later(key="k"), source="x"),
    )
    take_in(store, sale("d", later(key="k", account="other")), sale("e", later(key="l")))
    take_in(store, sale("f", later(key="k", shadow=True)))
    take_in(store, paid("p", cancel("k"), cancel("nobody")))
    assert [number for number, name in states(store).items() if name == "cancelled"] == [1, 2, 3]
    assert effects(store) == [[[1, "cancelled"], [2, "cancelled"], [3, "cancelled"]], []]
    take_in(store, paid("q", cancel("k")))
    assert effects(store)[-1] == []
    assert take_in(store, paid("q", cancel("k")))[0][0].duplicate
    assert len(effects(store)) == 3


@pytest.mark.parametrize(
    ("end", "becomes", "effect"),
    [
        ("queued", "cancelled", "not_retried"),
        ("expired", "cancelled", "not_retried"),
        ("exhausted", "cancelled", "not_retried"),
        ("done", "done", "too_late"),
        ("refused", "refused", "too_late"),
        ("uncertain", "uncertain", "too_late"),
    ],
)
def test_a_call_that_was_cancelled_while_it_was_sent_is_not_tried_again(
    end: str, becomes: str, effect: str, store: Store
) -> None:
    call_in(store, "queued")
    (call,) = claim(store)
    take_in(store, paid("o", cancel("else")), paid("p", cancel("cart:7"), cancel("another")))
    take_in(store, paid("q", cancel("cart:7")))
    assert effects(store) == [[], [[1, "too_late"]], [], [[1, "too_late"]]]
    assert settle(store, settlement(call, end, due_at=NOW)) == [True]
    assert state(store, call.id) == becomes
    assert effects(store) == [[], [[1, effect]], [], [[1, effect]]]
    if effect == "not_retried":
        assert whys(store)[call.id][1] == "cancelled by event 3"


def test_a_late_answer_that_it_did_not_run_ends_a_call_that_was_cancelled_in_doubt(store: Store) -> None:
    call_in(store, "queued")
    (call,) = claim(store)
    settle(store, settlement(call, "uncertain", shown=attempt(cause="timeout")))
    take_in(store, paid("p", cancel("cart:7")))
    assert effects(store) == [[[1, "not_resent"]]]
    assert settle(store, settlement(call, "queued", due_at=NOW)) == [True]
    assert (state(store, call.id), effects(store)) == ("cancelled", [[[1, "not_retried"]]])


def test_a_call_that_was_cancelled_while_it_was_sent_is_not_resent_by_itself(store: Store) -> None:
    call_in(store, "queued")
    (call,) = claim(store)
    take_in(store, paid("p", cancel("cart:7")))
    settle(
        store, settlement(call, "queued", due_at=NOW, resend=True, shown=attempt(cause="eof", reason="gone"))
    )
    assert whys(store) == {call.id: ("uncertain", "gone")}
    with store.transaction() as connection:
        decisions.resend(connection, NOW, call.id, BY)
    (call,) = claim(store)
    settle(store, settlement(call, "queued", due_at=NOW))
    assert state(store, call.id) == "queued"


def test_a_call_that_was_cancelled_and_lost_its_process_is_not_resent_by_itself(
    store: Store, clock: Clock
) -> None:
    take_in(store, sale("a", later(key="cart:7", after=0, on_uncertain="resend")))
    claim(store)
    take_in(store, paid("p", cancel("cart:7")))
    clock.advance(61)
    Maintenance(store, lambda: {"main": Account("main", "t")}).look_after()
    assert states(store) == {1: "uncertain"}


def test_a_late_answer_that_leaves_the_doubt_of_a_cancelled_call_is_dropped(store: Store) -> None:
    call_in(store, "queued")
    (call,) = claim(store)
    settle(store, settlement(call, "uncertain", shown=attempt(cause="died", reason="gone")))
    take_in(store, paid("p", cancel("cart:7")))
    before = whys(store)
    late = settlement(call, "queued", due_at=NOW, resend=True, shown=attempt(cause="eof", reason="late"))
    assert settle(store, late) == [False]
    assert whys(store) == before


def test_what_was_cancelled_since_it_was_refused_is_not_sent_again_with_a_new_token(store: Store) -> None:
    take_in(
        store, sale("a", later(key="cart:7", after=0)), sale("b", later(key="cart:8", after=0, subscriber=8))
    )
    settle(store, *(settlement(call, "refused") for call in claim(store)))
    take_in(store, paid("p", cancel("cart:7")))
    with store.transaction() as connection:
        assert [maintenance.again(connection, NOW, number, BY) for number in (1, 2)] == [0, 3]


def test_a_start_after_its_own_cancellation_is_sent_again_with_a_new_token(store: Store) -> None:
    made = Application((later(key="stage:7", after=0),), (), (), cancels=(cancel("stage:7"),))
    take_in(store, delivery((event("a"), made)))
    settle(store, *(settlement(call, "refused") for call in claim(store)))
    with store.transaction() as connection:
        assert maintenance.again(connection, NOW, 1, BY) == 2


def test_a_call_that_waits_for_its_resend_says_that_it_may_have_run(store: Store) -> None:
    call_in(store, "queued")
    (call,) = claim(store)
    settle(store, settlement(call, "queued", due_at=NOW, resend=True))
    take_in(store, paid("p", cancel("cart:7")))
    assert whys(store)[1] == ("cancelled", "cancelled by event 2; an earlier attempt may have run")


def test_the_next_call_of_a_recipient_goes_when_the_one_before_it_is_cancelled(store: Store) -> None:
    call_in(store, "queued")
    owe(store, start(7, rule="next"))
    (call,) = claim(store, limit=1)
    settle(store, settlement(call, "queued", due_at=NOW + 9000, holds_until=2**62))
    assert claim(store) == []
    take_in(store, paid("p", cancel("cart:7")))
    assert [one.id for one in claim(store)] == [2]


def test_a_mark_counts_from_the_commit_and_the_later_end_wins(store: Store, clock: Clock) -> None:
    clock.advance(1000)
    take_in(store, paid("p", cancel("k", lasts=HOUR)), paid("q", cancel("k", lasts=60)))
    clock.advance(HOUR - 1)
    take_in(store, sale("a", later(key="k")))
    assert whys(store) == {1: ("cancelled", "cancelled before it came, by event 1")}
    clock.advance(1)
    take_in(store, sale("b", later(key="k", after=9 * HOUR)))
    assert state(store, 2) == "waiting"
    with store.transaction() as connection:
        assert decisions.send_again(connection, clock.ms, 1, BY) == 3
    assert state(store, 3) == "queued"
    take_in(store, paid("r", cancel("k")))
    assert (state(store, 2), state(store, 3)) == ("cancelled", "queued")


def test_shadow_cancellations_and_marks_concern_shadow_calls_only(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(key="k")), sale("b", later(key="k", shadow=True, again="add")))
    take_in(store, paid("p", cancel("k", lasts=DAY, shadow=True)))
    take_in(store, sale("c", later(key="k", again="add")), sale("d", later(key="k", shadow=True)))
    assert whys(store) == {
        1: ("waiting", ""),
        2: ("cancelled", "cancelled by event 3"),
        3: ("waiting", ""),
        4: ("cancelled", "cancelled before it came, by event 3"),
    }
    take_in(store, sale("e", later("other", "l", shadow=True)))
    clock.advance(HOUR)
    assert let_go(store) == 3
    assert whys(store)[5] == ("cancelled", "shadow: recorded, never sent")


def test_webhooks_of_one_batch_and_rules_of_one_event_count_in_their_order(store: Store) -> None:
    mixed = made(later("a", "k", again="add"), later("b", "k", again="add"), later("c", "k", again="add"))
    mixed = replace(mixed, cancels=(cancel("k", place=1), cancel("k", place=2)))
    take_in(
        store,
        sale("1", later("c", "k"), later("c", "k", item=1)),
        delivery((event("2"), mixed)),
        paid("3", cancel("other"), cancel("other", place=0)),
        sale("4", later("c", "k", again="keep")),
    )
    assert whys(store) == {
        1: ("cancelled", "replaced by call 2"),
        2: ("cancelled", "cancelled by event 2"),
        3: ("cancelled", "cancelled by event 2"),
        4: ("cancelled", "cancelled by event 2"),
        5: ("waiting", ""),
        6: ("cancelled", "call 5 waits already"),
    }
    assert effects(store) == [[[2, "cancelled"], [3, "cancelled"]], [[4, "cancelled"]], [], []]


def cart(n: int) -> Delivery:
    return sale(f"cart {n}", later(key="cart:7", after=HOUR * (n + 1)))


@pytest.mark.parametrize("first", range(10))
def test_any_order_of_starts_and_cancels_with_a_mark_ends_alike(first: int, store: Store) -> None:
    acts: list[Delivery] = [
        *map(cart, range(8)),
        *(paid(f"p{n}", cancel("cart:7", lasts=DAY)) for n in range(2)),
    ]
    order = [acts[first], *acts[:first], *acts[first + 1 :]]
    for one in (order, order[::-1]):
        take_in(store, *one[:3])
        for single in one[3:]:
            take_in(store, single)
        # All that came before a cancellation was ended by it, all after by its mark.
        assert set(states(store).values()) == {"cancelled"}
        with store.transaction() as connection:
            for table in ("calls", "errands", "cancellations", "dedup"):
                connection.exec_driver_sql(f"DELETE FROM {table}")


def test_what_waits_can_be_cancelled_or_sent_now_by_a_person(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(after=9 * DAY, expires=60)), sale("b", later(after=9 * DAY)))
    take_in(store, sale("c", later(shadow=True)), sale("d", start(7)))
    with store.transaction() as connection:
        decisions.send_now(connection, clock.ms, 1, BY)
        decisions.cancel(connection, clock.ms, 2, BY)
    assert whys(store)[1] == ("queued", "sent before its time by anna: she asked")
    assert whys(store)[2] == ("cancelled", "cancelled by anna: she asked")
    assert rows(store, DUE)[0][2:4] == (clock.ms, clock.ms + 60_000)
    for number in (2, 3, 4):
        with pytest.raises(decisions.WrongState), store.transaction() as connection:
            decisions.send_now(connection, clock.ms, number, BY)
    assert [call.id for call in claim(store)] == [4]


def test_calls_are_counted_by_state_and_by_what_cancelled_them(store: Store, clock: Clock) -> None:
    take_in(
        store, sale("a", later(key="k")), sale("b", later(key="k")), sale("c", later(key="k", again="keep"))
    )
    take_in(store, sale("d", later(after=-1, late="skip")), paid("p", cancel("k", lasts=DAY)))
    take_in(store, sale("e", later(key="k")), sale("f", later(key="l")), sale("g", later(key="m")))
    clock.advance(HOUR)
    let_go(store)
    claim(store)
    take_in(store, sale("h", later(key="n", after=9 * HOUR)))
    sums = dict(
        rows(
            store,
            "SELECT kind, sum(many) FROM tallies WHERE source = 'shop' AND name = 'main' "
            "GROUP BY kind HAVING sum(many) <> 0",
        )
    )
    assert sums == {
        "call:later": 1,
        "call:waiting": 2,
        "call:cancelled": 5,
        "cancelled:replaced": 1,
        "cancelled:kept": 1,
        "cancelled:late": 1,
        "cancelled:event": 1,
        "cancelled:mark": 1,
    }


def test_errands_are_purged_without_a_call_or_a_mark(store: Store, clock: Clock) -> None:
    take_in(store, sale("a", later(key="open", after=99 * DAY)), sale("b", later(key="ended")))
    take_in(store, paid("p", cancel("ended"), cancel("marked", lasts=90 * DAY)))
    take_in(store, paid("q", cancel("shadow", lasts=90 * DAY, shadow=True)))
    assert purge(store).errands == 1
    assert rows(store, "SELECT key FROM errands ORDER BY key") == [("marked",), ("open",), ("shadow",)]
    clock.advance(90 * DAY)
    assert purge(store).errands == 2
    clock.advance(9 * DAY)
    let_go(store)
    (call,) = claim(store)
    assert purge(store).errands == 0
    settle(store, settlement(call))
    assert purge(store).errands == 1
    clock.advance(91 * DAY)
    purge(store)
    assert rows(store, "SELECT count(*) FROM cancellations") == [(0,)]


def test_a_mark_outlives_its_event_and_every_purge_until_its_end(store: Store, clock: Clock) -> None:
    take_in(store, paid("p", cancel("k", lasts=9 * DAY)))
    clock.advance(9 * DAY - 1)
    assert purge(store, body_days=1, row_days=1) == Purged(1, 1, 0, 0)
    take_in(store, sale("a", later(key="k", after=99 * DAY)))
    clock.advance(1)
    assert purge(store).errands == 1
    take_in(store, sale("b", later(key="k", after=99 * DAY)))
    assert states(store) == {1: "cancelled", 2: "waiting"}


def test_webhooks_without_keys_ask_nothing_of_errands(sqlite_store: Store) -> None:
    asked: list[str] = []
    with sqlite_store.transaction() as connection:
        driver_of(connection).set_trace_callback(asked.append)
        accept(connection, NOW, [sale("a", start(7), later(after=9)), sale("b", start(8), shadow_start())])
        driver_of(connection).set_trace_callback(None)
    assert asked
    assert [one for one in asked if "errands" in one or "cancellations" in one or "calls_by" in one] == []


def shadow_start() -> BotStart:
    return start(9, rule="shadow", shadow=True)


def replayed(store: Store, number: int, made_now: Application, **asked: bool) -> Replayed:
    with store.transaction() as connection:
        return replay(connection, store.now(connection), number, made_now, "v2", BY, Asked(**asked))


def test_a_replayed_cancellation_ends_what_fits_and_leaves_no_mark(store: Store) -> None:
    take_in(store, sale("a", later(key="k")), paid("p"), sale("b", later("other", "k")))
    cancels = Application((), (), (), cancels=(cancel("k", lasts=90 * DAY),))
    assert replayed(store, 2, cancels) == Replayed((), 0)
    assert whys(store) == dict.fromkeys((1, 2), ("cancelled", "cancelled by event 2"))
    take_in(store, sale("c", later(key="k")))
    assert state(store, 3) == "waiting"
    with store.read() as connection:
        (found,) = cancellations.of_events(connection, [2])
        assert found.until == found.at == NOW
        assert [tuple(one) for one in found.effects] == [(1, "cancelled"), (2, "cancelled")]
        (call, _, _) = calls_of(connection, 1) + calls_of(connection, 3) + calls_of(connection, 4)
        assert cancellations.of_call(connection, call, NOW) == (found,)


def test_a_replayed_start_under_a_mark_is_refused_unless_asked_for(store: Store) -> None:
    take_in(store, sale("a"), paid("p", cancel("k", lasts=DAY)))
    starts = made(later(key="k"), later("other", "l"))
    with store.read() as connection:
        planned = plan(connection, NOW, 1, "shop", starts)
    assert [(one.owed, one.cancelled_by) for one in planned] == [(False, 2), (True, 0)]
    assert replayed(store, 1, starts) == Replayed((1,), 1)
    assert replayed(store, 1, starts, past_cancel=True) == Replayed((2,), 1)
    assert states(store) == {1: "waiting", 2: "waiting"}
    assert whys(store)[2] == ("waiting", "")


def test_what_a_mark_has_cancelled_needs_no_more_than_past_cancel(store: Store) -> None:
    take_in(store, paid("p", cancel("k", lasts=DAY)), sale("a", later(key="k"), later("b", "l")))
    assert whys(store)[1] == ("cancelled", "cancelled before it came, by event 1")
    starts = made(later(key="k"), later("b", "l"))
    assert replayed(store, 2, starts) == Replayed((), 2)
    assert replayed(store, 2, starts, past_cancel=True) == Replayed((3,), 1)
    assert states(store) == {1: "cancelled", 2: "waiting", 3: "waiting"}
    take_in(store, paid("q", cancel("l")))
    assert replayed(store, 2, starts, past_cancel=True) == Replayed((), 2)


@pytest.mark.parametrize("again", ["keep", "replace", "add"])
def test_a_replayed_start_leaves_the_call_of_a_later_event_alone(again: Again, store: Store) -> None:
    one = later(key="k", again=again)
    take_in(store, sale("a"), sale("b", later(key="k")))
    with store.read() as connection:
        (planned,) = plan(connection, NOW, 1, "shop", made(one))
    assert (planned.owed, planned.kept_by, planned.newer) == (
        (True, 0, False) if again == "add" else (False, 1, True)
    )
    assert replayed(store, 1, made(one)).calls == ((2,) if again == "add" else ())
    assert states(store)[1] == "waiting"
    with store.transaction() as connection:
        new = [NewCall(1, "shop", replace(one, item=1), replayed=True)]
        errands.put(connection, NOW, new, Counter())
    assert states(store)[1] == "waiting"
    if again != "add":
        assert whys(store)[2] == ("cancelled", "call 1 waits already")


def test_a_replayed_start_replaces_what_its_own_event_has_ended_anyway(store: Store) -> None:
    take_in(store, sale("a"), sale("b", later(key="k")))
    both = replace(made(later(key="k", again="keep")), cancels=(cancel("k"),))
    assert replayed(store, 1, both).calls == (2,)
    assert states(store) == {1: "cancelled", 2: "waiting"}


def test_a_replayed_start_replaces_what_waits(store: Store, clock: Clock) -> None:
    take_in(store, sale("b", later(key="k")), sale("a"))
    assert replayed(store, 2, made(later(key="k", late="skip"))) == Replayed((2,), 0)
    assert whys(store)[1] == ("cancelled", "replaced by call 2")
    clock.advance(2 * HOUR)
    take_in(store, sale("c"))
    assert replayed(store, 3, made(later(late="skip"))).calls == (3,)
    assert state(store, 3) == "cancelled"


def test_a_thousand_calls_are_released_in_the_order_of_their_due_times(store: Store, clock: Clock) -> None:
    starts: list[BotStart] = [later(item=n, after=1000 - n, subscriber=n + 1) for n in range(1000)]
    take_in(store, sale("a", *starts))
    clock.advance(1000)
    assert [let_go(store), let_go(store), let_go(store)] == [500, 500, 0]
    placed = rows(store, "SELECT item FROM calls ORDER BY place")
    assert placed == [(n,) for n in reversed(range(1000))]
