"""A wait of nine days, played in a second: killed at every step of it, the call runs once or is in doubt."""

from __future__ import annotations

import pytest

from bridge.model import Account, BotStart, Cancellation, Errand, Recipient
from tests.simulation import dispatchers
from tests.simulation.dispatchers import Worker
from tests.simulation.memory import Crash, Memory
from tests.simulation.oracle import Oracle
from tests.simulation.web import Web, Webhook
from tests.simulation.world import START_MS, Process, World

DAY_MS = 86_400_000
DUE = START_MS + 9 * DAY_MS
START = BotStart(
    rule="sold",
    item=0,
    account="main",
    recipient=Recipient(subscriber_id=7),
    bot_id=7,
    variables=(("tag", "cart-0-"),),
    due_at=DUE,
    errand=Errand("cart:7", "replace", 30 * 86_400),
)
PAID = Cancellation("paid", 0, "main", "cart:7", 86_400, 0, shadow=False)
MOMENTS = ("before commit", "after commit")
STEPS = ("→waiting", "waiting→queued", "queued→sending", "sending→done")


class NineDays:
    """One web process, one dispatcher and a cart that is due on the ninth day."""

    def __init__(
        self, memory: Memory, patch: pytest.MonkeyPatch, kill_at: tuple[str, str] = ("", "")
    ) -> None:
        memory.empty()
        patch.setattr(Process, "fate", lambda _, moment: self.fate(moment))
        patch.setattr(dispatchers, "LONGEST_NAP", DAY_MS // 4)
        accounts = {"main": Account("main", "token-main")}
        self.oracle = Oracle(accounts)
        self.oracle.owed = {"cart-0-": START}
        self.world = World(0, memory, self.oracle)
        self.worker = Worker(self.world, 0, lambda: accounts, [])
        self.web = Web(self.world, self.worker.soon)
        self.step, self.moment = kill_at
        self.steps: set[str] = set()
        """Of the transaction under way."""
        self.killed = False

    def fate(self, moment: str) -> None:
        """Kill the process whose transaction takes the step, once."""
        if moment == "before commit":
            found = self.world.memory.raw.execute("SELECT was, state FROM steps")
            self.steps = {f"{was}→{state}" for was, state in found}
        if moment == self.moment and self.step in self.steps and not self.killed:
            self.killed = True
            raise Crash

    def play(self, *, paid_on: int = 0, deaths: tuple[int, ...] = ()) -> str:
        """Play all nine days and five minutes; returns the state in which the call ends."""
        world = self.world
        self.worker.begin()
        world.after(1000, lambda: self.web.receive(Webhook("cart", (START,))))
        if paid_on:
            world.at(paid_on, lambda: self.web.receive(Webhook("paid", (), (PAID,))))
        for moment in deaths:
            world.at(moment, self.worker.process.die)
        for moment in (DUE - 1, DUE + 1, DUE + 60_000):
            world.at(moment, self.worker.soon)
        world.run(DUE + 300_000)
        self.oracle.at_the_end(lambda _: False)
        return self.oracle.calls[1].state

    @property
    def runs(self) -> int:
        return self.oracle.calls[1].runs


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_it_runs_once_or_is_in_doubt(
    step: str, moment: str, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = NineDays(memory, monkeypatch, (step, moment))
    end = days.play()
    assert days.killed
    if (step, moment) in (("queued→sending", "after commit"), ("sending→done", "before commit")):
        assert end == "uncertain"
        assert days.runs == (step == "sending→done")
    else:
        assert (end, days.runs) == ("done", 1)
    assert days.oracle.calls[1].queued_at - DUE < 10_000


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("step", ["→waiting", "waiting→cancelled"])
def test_killed_at_a_step_a_paid_cart_never_runs(
    step: str, moment: str, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = NineDays(memory, monkeypatch, (step, moment))
    assert days.play(paid_on=START_MS + 8 * DAY_MS) == "cancelled"
    assert days.killed
    assert days.runs == 0


@pytest.mark.parametrize("early", [-1000, -1, 0, 1, 1000])
def test_a_payment_at_the_due_time_has_one_outcome(
    early: int, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = NineDays(memory, monkeypatch)
    end = days.play(paid_on=DUE - early)
    assert (end, days.runs) in (("cancelled", 0), ("done", 1))


def test_a_dispatcher_that_dies_every_day_changes_nothing(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = NineDays(memory, monkeypatch)
    assert days.play(deaths=tuple(START_MS + n * DAY_MS for n in range(1, 10))) == "done"
    assert days.runs == 1
