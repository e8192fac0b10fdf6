"""One history: processes, senders, people and a network, moved by a seeded clock and nothing else.

The dispatchers, the store, the client and everything between them are the real ones. Replaced are sockets
(`Wire`), the event loop with its tasks and threads (`SimulatedDispatcher`, `Hands`), and time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from random import Random

from bridge.dispatch.policy import account_health as healths
from bridge.errors import StoreUnavailable
from bridge.reasons.reason import GeneralCode, Reason
from tests.simulation.memory import Crash, FatefulStore, Memory
from tests.simulation.network import FAIR, Weather
from tests.simulation.oracle import Oracle

START_MS = 1_800_000_000_000


class World:
    """Time, chance and what everybody sees. Milliseconds throughout."""

    def __init__(self, seed: int, memory: Memory, oracle: Oracle) -> None:
        self.random = Random(seed)
        self.memory = memory
        self.oracle = oracle
        self.now = START_MS
        self.weather: Weather = FAIR
        self.peril = 0.0
        """How likely a commit is to meet a fate."""
        self.healed = False
        self.trace: list[tuple[int, str, str]] = []
        self.running: Process | None = None
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, moment: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (max(moment, self.now), next(self._numbers), do))

    def after(self, delay: int, do: Callable[[], None]) -> None:
        self.at(self.now + delay, do)

    def chance(self, likelihood: float) -> bool:
        return self.random.random() < likelihood

    def note(self, who: str, what: str) -> None:
        self.trace.append((self.now, who, what))

    def run(self, until: int, quiet: Callable[[], bool] = lambda: False) -> None:
        """Everything that happens until then, or until nothing is left to happen."""
        while self._events and self._events[0][0] <= until and not quiet():
            moment, _, do = heapq.heappop(self._events)
            self.now = max(self.now, moment)
            do()
        self.now = self.now if quiet() else max(self.now, until)

    def store(self, process: Process) -> FatefulStore:
        return self.memory.store(self.seconds, process.fate, lambda: self.committed(process.name))

    def seconds(self) -> float:
        return self.now / 1000

    def committed(self, who: str) -> None:
        """Tell the oracle what was just committed, if anything was."""
        if not self.memory.changed():
            return
        ended = self.memory.cancellations(self.oracle.errands.last)
        self.oracle.errands.begin(ended)
        for step in self.memory.steps():
            if not step.was:
                self.oracle.on_birth(self.memory.call(step.call), self.now)
            if step.was != step.state:
                self.note(who, f"call {step.call} {step.was or 'new'} → {step.state} ({step.attempt})")
            self.oracle.on_step(step, self.now)
        self.oracle.errands.end(ended, self.now)
        self.oracle.on_tallies(self.memory.tallies(), self.memory.events())
        rows = self.memory.raw.execute("SELECT name, paused_at, health FROM accounts").fetchall()
        gates = {name: _gate(health) for name, _, health in rows}
        self.oracle.on_accounts({name for name, paused_at, _ in rows if paused_at}, gates)


@lru_cache
def _gate(health: str) -> str:
    return healths.from_text(health).breaker.gate.value


@dataclass(slots=True)
class Process:
    """Something that may die, stand still, and begin anew under another name."""

    world: World
    name: str
    life: int = 0
    """Which incarnation; what an earlier one wanted to do is not done."""
    alive: bool = False
    stopped_until: int = 0
    crashes: Callable[[], None] = lambda: None
    stops: Callable[[int], None] = lambda _: None
    commits: bool = True
    """Whether its commits can meet a fate."""

    def fate(self, moment: str) -> None:
        world = self.world
        if not (self.commits and world.peril and world.chance(world.peril)):
            return
        kind = world.random.choice(("killed", "failed", "stopped"))
        world.note(self.name, f"{kind} {moment}")
        if kind == "killed":
            raise Crash
        if kind == "failed":
            raise StoreUnavailable(Reason(GeneralCode.VERBATIM, text="simulated"))
        self.stop(world.random.choice((3_000, 30_000, 75_000)))

    def stop(self, milliseconds: int) -> None:
        """SIGSTOP, and SIGCONT after a while; what was begun at this moment is finished."""
        self.stopped_until = self.world.now + milliseconds
        self.stops(milliseconds)

    def after(self, delay: int, do: Callable[[], None]) -> None:
        """Do it later, if this incarnation still lives then; a stopped process does it when it goes on."""
        life = self.life

        def due() -> None:
            if life != self.life or not self.alive:
                return
            if self.world.now < self.stopped_until:
                self.world.at(self.stopped_until, due)
                return
            self.do(do)

        self.world.after(delay, due)

    def do(self, what: Callable[[], None]) -> None:
        """Run code of this process; a crash ends the process and nothing else."""
        before, self.world.running = self.world.running, self
        try:
            what()
        except Crash:
            self.die()
        finally:
            self.world.running = before

    def die(self) -> None:
        self.world.note(self.name, "dies")
        self.alive = False
        self.life += 1
        self.stopped_until = 0
        self.crashes()
