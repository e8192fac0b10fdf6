from __future__ import annotations

from bridge.dispatch.policy.breaker import (
    CONSECUTIVE,
    Breaker,
    Gate,
    after,
    allowance,
    claimed,
    probed,
    probing,
    wants_probe,
)
from bridge.model import Attempt, Outcome
from tests.support.reasons import because

NOW = 1_700_000_000_000


def attempt(outcome: Outcome, at: int = NOW, status: int | None = None, cause: str = "") -> Attempt:
    return Attempt(at, at + 50, outcome, because("why"), "waiting", status=status, cause=cause)


def fed(breaker: Breaker, marks: str, now: int = NOW) -> Breaker:
    """The breaker after calls that failed (x) or reached LeadConverter (.)."""
    for mark in marks:
        shown = {"x": attempt(Outcome.UNCERTAIN, now, cause="timeout"), ".": attempt(Outcome.DONE, now, 200)}
        breaker = after(breaker, 7, shown[mark], now)
    return breaker


OPEN = fed(Breaker(), "xxxxx")


def on_trial(now: int = NOW + 5000) -> Breaker:
    return probed(OPEN, True, because("answered 422"), now)


def test_five_failures_in_a_row_open_it_for_five_seconds() -> None:
    assert fed(Breaker(), "xxxx").gate is Gate.CLOSED
    assert Breaker(Gate.OPEN, until=NOW + 5000, wait=5000, since=NOW, bots=(7,)) == OPEN
    assert allowance(OPEN, NOW + 6000, 10) == 0


def test_more_than_half_of_twenty_open_it() -> None:
    assert fed(Breaker(), "xx.." * 5).gate is Gate.CLOSED
    assert fed(Breaker(), "xx." * 7).gate is Gate.OPEN


def test_few_failures_among_few_calls_do_not() -> None:
    assert fed(Breaker(), "xxx.xxx").gate is Gate.CLOSED


def test_connections_that_fail_count_and_answers_of_failure_do_not() -> None:
    breaker = Breaker()
    for _ in range(CONSECUTIVE):
        breaker = after(breaker, 7, attempt(Outcome.RETRY, status=503), NOW)
        breaker = after(breaker, 7, attempt(Outcome.PAUSE, status=401), NOW)
    assert breaker.gate is Gate.CLOSED
    for _ in range(CONSECUTIVE):
        breaker = after(breaker, 7, attempt(Outcome.RETRY), NOW)
    assert breaker.gate is Gate.OPEN


def test_server_errors_that_the_account_retries_count_like_those_in_doubt() -> None:
    breaker = Breaker()
    for _ in range(CONSECUTIVE):
        breaker = after(breaker, 7, attempt(Outcome.RETRY, status=502, cause="http_502"), NOW)
    assert breaker.gate is Gate.OPEN


def test_a_failure_in_any_round_of_the_trial_opens_it_at_once() -> None:
    for passed in (1, 3):
        breaker, now = on_trial(), NOW + 5000
        for expected in (1, 2, 4):
            breaker = claimed(breaker, expected, now)
            now += 100
            if passed < expected:
                break
            breaker = fed(breaker, "." * expected, now)
            passed -= expected
        assert fed(breaker, "." * passed + "x", now).gate is Gate.OPEN


def test_a_healthy_breaker_stops_changing() -> None:
    healthy = fed(Breaker(), "." * 30)
    assert fed(healthy, ".") is healthy


def test_it_is_probed_once_its_time_has_come_and_by_one_process() -> None:
    assert not wants_probe(OPEN, NOW + 4999)
    assert wants_probe(OPEN, NOW + 5000)
    watched = probing(OPEN, NOW + 5000)
    assert not wants_probe(watched, NOW + 5001)
    assert wants_probe(watched, NOW + 35_000)


def test_a_failing_probe_doubles_the_wait_up_to_a_minute() -> None:
    breaker, waits = OPEN, []
    for _ in range(5):
        breaker = probed(probing(breaker, breaker.until), False, because("answered 502"), breaker.until)
        waits.append(breaker.wait)
    assert (breaker.since, breaker.probe) == (NOW, because("answered 502"))
    assert waits == [10_000, 20_000, 40_000, 60_000, 60_000]


def test_after_a_good_probe_one_call_goes_then_two_then_four_then_all() -> None:
    breaker, now = on_trial(), NOW + 5000
    for expected in (1, 2, 4):
        assert allowance(breaker, now, 10) == expected
        breaker = claimed(breaker, expected, now)
        assert allowance(breaker, now, 10) == 0
        now += 100
        breaker = fed(breaker, "." * expected, now)
    assert breaker == Breaker()
    assert allowance(breaker, now, 10) == 10


def test_a_failing_trial_call_opens_it_for_longer() -> None:
    breaker = claimed(on_trial(), 1, NOW + 5000)
    assert fed(breaker, "x", NOW + 6000) == Breaker(
        Gate.OPEN, until=NOW + 16_000, wait=10_000, since=NOW, probe=because("answered 422"), bots=(7,)
    )


def test_the_bots_whose_calls_failed_are_known_until_it_closes() -> None:
    breaker = after(
        claimed(on_trial(), 1, NOW), 8, attempt(Outcome.UNCERTAIN, NOW + 6000, cause="eof"), NOW + 6000
    )
    assert breaker.bots == (7, 8)
    later = probed(breaker, True, because("answered 422"), breaker.until)
    assert after(later, 7, attempt(Outcome.UNCERTAIN, later.until, cause="eof"), later.until).bots == (8, 7)
    for number in range(20):
        breaker = after(later, number, attempt(Outcome.UNCERTAIN, later.until, cause="eof"), later.until)
        later = probed(breaker, True, because("answered 422"), breaker.until)
    assert later.bots == tuple(range(10, 20))


def test_calls_that_began_before_the_trial_tell_nothing() -> None:
    breaker = claimed(on_trial(), 1, NOW + 5000)
    late = attempt(Outcome.UNCERTAIN, at=NOW + 4000, cause="reset")
    assert after(breaker, 7, late, NOW + 5500) is breaker
    assert after(OPEN, 7, late, NOW + 4500) is OPEN


def test_a_round_whose_calls_never_end_begins_again() -> None:
    breaker = claimed(on_trial(), 1, NOW + 5000)
    later = NOW + 5000 + 90_001
    assert allowance(breaker, later, 10) == 1
    assert allowance(claimed(breaker, 1, later), later, 10) == 0


def test_a_probe_that_comes_late_changes_nothing() -> None:
    trial = on_trial()
    assert probed(trial, False, because("answered 502"), NOW + 6000) is trial


def test_a_closed_breaker_keeps_no_account_of_claims() -> None:
    assert claimed(Breaker(), 10, NOW) == Breaker()
    trial = on_trial()
    assert claimed(trial, 0, NOW) is trial


def test_hours_by_which_the_clock_was_set_back_are_not_waited_for() -> None:
    hours = 3 * 3_600_000
    shut = fed(Breaker(), "x" * CONSECUTIVE)
    assert not wants_probe(shut, NOW + 4_999)
    assert wants_probe(shut, NOW - hours)
    trial = claimed(probed(shut, True, because("answered 422"), NOW + 5_000), 1, NOW + 5_000)
    assert allowance(trial, NOW + 5_000, 9) == 0
    assert allowance(trial, NOW - hours, 9) == 1
    assert claimed(trial, 1, NOW - hours).until == NOW - hours
