"""Sources and rules are paused: their calls wait, and stand in nobody's way."""

from __future__ import annotations

from bridge.store.db.engine import Store
from bridge.store.queue import pauses, sweep
from bridge.store.reports import audit
from bridge.text.render import english
from tests.conftest import Clock
from tests.store.given import claim, crowd, owe, rows, settle, settlement, start, state, states


def pause(store: Store, rule: str = "", source: str = "shop") -> bool:
    with store.transaction() as connection:
        return pauses.pause(connection, store.now(connection), source, rule, who="anna", why="wrong text")


def resume(store: Store, rule: str = "", source: str = "shop") -> bool:
    with store.transaction() as connection:
        return pauses.resume(connection, store.now(connection), source, rule, who="anna", why="")


def care(store: Store) -> int:
    with store.transaction() as connection:
        return sweep.sweep(connection, store.now(connection)).released


def claimed(store: Store) -> list[int]:
    return [call.id for call in claim(store)]


def test_calls_of_a_paused_rule_wait_and_those_of_others_go(store: Store) -> None:
    owe(store, start(7), start(8), start(9, rule="other"))
    assert pause(store, "sold")
    assert claimed(store) == [3]
    owe(store, start(10))
    assert claimed(store) == []
    assert states(store) == {1: "queued", 2: "queued", 3: "sending", 4: "queued"}


def test_a_pause_of_a_source_holds_all_of_its_rules(store: Store) -> None:
    owe(store, start(7), start(8, rule="other"))
    assert pause(store)
    assert claimed(store) == []


def test_what_is_resumed_goes_on(store: Store) -> None:
    owe(store, start(7), start(8))
    pause(store, "sold")
    assert claimed(store) == []
    assert resume(store, "sold")
    assert care(store) == 2
    assert claimed(store) == [1, 2]
    care(store)
    assert rows(store, "SELECT * FROM pauses") == []


def test_a_pause_is_one_however_often_it_is_asked_for(store: Store) -> None:
    assert not resume(store, "sold")
    assert [pause(store, "sold"), pause(store, "sold")] == [True, False]
    assert [resume(store, "sold"), resume(store, "sold"), pause(store, "sold")] == [True, False, True]
    with store.read() as connection:
        (found,) = pauses.active(connection)
        decided = audit.of(connection, "rule", "shop/sold")
    assert (found.name, found.paused_by, found.paused_reason) == ("shop/sold", "anna", "wrong text")
    assert [english(action.what) for action in decided] == ["pause", "resume", "pause"]


def test_a_rule_stays_paused_when_its_source_goes_on(store: Store) -> None:
    owe(store, start(7), start(8, rule="other"))
    pause(store)
    pause(store, "sold")
    assert claimed(store) == []
    resume(store)
    assert care(store) == 1
    assert claimed(store) == [2]
    assert care(store) == 0
    resume(store, "sold")
    assert care(store) == 1


def test_a_paused_call_holds_no_later_call_of_its_recipient(store: Store) -> None:
    owe(store, start(7), start(7, rule="other"), start(7, rule="other"), start(7, rule="other"))
    pause(store, "sold")
    for number in (2, 3, 4):
        (call,) = claim(store)
        assert call.id == number
        settle(store, settlement(call))
    assert state(store, 1) == "queued"


def test_calls_that_waited_for_one_that_was_paused_later_go_on(store: Store) -> None:
    owe(store, start(7, rule="other"), start(7), start(7, rule="other"))
    (first,) = claim(store)
    pause(store, "sold")
    settle(store, settlement(first))
    assert claimed(store) == [3]
    assert state(store, 2) == "queued"


def test_a_paused_call_expires_as_others_do(store: Store, clock: Clock) -> None:
    owe(store, start(7, expires=60))
    pause(store, "sold")
    assert claimed(store) == []
    clock.advance(61)
    care(store)
    assert states(store) == {1: "expired"}


def test_thousands_of_paused_calls_are_skipped_and_released_in_batches(store: Store) -> None:
    owe(store, start(7))
    crowd(store, 2500, recipients=2500)
    owe(store, start(8, rule="other"))
    pause(store, "sold")
    seen = [call.start.rule for _ in range(3) for call in claim(store)]
    assert seen == ["other"]
    resume(store, "sold")
    assert [care(store) for _ in range(4)] == [1000, 1000, 501, 0]
