from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.dispatch.policy.pace import factor, halved, next_slot, slots, taken
from bridge.model import Account

NOW = 1_700_000_000_000
FIVE = Account("main", "token", rate=5.0, burst=5)
MINUTE = 60_000


def test_an_idle_account_lets_its_burst_through_and_then_its_rate() -> None:
    assert slots(FIVE, 0.0, 0.0, NOW) == 5
    tat = taken(FIVE, 0.0, 0.0, NOW, 5)
    assert slots(FIVE, tat, 0.0, NOW) == 0
    assert next_slot(FIVE, tat, NOW) - NOW in (200, 201)
    assert slots(FIVE, tat, 0.0, NOW + 200) == 1
    assert slots(FIVE, tat, 0.0, NOW + 1000) == 5


def test_calls_not_taken_cost_nothing() -> None:
    assert taken(FIVE, 12.5, 0.0, NOW, 0) == 12.5


def test_an_account_without_burst_sends_one_at_a_time() -> None:
    account = Account("main", "token", rate=0.5, burst=1)
    tat = taken(account, 0.0, 0.0, NOW, 1)
    assert slots(account, tat, 0.0, NOW + 1999) == 0
    assert slots(account, tat, 0.0, NOW + 2000) == 1


def test_too_many_calls_halve_the_pace_which_doubles_again_each_minute() -> None:
    slow = halved(0.0, NOW)
    assert factor(slow, NOW) == 0.5
    assert factor(halved(slow, NOW), NOW) == 0.25
    assert factor(halved(slow, NOW), NOW + MINUTE) == 0.5
    assert factor(slow, NOW + MINUTE) == 1.0


def test_a_sixteenth_of_the_pace_always_remains() -> None:
    slow = 0.0
    for _ in range(10):
        slow = halved(slow, NOW)
    assert factor(slow, NOW) == 1 / 16


def test_a_halved_pace_doubles_the_way_between_calls() -> None:
    slow, now, tat, sent = halved(0.0, NOW), NOW, 0.0, list[int]()
    while now < NOW + 6000:
        tat = taken(FIVE, tat, slow, now, slots(FIVE, tat, slow, now))
        sent.append(now)
        now = next_slot(FIVE, tat, now)
    ways = [after - before for before, after in pairwise(sent)]
    assert all(370 <= way <= 402 for way in ways[1:])


def test_being_slowed_lets_no_call_through_sooner() -> None:
    account = Account("main", "token", rate=20.0, burst=2)
    tat = taken(account, 0.0, 0.0, NOW, 2)
    slow = halved(0.0, NOW + 28)
    assert slots(account, tat, 0.0, NOW + 40) == 0
    assert slots(account, tat, slow, NOW + 40) == 0


def test_a_clock_set_back_does_not_hold_the_calls_until_it_is_that_late_again() -> None:
    tat = taken(FIVE, 0.0, 0.0, NOW, 5)
    slow = halved(0.0, NOW)
    for back in (4 * MINUTE, 120 * MINUTE):
        assert next_slot(FIVE, tat, NOW - back) == NOW - back
        assert slots(FIVE, tat, slow, NOW - back) == 5
        assert taken(FIVE, tat, slow, NOW - back, 1) == NOW - back + 200


@settings(deadline=None)
@given(
    st.floats(0.1, 50),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 30), st.booleans()), min_size=1, max_size=25),
)
def test_no_window_of_time_holds_more_than_burst_and_rate_allow(
    rate: float, burst: int, wishes: list[tuple[int, int, bool]]
) -> None:
    account = Account("main", "token", rate=rate, burst=burst)
    now, tat, slow, sent = NOW, 0.0, 0.0, list[int]()
    for pause, wanted, throttled in wishes:
        now += pause
        slow = halved(slow, now) if throttled else slow
        let = min(slots(account, tat, slow, now), wanted)
        tat = taken(account, tat, slow, now, let)
        sent += [now] * let
    for i, first in enumerate(sent):
        for j in range(i, len(sent)):
            assert j - i + 1 <= burst + rate * (sent[j] - first) / 1000 + 1e-6


@given(st.floats(0.1, 2000), st.integers(1, 50), st.integers(1, 40))
def test_at_the_next_slot_there_is_one_and_not_much_before(rate: float, burst: int, calls: int) -> None:
    account = Account("main", "token", rate=rate, burst=burst)
    tat = taken(account, 0.0, 0.0, NOW, calls)
    moment = next_slot(account, tat, NOW)
    assert slots(account, tat, 0.0, moment) >= 1
    assert moment == NOW or slots(account, tat, 0.0, moment - 2) == 0
