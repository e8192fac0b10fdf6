from __future__ import annotations

import threading
from dataclasses import replace

from bridge.store.db.engine import Store, open_store
from bridge.store.queue import accounts, due_calls
from bridge.store.queue.accounts import AccountState
from bridge.store.reports import audit
from bridge.text.render import english
from tests.conftest import Clock
from tests.store.given import NOW, claim, owe, settle, settlement, start
from tests.support.reasons import because


def test_an_account_begins_with_nothing_known(store: Store) -> None:
    with store.transaction() as connection:
        assert accounts.lock(connection, "main") == AccountState("main")
        assert not accounts.lock(connection, "main").paused


def test_several_are_locked_at_once_and_made_where_there_are_none(store: Store) -> None:
    with store.transaction() as connection:
        accounts.pause(connection, NOW, "b", who="anna", why="holiday")
        found = accounts.lock_all(connection, {"b", "a"})
        assert {name: state.paused for name, state in found.items()} == {"a": False, "b": True}
        assert accounts.lock_all(connection, []) == {}


def test_what_is_saved_is_what_the_next_process_finds(store: Store) -> None:
    known = AccountState("main", 1.8e12 + 0.125, 1.8e12, 5, "anna", "why", "abc", '{"x":1}')
    with store.transaction() as connection:
        accounts.lock(connection, "main")
        accounts.save(connection, [known])
    with store.transaction() as connection:
        assert accounts.lock(connection, "main") == known
        assert accounts.all_states(connection) == {"main": known}


def test_rows_are_made_once(store: Store) -> None:
    with store.transaction() as connection:
        accounts.ensure(connection, ["b", "a"])
        accounts.save(connection, [AccountState("a", tat=5.0)])
        accounts.ensure(connection, ["a", "b", "c"])
        assert {name: state.tat for name, state in accounts.all_states(connection).items()} == {
            "a": 5.0,
            "b": 0.0,
            "c": 0.0,
        }
        accounts.ensure(connection, [])


def test_a_pause_records_who_and_why_and_a_second_one_changes_nothing(store: Store) -> None:
    with store.transaction() as connection:
        assert accounts.pause(connection, NOW, "main", who="the bridge", why=because("401"), token_mark="abc")
        assert not accounts.pause(connection, NOW + 1, "main", who="anna", why="holiday")
        found = accounts.lock(connection, "main")
    assert found == AccountState("main", 0.0, 0.0, NOW, "the bridge", because("401"), "abc", "")


def test_a_resumed_account_goes_on_and_both_are_written_down(store: Store) -> None:
    with store.transaction() as connection:
        accounts.pause(connection, NOW, "main", who="the bridge", why=because("401"), token_mark="abc")
        assert accounts.resume(connection, NOW + 5, "main", who="anna", why="new token")
        assert not accounts.resume(connection, NOW + 6, "main", who="anna", why="again")
        assert accounts.lock(connection, "main") == AccountState("main")
        found = audit.of(connection, "account", "main")
    assert [(one.at, one.who, english(one.what), one.why) for one in found] == [
        (NOW, "the bridge", "pause", because("401")),
        (NOW + 5, "anna", "resume", "new token"),
    ]


def test_pace_is_taken_by_one_process_at_a_time(database_url: str) -> None:
    stores = [open_store(database_url) for _ in range(3)]

    def take(one: Store) -> None:
        for _ in range(20):
            with one.transaction() as connection:
                state = accounts.lock(connection, "main")
                accounts.save(connection, [replace(state, tat=state.tat + 1)])

    threads = [threading.Thread(target=take, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with stores[0].read() as connection:
        assert accounts.all_states(connection)["main"].tat == 60
    for one in stores:
        one.close()


def test_account_views_have_the_time_of_the_next_call_to_claim(store: Store, clock: Clock) -> None:
    owe(store, start(7), start(7), start(8, account="other"))
    with store.transaction() as connection:
        accounts.ensure(connection, ["main", "other", "idle"])
    assert due(store) == {"idle": None, "main": clock.ms, "other": clock.ms}
    (call,) = claim(store)
    assert due(store)["main"] is None
    settle(store, settlement(call, "queued", due_at=clock.ms + 5000))
    assert due(store)["main"] == clock.ms


def due(store: Store) -> dict[str, int | None]:
    with store.read() as connection:
        return {view.state.name: view.due_at for view in due_calls.view(connection).accounts}
