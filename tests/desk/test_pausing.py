from __future__ import annotations

from bridge.desk import pausing
from bridge.store import audit
from bridge.store.accounts import all_states
from bridge.store.decisions import Decider
from bridge.store.engine import Store

ANNA = Decider("anna", "bots are rebuilt")


def test_an_account_is_held_back_once_and_goes_on_once(store: Store) -> None:
    rung: list[str] = []
    assert pausing.pause(store, "main", ANNA)
    assert not pausing.pause(store, "main", ANNA)
    with store.read() as connection:
        assert all_states(connection)["main"].paused_reason == "bots are rebuilt"
    assert pausing.resume(store, "main", ANNA, lambda: rung.append("rung")) == 0
    assert pausing.resume(store, "main", ANNA, lambda: rung.append("rung")) is None
    assert rung == ["rung"]
    with store.read() as connection:
        assert [one.what for one in audit.of(connection, "account", "main")] == ["pause", "resume"]
