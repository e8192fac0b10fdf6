from __future__ import annotations

import threading

import pytest

from bridge.model import Outcome, Recipient, State
from bridge.store.db.engine import Store, open_store
from bridge.store.queue import claims, sweep
from bridge.store.queue.claims import LEASE_MS
from tests.conftest import Clock
from tests.store.given import (
    attempt,
    claim,
    crowd,
    owe,
    rows,
    settle,
    settlement,
    start,
    state,
    states,
)
from tests.support.reasons import read

MINUTE = 60


def run(store: Store, *, owner: str = "me") -> list[int]:
    """Claim what may go, send it and have it done; which calls those were."""
    claimed = claim(store, owner=owner)
    settle(store, *(settlement(call) for call in claimed))
    return [call.id for call in claimed]


def retry(store: Store, clock: Clock, seconds: float, *, holds: int | None) -> int:
    """Claim one call, have it fail and queue it again; which it was."""
    (call,) = claim(store, limit=1)
    due = clock.ms + round(seconds * 1000)
    shown = attempt(Outcome.RETRY, status=None, phase="connecting")
    assert settle(store, settlement(call, "queued", shown=shown, due_at=due, holds_until=holds)) == [True]
    return call.id


def test_a_claimed_call_is_its_owners_for_a_minute(store: Store, clock: Clock) -> None:
    owe(store, start(7))
    (call,) = claim(store)
    assert call.state is State.SENDING
    assert call.start == start(7)
    assert (call.owner, call.attempt, call.lease_until) == ("me", 1, clock.ms + LEASE_MS)
    assert (call.created_at, call.due_at, call.expires_at) == (clock.ms, clock.ms, clock.ms + 86_400_000)
    assert claim(store) == []


def test_every_kind_of_start_comes_back_as_it_was_stored(store: Store) -> None:
    starts = [
        start(1, variables=(("a]b", "1&forced=true&variable[x]=y"), ("е", "\u2028 \0 ' \" 🦔" + "ж" * 1000))),
        start(2, forced=True, order="strict", on_uncertain="resend", expires=60),
        start(3, recipient=Recipient(user_id="u/1 ", channel_id="канал"), order="none", item=3),
        start(4, variables=(), bot_id=2**63 - 1),
    ]
    owe(store, *starts)
    assert [call.start for call in claim(store)] == starts


def test_the_oldest_due_go_first_and_no_more_than_asked_for(store: Store) -> None:
    ids = owe(store, *(start(n) for n in range(1, 6)))
    assert [call.id for call in claim(store, limit=2)] == ids[:2]
    assert [call.id for call in claim(store, limit=9)] == ids[2:]


def test_a_call_of_another_account_is_not_claimed(store: Store) -> None:
    owe(store, start(7, account="other"))
    assert claim(store) == []
    assert len(claim(store, account="other")) == 1


def test_a_call_is_not_claimed_before_it_is_due(store: Store, clock: Clock) -> None:
    owe(store, start(7))
    retry(store, clock, 5, holds=None)
    clock.advance(4.999)
    assert claim(store) == []
    clock.advance(0.001)
    assert [call.attempt for call in claim(store)] == [2]


def test_one_recipient_has_one_call_in_flight_in_the_order_of_acceptance(store: Store) -> None:
    first, second, third = owe(store, start(7), start(7), start(7))
    assert run(store) == [first]
    assert run(store) == [second]
    assert run(store) == [third]


def test_a_recipient_does_not_hold_others(store: Store) -> None:
    first, _, other = owe(store, start(7), start(7), start(8))
    assert [call.id for call in claim(store)] == [first, other]


def test_the_same_recipient_of_another_account_is_another_lane(store: Store) -> None:
    owe(store, start(7), start(7, account="other"))
    assert len(claim(store)) == len(claim(store, account="other")) == 1


@pytest.mark.parametrize("end", ["done", "refused", "exhausted", "expired"])
def test_the_next_call_goes_when_the_one_before_it_ends(end: str, store: Store) -> None:
    owe(store, start(7), start(7))
    (call,) = claim(store)
    assert claim(store) == []
    settle(store, settlement(call, end))
    assert len(claim(store)) == 1


def test_a_relaxed_call_in_back_off_holds_later_ones_for_ten_minutes(store: Store, clock: Clock) -> None:
    first, second = owe(store, start(7), start(7))
    until = clock.ms + 10 * MINUTE * 1000
    assert retry(store, clock, 900, holds=until) == first
    assert claim(store) == []
    clock.advance(10 * MINUTE - 0.001)
    swept(store)
    assert claim(store) == []
    clock.advance(0.001)
    swept(store)
    assert run(store) == [second]
    clock.advance(300)
    assert run(store) == [first]


def test_a_strict_call_in_back_off_holds_later_ones_for_ever(store: Store, clock: Clock) -> None:
    first, second = owe(store, start(7, order="strict"), start(7))
    retry(store, clock, 3600, holds=None)
    clock.advance(3599)
    swept(store)
    assert claim(store) == []
    clock.advance(1)
    assert run(store) == [first]
    assert run(store) == [second]


def test_an_unordered_call_in_back_off_blocks_no_other(store: Store, clock: Clock) -> None:
    first, second = owe(store, start(7, order="none"), start(7))
    retry(store, clock, 60, holds=0)
    assert run(store) == [second]
    clock.advance(60)
    assert run(store) == [first]


def test_unordered_calls_still_go_one_at_a_time(store: Store) -> None:
    first, second = owe(store, start(7, order="none"), start(7, order="none"))
    assert [call.id for call in claim(store)] == [first]
    assert claim(store, owner="you") == []
    assert state(store, second) == "queued"


def test_a_call_that_comes_back_waits_for_a_later_one_in_flight(store: Store, clock: Clock) -> None:
    first, second = owe(store, start(7, order="none"), start(7, order="none"))
    retry(store, clock, 5, holds=0)
    (flying,) = claim(store)
    assert flying.id == second
    clock.advance(5)
    assert claim(store) == []
    settle(store, settlement(flying))
    assert run(store) == [first]


def test_an_uncertain_call_lets_relaxed_ones_pass_and_holds_strict_ones(store: Store) -> None:
    owe(store, start(7), start(7), start(8, order="strict"), start(8))
    claimed = claim(store)
    settle(store, *(settlement(call, "uncertain") for call in claimed))
    assert [call.start.recipient.subscriber_id for call in claim(store)] == [7]


def test_an_expired_call_ends_instead_of_being_claimed(store: Store, clock: Clock) -> None:
    late, fresh = owe(store, start(7, expires=60), start(7, expires=3600))
    clock.advance(60)
    assert [call.id for call in claim(store)] == [fresh]
    ((ended, why, at),) = rows(store, f"SELECT state, reason, settled_at FROM calls WHERE id = {late}")
    assert (ended, read(why), at) == ("expired", "it expired before it could be sent", clock.ms)


def test_calls_behind_an_expired_one_go_at_once(store: Store, clock: Clock) -> None:
    owe(store, start(7, expires=60), start(7, expires=60), start(7, expires=3600), start(7, expires=3600))
    assert len(claim(store)) == 1
    clock.advance(61)
    swept(store)
    assert [call.id for call in claim(store)] == [3]


def test_thousands_of_calls_of_one_recipient_block_no_other_recipient(store: Store) -> None:
    owe(store, start(7))
    crowd(store, 3000)
    other = owe(store, start(8))
    claimed: list[int] = []
    for _ in range(3):
        claimed += [call.id for call in claim(store, limit=10)]
    assert claimed == [1, *other]
    assert rows(store, "SELECT count(*) FROM calls WHERE state = 'queued' AND held_by = 0") == [(0,)]


def test_thousands_behind_one_recipient_go_one_after_another(store: Store) -> None:
    owe(store, start(7))
    crowd(store, 500)
    claim_ids = [run(store) for _ in range(20)]
    assert claim_ids == [[n] for n in range(1, 21)]


def swept(store: Store) -> sweep.Swept:
    with store.transaction() as connection:
        return sweep.sweep(connection, store.now(connection))


def test_many_claimers_take_every_call_once_and_one_per_recipient(database_url: str) -> None:
    stores = [open_store(database_url) for _ in range(4)]
    owe(stores[0], *(start(n % 10 + 1) for n in range(120)))
    taken: list[tuple[int, int]] = []
    overlaps: list[int] = []
    flying: set[int] = set()
    guard = threading.Lock()

    def work(one: Store, owner: str) -> None:
        while len(taken) < 120:
            for call in claim(one, limit=3, owner=owner):
                recipient = call.start.recipient.subscriber_id or 0
                with guard:
                    overlaps.extend([recipient] if recipient in flying else [])
                    flying.add(recipient)
                with guard:
                    taken.append((recipient, call.id))
                    flying.discard(recipient)
                assert settle(one, settlement(call)) == [True]

    threads = [threading.Thread(target=work, args=(one, f"w{n}")) for n, one in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == []
    assert sorted(number for _, number in taken) == list(range(1, 121))
    assert all(
        [number for to, number in taken if to == recipient] == sorted(n for to, n in taken if to == recipient)
        for recipient in range(1, 11)
    )
    assert set(states(stores[0]).values()) == {"done"}
    for one in stores:
        one.close()


def test_the_schema_itself_forbids_two_in_flight_for_one_recipient(store: Store) -> None:
    owe(store, start(7), start(7))
    with pytest.raises(Exception, match=r"(?i)unique"), store.transaction() as connection:
        connection.exec_driver_sql("UPDATE calls SET state = 'claimed', owner = 'x'")


@pytest.mark.parametrize(
    "wrong", ["state = 'lost'", "order_mode = 'random'", "state = 'sending', owner = ''"]
)
def test_the_schema_knows_the_words(wrong: str, store: Store) -> None:
    owe(store, start(7))
    with pytest.raises(Exception, match=r"(?i)check"), store.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE calls SET {wrong}")


def ready(store: Store, *, risked: bool, limit: int = 10) -> list[int]:
    with store.transaction() as connection:
        now = store.now(connection)
        return claims.ready(connection, now, "main", limit, frozenset(), () if risked else None)


def doubt(store: Store, *subscribers: int) -> None:
    """Calls that may have run, and are queued again by their policy."""
    owe(store, *(start(subscriber) for subscriber in subscribers))
    claimed = claim(store)
    shown = attempt(Outcome.UNCERTAIN, status=502, cause="http_502")
    settle(store, *(settlement(call, "queued", shown=shown, resend=True) for call in claimed))


def test_where_calls_are_at_risk_those_in_doubt_before_go_last(store: Store) -> None:
    doubt(store, 7, 8)
    first = owe(store, start(9))
    assert ready(store, risked=True) == first
    assert ready(store, risked=False) == [1, 2, *first]
    assert ready(store, risked=True, limit=1) == first


def test_where_no_other_call_waits_one_that_was_in_doubt_goes(store: Store) -> None:
    doubt(store, 7)
    assert ready(store, risked=True) == [1]


def test_a_call_behind_one_that_was_in_doubt_keeps_its_place(store: Store) -> None:
    doubt(store, 7)
    owe(store, start(7))
    assert ready(store, risked=True) == [1]


def test_the_cause_of_the_last_doubt_stays_with_the_call(store: Store) -> None:
    doubt(store, 7)
    (call,) = claim(store)
    assert call.cause == "http_502"
    settle(store, settlement(call, "done"))
    assert rows(store, "SELECT state, cause FROM calls") == [("done", "http_502")]
    assert rows(store, "SELECT number, cause FROM attempts ORDER BY number") == [(1, "http_502"), (2, "")]
