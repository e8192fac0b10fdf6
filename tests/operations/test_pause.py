from __future__ import annotations

from dataclasses import replace

from bridge.dispatch.policy.account_health import Health, after, to_text
from bridge.model import Outcome
from bridge.operations import pause
from bridge.store.db.engine import Store
from bridge.store.queue import accounts
from bridge.store.queue.accounts import all_states
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit
from bridge.text.render import english
from tests.store import given

ANNA = Decider("anna", "bots are rebuilt")


def test_an_account_is_paused_once_and_resumed_once(store: Store) -> None:
    rung: list[str] = []
    assert pause.pause(store, "main", ANNA)
    assert not pause.pause(store, "main", ANNA)
    with store.read() as connection:
        assert all_states(connection)["main"].paused_reason == "bots are rebuilt"
    assert pause.resume(store, "main", ANNA, lambda: rung.append("rung")) == 0
    assert pause.resume(store, "main", ANNA, lambda: rung.append("rung")) is None
    assert rung == ["rung"]
    with store.read() as connection:
        assert [english(one.what) for one in audit.of(connection, "account", "main")] == ["pause", "resume"]


def test_what_a_wrong_token_refused_goes_out_again_with_what_was_under_way_at_the_pause(store: Store) -> None:
    given.owe(store, *(given.start(subscriber) for subscriber in range(1, 8)))
    claimed = given.claim(store)
    given.settle(store, *(given.settlement(call, "refused") for call in claimed))
    refused = given.attempt(Outcome.REFUSED, status=404, reason="answered 404")
    denied, health = replace(refused, denied=True), Health()
    for call in claimed:
        health = after(health, call, denied, given.NOW).health
    assert len(health.reissue) == 5
    pause.pause(store, "main", ANNA)
    with store.transaction() as connection:
        accounts.save(connection, [replace(accounts.lock(connection, "main"), health=to_text(health))])
    assert pause.resume(store, "main", ANNA, lambda: None) == 7
