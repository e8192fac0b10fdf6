from __future__ import annotations

import pytest

from bridge.errors import BridgeError
from bridge.store.db.engine import Store
from bridge.store.state import key_value
from bridge.store.state.key_value import set_target
from tests.store.given import owe, start


def test_a_note_replaces_the_one_before_it(store: Store) -> None:
    with store.transaction() as connection:
        key_value.write(connection, "colour", "red")
        key_value.write(connection, "colour", "синий")
    with store.read() as connection:
        assert key_value.read(connection, "colour") == "синий"
        assert key_value.read(connection, "size") is None


def test_notes_are_forgotten_by_the_beginning_of_their_name_and_by_age(store: Store) -> None:
    with store.transaction() as connection:
        for name, noted in (("a/1", "005"), ("a/2", "010"), ("ab/1", "005"), ("a", "005")):
            key_value.write(connection, name, noted)
        key_value.delete(connection, "a/", "010")
        kept = [name for name in ("a/1", "a/2", "ab/1", "a") if key_value.read(connection, name)]
    assert kept == ["a/2", "ab/1", "a"]


def test_a_store_without_waiting_calls_may_be_aimed_anew(store: Store) -> None:
    set_target(store, sandboxed=True)
    set_target(store, sandboxed=False)
    set_target(store, sandboxed=False)
    with store.read() as connection:
        assert key_value.read(connection, "target") == "LeadConverter"


def test_tried_out_calls_never_go_out_for_real(store: Store) -> None:
    set_target(store, sandboxed=True)
    owe(store, start())
    with pytest.raises(BridgeError) as caught:
        set_target(store, sandboxed=False)
    assert caught.value.message == (
        "1 call(s) in this database wait to go to the sandbox, they must not go to LeadConverter"
    )
    assert caught.value.hint == "let them finish as before, or use another DATABASE_URL"
    set_target(store, sandboxed=True)


def test_real_calls_never_end_in_the_sandbox(store: Store) -> None:
    set_target(store, sandboxed=False)
    owe(store, start())
    with pytest.raises(BridgeError, match="wait to go to LeadConverter, they must not go to the sandbox"):
        set_target(store, sandboxed=True)
