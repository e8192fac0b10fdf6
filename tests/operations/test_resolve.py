from __future__ import annotations

from typing import Any

import pytest

from bridge.model import Outcome, State
from bridge.operations import batches
from bridge.operations.resolve import FITTING, Resolution
from bridge.operations.resolve_many import Decided, calls_that_fit, decide_all
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.states import state_reason
from bridge.store.db.engine import Store
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit, pagination
from bridge.store.reports.call_views import CallFilter
from bridge.text.render import english
from tests.operations.given import end, states
from tests.store import given

BY = Decider("maria", "they have their course")


def nobody() -> None:
    """Wakes nobody."""


def doubtful(store: Store, many: int, **more: Any) -> list[int]:
    """So many uncertain calls, each for another subscriber."""
    given.owe(store, *(given.start(100 + number, **more) for number in range(many)))
    return end(store, "uncertain", shown=given.attempt(Outcome.UNCERTAIN))


def decide(store: Store, numbers: list[int], resolution: Resolution) -> list[Decided]:
    return list(decide_all(store, numbers, resolution, BY, nobody))


@pytest.mark.parametrize(
    ("resolution", "state"),
    [("done", State.DONE), ("resend", State.QUEUED), ("cancel", State.CANCELLED)],
)
def test_all_uncertain_calls_are_settled_at_once_and_each_is_recorded(
    store: Store, resolution: Resolution, state: State
) -> None:
    numbers = doubtful(store, 3)
    assert calls_that_fit(store, CallFilter(), resolution) == numbers
    assert decide(store, numbers, resolution) == [Decided(number) for number in numbers]
    assert states(store) == dict.fromkeys(numbers, state)
    with store.read() as connection:
        actions = [audit.of(connection, "call", number) for number in numbers]
    assert [(one.who, one.why) for (one,) in actions] == [(BY.who, BY.why)] * 3


def test_only_calls_in_a_state_for_the_verdict_are_counted(store: Store) -> None:
    uncertain = doubtful(store, 2)
    given.owe(store, given.start(7))
    end(store, "done")
    waiting = given.owe(store, given.start(8))
    assert calls_that_fit(store, CallFilter(), "done") == uncertain
    assert calls_that_fit(store, CallFilter(), "cancel") == [*uncertain, *waiting]
    assert calls_that_fit(store, CallFilter(states=(State.QUEUED,)), "cancel") == waiting
    assert calls_that_fit(store, CallFilter(states=(State.QUEUED,)), "resend") == []
    assert calls_that_fit(store, CallFilter(states=(State.DONE,)), "cancel") == []


def test_the_filter_decides_which(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "SEARCHED", 2)
    sold = doubtful(store, 3)
    bought = doubtful(store, 2, rule="bought", variables=(("name", "Пётр"),))
    assert calls_that_fit(store, CallFilter(rule="bought"), "done") == bought
    assert calls_that_fit(store, CallFilter(search="Иван"), "done") == sold
    assert calls_that_fit(store, CallFilter(recipient="100"), "done") == [sold[0], bought[0]]
    assert calls_that_fit(store, CallFilter(source="elsewhere"), "done") == []


def test_a_call_whose_state_has_changed_is_left_and_reported(store: Store) -> None:
    first, second, third = numbers = doubtful(store, 3)
    decide(store, [second], "done")
    found = decide(store, [*numbers, 77], "resend")
    expected = (state_reason("uncertain"),)
    refused = Reason(ErrorCode.NOT_RESENT, number=second, state=state_reason("done"), expected=expected)
    assert english(refused) == f"call {second} is done and cannot be resent, expected uncertain"
    assert found == [
        Decided(first),
        Decided(second, refused),
        Decided(third),
        Decided(77, Reason(ErrorCode.NO_CALL, number=77)),
    ]
    assert states(store) == {first: State.QUEUED, second: State.DONE, third: State.QUEUED}


def test_every_batch_is_committed_and_the_dispatchers_notified_before_it_is_reported(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "AT_ONCE", 2)
    numbers = doubtful(store, 5)
    woken: list[None] = []

    def queued() -> int:
        return list(states(store).values()).count(State.QUEUED)

    seen = [queued() for _ in decide_all(store, numbers, "resend", BY, lambda: woken.append(None))]
    assert seen == [2, 2, 4, 4, 5]
    assert len(woken) == 3


def test_dispatchers_are_not_notified_if_nothing_changed(store: Store) -> None:
    numbers = doubtful(store, 1)
    decide(store, numbers, "done")
    woken: list[None] = []
    list(decide_all(store, numbers, "done", BY, lambda: woken.append(None)))
    assert woken == []


@pytest.mark.parametrize("resolution", FITTING)
def test_what_is_counted_can_be_settled_so(resolution: Resolution, store: Store) -> None:
    """A call in each state that a worker can leave it in."""
    for number, state in enumerate(("uncertain", "refused", "done", "exhausted", "expired")):
        given.owe(store, given.start(500 + number))
        end(store, state, shown=given.attempt(Outcome.UNCERTAIN if state == "uncertain" else Outcome.REFUSED))
    given.owe(store, given.start(7), given.later())
    numbers = calls_that_fit(store, CallFilter(), resolution)
    assert numbers
    assert [one.refused for one in decide(store, numbers, resolution)] == [None] * len(numbers)
