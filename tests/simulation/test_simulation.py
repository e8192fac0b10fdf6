"""The short form of `make simulate`: the promises hold through histories of faults, each from its seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from tests.simulation.history import Failure, History, play
from tests.simulation.known import FINAL, Broken, Known
from tests.simulation.memory import Memory
from tests.simulation.oracle import Oracle

HISTORIES = 40


def test_every_promise_holds_through_histories_of_every_fault(memory: Memory) -> None:
    seen: Counter[str] = Counter()
    for seed in range(HISTORIES):
        told = play(seed, memory)
        seen.update(told.states)
        seen.update(calls=told.calls, attempts=told.attempts, runs=told.runs, deaths=told.deaths)
    # The histories are worth something: every end is reached, processes die, calls are tried again.
    assert all(seen[state] for state in FINAL - {"exhausted"} | {"uncertain"})
    assert seen["deaths"] > HISTORIES / 4
    assert seen["attempts"] > seen["calls"] > HISTORIES * 3


def test_a_seed_is_a_history_and_nothing_else_decides(memory: Memory) -> None:
    assert [story(7, memory), story(7, memory)] == [story(7, memory)] * 2
    assert story(7, memory) != story(8, memory)


def play_some(seeds: Iterable[int], memory: Memory) -> None:
    for seed in seeds:
        play(seed, memory)


def story(seed: int, memory: Memory) -> list[str]:
    memory.empty()
    history = History(seed, memory)
    history.unfold()
    return history.story()


def test_a_broken_promise_is_told_with_its_seed_and_its_story(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise Broken("call 1 ran 2 times with 0 recorded resends")

    monkeypatch.setattr(Oracle, "on_run", broken)
    with pytest.raises(Failure) as caught:
        play_some(range(20), memory)
    first, *story, last = str(caught.value).splitlines()
    seed = caught.value.seed
    assert first == f"seed {seed}: call 1 ran 2 times with 0 recorded resends"
    assert "LeadConverter: runs call" in story[-1]
    assert last == f"again: python -m tests.simulation --seed {seed}"


def test_a_call_that_never_ends_is_noticed() -> None:
    oracle = Oracle({})
    oracle.calls[1] = Known("main", "subscriber:7", "relaxed", False, 0, 0, "w1-0-")
    with pytest.raises(Broken, match="call 1 is queued and ran 0 times: it is stuck"):
        oracle.at_the_end(lambda _: False)
