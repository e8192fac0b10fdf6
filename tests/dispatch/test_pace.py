from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.dispatch.pace import factor, halved, next_slot, slots, taken
from bridge.model import Account

NOW = 1_700_000_000_000
FIVE = Account("main", "token", rate=5.0, burst=5)
MINUTE = 60_000


def test_an_idle_account_lets_its_burst_through_and_then_its_rate() -> None:
    assert slots(FIVE, 0.0, 0.0, NOW) == 5
    tat = taken(FIVE, 0.0, 0.0, NOW, 5)
    assert slots(FIVE, tat, 0.0, NOW) == 0
    assert next_slot(FIVE, tat, 0.0, NOW) - NOW in (200, 201)
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
    slow = halved(0.0, NOW) + 10 * MINUTE
    tat = taken(FIVE, 0.0, slow, NOW, 5)
    assert slots(FIVE, tat, slow, NOW + 3200 - 1) == 0
    assert slots(FIVE, tat, slow, NOW + 3200) == 1


@settings(deadline=None)
@given(
    st.floats(0.1, 50),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 30)), min_size=1, max_size=25),
)
def test_no_window_of_time_holds_more_than_burst_and_rate_allow(
    rate: float, burst: int, wishes: list[tuple[int, int]]
) -> None:
    account = Account("main", "token", rate=rate, burst=burst)
    now, tat, sent = NOW, 0.0, list[int]()
    for pause, wanted in wishes:
        now += pause
        let = min(slots(account, tat, 0.0, now), wanted)
        tat = taken(account, tat, 0.0, now, let)
        sent += [now] * let
    for i, first in enumerate(sent):
        for j in range(i, len(sent)):
            assert j - i + 1 <= burst + rate * (sent[j] - first) / 1000 + 1e-6


@given(st.floats(0.1, 2000), st.integers(1, 50), st.integers(1, 40))
def test_at_the_next_slot_there_is_one_and_not_much_before(rate: float, burst: int, calls: int) -> None:
    account = Account("main", "token", rate=rate, burst=burst)
    tat = taken(account, 0.0, 0.0, NOW, calls)
    moment = next_slot(account, tat, 0.0, NOW)
    assert slots(account, tat, 0.0, moment) >= 1
    assert moment == NOW or slots(account, tat, 0.0, moment - 2) == 0
