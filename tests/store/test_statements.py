"""How many statements a webhook and a dispatcher's round execute; each is a way to the database and back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bridge.dispatch.alerts.events import AlertEvents
from bridge.dispatch.calls_in_flight import Ended, Job
from bridge.dispatch.maintenance import Maintenance
from bridge.dispatch.round import Rounds
from bridge.model import Account, Alerts
from bridge.store.db.engine import Store
from bridge.store.inbox.events import Delivery
from tests.store.given import NOW, attempt, cancel, later, paid, sale, start, take_in
from tests.support.statements import noted

ACCOUNTS = {"main": Account("main", "token", rate=1e9, burst=10**9)}


def test_only_webhooks_with_a_key_cost_more_statements(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(store, sale("p1", start(1)))
    ran = noted(store, monkeypatch)

    def cost(*deliveries: Delivery) -> int:
        ran.clear()
        take_in(store, *deliveries)
        return len(ran)

    of_one = 7 if store.embedded else 6
    assert cost(sale("p2", start(7))) == of_one
    assert cost(sale("p3", start(7), start(8, rule="other"))) == 6
    assert cost(sale("p4", later())) == of_one
    assert [cost(sale("p5", later(key="cart:7"))), cost(paid("p6", cancel("cart:8")))] == [of_one + 2, 8]


def test_only_rounds_that_release_cost_more_statements(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    Maintenance(store, lambda: ACCOUNTS, AlertEvents(Alerts)).look_after()
    rounds = Rounds(store, lambda: ACCOUNTS, "me", lambda: 0.5, lambda: NOW)
    ran = noted(store, monkeypatch)

    def cost(jobs: Sequence[Job]) -> tuple[list[Job], int]:
        ran.clear()
        begun = rounds.round([Ended(one, attempt()) for one in jobs], 1).begun
        return begun, len(ran)

    def costs() -> list[int]:
        """Of rounds that claim, that settle and claim, that settle, and that have nothing to do."""
        take_in(store, *(sale(f"p{NOW}{len(known)}{number}", start(number)) for number in (1, 2)))
        found, jobs = [], list[Job]()
        for _ in range(4):
            jobs, many = cost(jobs)
            found.append(many)
        known.append(found)
        return found

    known: list[list[int]] = []
    usual = [6, 11, 9, 1] if store.embedded else [8, 13, 9, 1]
    costs()
    assert costs() == usual
    take_in(store, sale("left", later(key="cart:7")))
    assert costs() == usual
