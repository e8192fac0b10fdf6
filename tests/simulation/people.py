"""The owner, who decides about calls and accounts now and then."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from bridge.dispatch import maintenance
from bridge.errors import BridgeError
from bridge.model import Account
from bridge.store.queue import accounts as rows
from bridge.store.queue import decisions
from bridge.store.queue.decisions import Decider, WrongState
from tests.simulation.known import require
from tests.simulation.world import Process, World

PERSON = Decider("anna", "simulated")
DECISIONS: dict[str, Callable[[Connection, int, int, Decider], None]] = {
    "cancel": decisions.cancel,
    "now": decisions.send_now,
    "resend": decisions.resend,
    "done": lambda connection, now, number, by: decisions.resolve(connection, now, number, "done", by),
    "cancelled": lambda connection, now, number, by: decisions.resolve(
        connection, now, number, "cancelled", by
    ),
}


class People:
    """The owner, who decides about calls and accounts now and then."""

    def __init__(self, world: World, accounts: Mapping[str, Account]) -> None:
        self.world = world
        self.accounts = accounts
        self.process = Process(world, "a person", alive=True, commits=False)
        self.store = world.store(self.process)

    def act(self) -> None:
        """One decision of some kind, if there is something to decide."""
        self.world.random.choice((self.decide, self.decide, self.pause, self.resume, self.send_again))()

    def decide(self) -> None:
        """Settle some call, whether that can still be done or not."""
        calls = self.world.oracle.calls
        if not calls:
            return
        doubtful = [number for number, one in calls.items() if one.state == "uncertain"]
        number = self.world.random.choice(doubtful or sorted(calls))
        how = self.world.random.choice(("cancel", "done", "cancelled", "resend", "resend"))
        waits = calls[number].state == "waiting" and not calls[number].shadow
        self.settle(number, "now" if waits and how == "resend" else how)

    def settle(self, number: int, how: str) -> None:
        oracle, now = self.world.oracle, self.world.now
        self.world.note("a person", f"{how} call {number}")
        expected = {"cancel": ("queued", "waiting"), "now": ("waiting",)}.get(how, ("uncertain",))
        fits = oracle.calls[number].state in expected
        oracle.decided.add(number)
        try:
            with self.store.transaction() as connection:
                DECISIONS[how](connection, now, number, PERSON)
        except WrongState as refusal:
            require(not fits, f"call {number}: {refusal}")
        else:
            require(fits, f"call {number} was {oracle.calls[number].state} and taken for {how}")
        oracle.decided.discard(number)

    def send_again(self) -> None:
        ended = [n for n, one in self.world.oracle.calls.items() if one.state in ("refused", "exhausted")]
        if not ended:
            return
        number = self.world.random.choice(ended)
        try:
            with self.store.transaction() as connection:
                decisions.send_again(connection, self.world.now, number, PERSON)
        except BridgeError as refusal:
            self.world.note("a person", f"cannot send call {number} again: {refusal}")

    def pause(self) -> None:
        name = self.world.random.choice(sorted(self.accounts))
        self.world.note("a person", f"pauses {name}")
        with self.store.transaction() as connection:
            rows.pause(connection, self.world.now, name, who="anna", why="simulated")

    def resume(self) -> None:
        for name in sorted(self.accounts):
            self.world.note("a person", f"resumes {name}")
            with self.store.transaction() as connection:
                maintenance.resume(connection, self.world.now, name, who="anna", why="simulated")
