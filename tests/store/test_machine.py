"""The machine against a model of it: whatever happens in whatever order, the promises hold."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge.model import FINAL, Call, Order, State
from bridge.store.db.engine import open_store
from bridge.store.queue import decisions, sweep
from bridge.store.queue.decisions import Decider, WrongState
from tests.conftest import Clock
from tests.store.given import claim, owe, rows, settle, settlement, start

BY = Decider("anna", "because")
RECIPIENTS = 3
PATIENCE_MS = 600_000
ENDS = ["done", "refused", "uncertain", "queued", "exhausted", "expired"]


@dataclass
class Modelled:
    """What a call should be."""

    order: Order
    recipient: int
    state: str = "queued"
    attempt: int = 0
    runs: int = 0
    resends: int = 0
    due_at: int = 0
    holds_until: float = float("inf")
    lease_until: int = 0


@dataclass
class World:
    clock: Clock = field(default_factory=Clock)
    calls: dict[int, Modelled] = field(default_factory=dict)
    held: dict[tuple[int, int], Call] = field(default_factory=dict)
    """Every claim ever made, by call and attempt: a dead owner's steps may still arrive."""


class Machine(RuleBasedStateMachine):
    template: Path
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        shutil.copy(self.template, self.folder / "b.db")
        self.world = World()
        self.store = open_store(f"sqlite:///{self.folder / 'b.db'}", clock=self.world.clock)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @property
    def now(self) -> int:
        return self.world.clock.ms

    def of(self, number: int) -> Modelled:
        return self.world.calls[number]

    @rule(
        target=ids, recipient=st.integers(1, RECIPIENTS), order=st.sampled_from(["strict", "relaxed", "none"])
    )
    def accept(self, recipient: int, order: Order) -> int:
        (number,) = owe(self.store, start(recipient, order=order))
        holds = 0 if order == "none" else float("inf")
        self.world.calls[number] = Modelled(order, recipient, due_at=self.now, holds_until=holds)
        return number

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        claimed = claim(self.store, limit)
        may = self.claimable()
        assert {call.id for call in claimed} <= may
        assert len(claimed) == min(limit, len(may))
        for call in claimed:
            modelled = self.of(call.id)
            modelled.state, modelled.attempt = "sending", modelled.attempt + 1
            modelled.lease_until = self.now + 60_000
            modelled.runs += 1
            assert call.attempt == modelled.attempt
            self.world.held[call.id, call.attempt] = call

    @rule(limit=st.integers(1, 4), ends=st.lists(st.sampled_from(ENDS), min_size=1, max_size=4))
    def dispatch(self, limit: int, ends: list[str]) -> None:
        """A whole round, as a healthy dispatcher has it."""
        before = set(self.world.held)
        self.claim(limit)
        for place, key in enumerate(sorted(set(self.world.held) - before)):
            call = self.world.held[key]
            self.settled(call, ends[place % len(ends)], 5000)

    def claimable(self) -> set[int]:
        """The head of each lane, by the words of the contract."""
        found = set()
        for number, call in self.world.calls.items():
            lane = {n: one for n, one in self.world.calls.items() if one.recipient == call.recipient}
            flying = any(one.state == "sending" for one in lane.values())
            before = any(n < number and self.holds(one) for n, one in lane.items())
            if call.state == "queued" and call.due_at <= self.now and not flying and not before:
                found.add(number)
        return found

    def holds(self, call: Modelled) -> bool:
        if call.state == "queued" and call.due_at <= self.now:
            return True
        return call.state in ("queued", "uncertain") and call.holds_until > self.now

    @precondition(lambda self: self.world.held)
    @rule(
        data=st.data(),
        end=st.sampled_from(ENDS),
    )
    def settle(self, data: st.DataObject, end: str) -> None:
        self.settled(self.some_claim(data), end, data.draw(st.integers(0, 900)) * 1000)

    def settled(self, call: Call, end: str, wait: int) -> None:
        modelled = self.of(call.id)
        holds = {"strict": None, "relaxed": self.now + PATIENCE_MS, "none": 0}[modelled.order]
        late = self.current(call, "uncertain") and end != "uncertain"
        may = self.current(call, "sending") or late
        one = settlement(call, end, due_at=self.now + wait, holds_until=holds if end == "queued" else None)
        assert settle(self.store, one) == [may]
        if may and late and end in ("exhausted", "expired"):
            self.ended(modelled, "queued", wait, None)
        elif may:
            self.ended(modelled, end, wait, holds)

    def ended(self, modelled: Modelled, end: str, wait: int, holds: int | None) -> None:
        modelled.state = end
        if end == "queued":
            modelled.due_at = self.now + wait
            modelled.holds_until = modelled.holds_until if holds is None else holds
            modelled.runs -= 1
        if end == "uncertain" and modelled.order != "strict":
            modelled.holds_until = 0

    @rule(number=ids, act=st.sampled_from(["cancel", "done", "cancelled", "resend"]))
    def decide(self, number: int, act: str) -> None:
        modelled = self.of(number)
        expected = {"cancel": ("queued", "waiting")}.get(act, ("uncertain",))
        try:
            with self.store.transaction() as connection:
                if act == "cancel":
                    decisions.cancel(connection, self.now, number, BY)
                elif act == "resend":
                    decisions.resend(connection, self.now, number, BY)
                else:
                    decisions.resolve(connection, self.now, number, act, BY)  # type: ignore[arg-type]  # drawn
        except WrongState:
            assert modelled.state not in expected
            return
        assert modelled.state in expected
        modelled.state = {"cancel": "cancelled", "resend": "queued"}.get(act, act)
        if act == "resend":
            modelled.resends, modelled.due_at = modelled.resends + 1, self.now

    @rule(number=ids)
    def again(self, number: int) -> None:
        modelled = self.of(number)
        try:
            with self.store.transaction() as connection:
                child = decisions.send_again(connection, self.now, number, BY)
        except WrongState:
            return
        assert State(modelled.state) in FINAL
        holds = 0 if modelled.order == "none" else float("inf")
        self.world.calls[child] = Modelled(
            modelled.order, modelled.recipient, due_at=self.now, holds_until=holds
        )

    @rule(seconds=st.sampled_from([1, 30, 60, 599, 600]))
    def time_passes(self, seconds: int) -> None:
        self.world.clock.advance(seconds)
        with self.store.transaction() as connection:
            sweep.sweep(connection, self.now)
        for modelled in self.world.calls.values():
            if modelled.state == "sending" and modelled.lease_until <= self.now:
                modelled.state = "uncertain"
                modelled.holds_until = modelled.holds_until if modelled.order == "strict" else 0

    def some_claim(self, data: st.DataObject) -> Call:
        return self.world.held[data.draw(st.sampled_from(sorted(self.world.held)))]

    def current(self, call: Call, name: str) -> bool:
        modelled = self.of(call.id)
        return modelled.state == name and modelled.attempt == call.attempt

    @invariant()
    def the_store_is_as_modelled(self) -> None:
        found = rows(self.store, "SELECT id, state, attempt, resends FROM calls ORDER BY id")
        expected = [(n, one.state, one.attempt, one.resends) for n, one in sorted(self.world.calls.items())]
        assert found == expected

    @invariant()
    def nothing_runs_more_often_than_it_was_resent(self) -> None:
        assert all(call.runs <= 1 + call.resends for call in self.world.calls.values())


def test_the_store_does_what_the_model_says(sqlite_template: Path) -> None:
    Machine.template = sqlite_template
    run_state_machine_as_test(
        Machine,
        settings=settings(
            stateful_step_count=40,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
