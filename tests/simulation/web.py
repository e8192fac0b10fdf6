"""The web process and the senders of webhooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.errors import StoreUnavailable
from bridge.model import BotStart, Cancellation
from bridge.store.db.writer import Writer, _Ticket
from bridge.store.inbox import events
from bridge.store.inbox.events import Delivery
from tests.simulation.world import Process, World
from tests.store.given import delivery, event, made


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook, sent until it is acknowledged, and sometimes once more."""

    key: str
    starts: tuple[BotStart, ...]
    cancels: tuple[Cancellation, ...] = ()

    @property
    def delivery(self) -> Delivery:
        return delivery((event(self.key), replace(made(*self.starts), cancels=self.cancels)))


class Web:
    """The web process: the real Writer, stepped by the world."""

    def __init__(self, world: World, wake: Callable[[], None]) -> None:
        self.world = world
        self.process = Process(world, "web", crashes=self.crashed)
        self.wake = wake
        self.begin()

    def begin(self) -> None:
        self.process.alive = True
        store = self.world.store(self.process)
        self.writer = Writer(store, events.batch_writer(store), start=False)

    def crashed(self) -> None:
        self.world.after(self.world.random.randint(100, 3000), self.begin)

    def receive(self, webhook: Webhook) -> None:
        """A request comes in; its answer, if any, comes when its batch is written."""
        world = self.world
        if not self.process.alive:
            world.after(world.random.randint(500, 3000), lambda: self.receive(webhook))
            return
        ticket = self.writer._enqueue(_Ticket(webhook.delivery))
        heard = False

        def answer() -> None:
            nonlocal heard
            if not ticket.done:
                return
            heard = True
            self.answered(webhook, ticket.error)

        def again() -> None:
            if not heard:
                self.receive(webhook)

        self.process.after(world.random.randint(1, 30), self.write)
        self.process.after(40, answer)
        world.after(5_000, again)

    def write(self) -> None:
        if self.writer.step():
            self.wake()

    def answered(self, webhook: Webhook, error: Exception | None) -> None:
        world = self.world
        if error is not None:
            if not isinstance(error, StoreUnavailable):
                raise error
            world.after(world.random.randint(200, 3000), lambda: self.receive(webhook))
            return
        if webhook.key not in world.oracle.acknowledged:
            world.note("web", f"acknowledges {webhook.key}")
        world.oracle.acknowledged.add(webhook.key)
        if world.chance(0.15):
            world.after(world.random.randint(1, 20_000), lambda: self.receive(webhook))
