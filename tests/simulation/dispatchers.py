"""Dispatcher processes: the real Dispatcher with the world's hands, wire and clock."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from requests import PreparedRequest

from bridge.dispatch.calls_in_flight import CallsInFlight, Ended, Job
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.exchange import BEFORE_SENT, Exchange, Phase
from bridge.dispatch.http.transport import BrokenError, ExchangeResponse, Transport
from bridge.dispatch.worker import Dispatcher
from bridge.errors import StoreUnavailable
from bridge.model import Account
from tests.simulation import network
from tests.simulation.known import require
from tests.simulation.network import Answer, Fate, Meaning
from tests.simulation.world import Process, World

SENDERS = 6
LONGEST_NAP = 15_000
"""An idle dispatcher looks less and less often, so that hours pass quickly."""
LEASE_MS = 60_000

One = TypeVar("One")
Accounts = Callable[[], Mapping[str, Account]]


def at_once(work: Coroutine[Any, Any, One]) -> One:
    """Run to its end what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        found: One = end.value
        return found
    raise AssertionError("it waits for something")


class SimulatedDispatcher(Dispatcher):
    """The dispatcher without event loop, threads and sleep: the world decides when things happen."""

    worker: Worker

    async def on_thread(self, work: Callable[[], One]) -> One:
        return work()

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        process = self.worker.process
        process.after(self.worker.world.random.randint(1, 3000), lambda: at_once(work()))

    async def pause(self, seconds: float) -> None:
        self.worker.nap = round(seconds * 1000)


class Hands(CallsInFlight):
    """The calls in flight, without tasks: the world decides when each begins and ends."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker.client.send, SENDERS, worker.wall, worker.world.seconds)
        self.worker = worker

    def put(self, jobs: Sequence[Job], before: float) -> None:
        require(len(jobs) <= self.free, f"{len(jobs)} calls begun with {self.free} free senders")
        for job in jobs:
            self.tasks[job.key] = job
            self.worker.process.after(
                self.worker.world.random.randint(0, 5), partial(self.begin, job, before)
            )

    def begin(self, job: Job, before: float) -> None:
        """What a task does with a job, cut in two: what is seen now is told when the attempt ends."""
        worker = self.worker
        worker.job, worker.handed_over_after, worker.lasts = job, 0, 0
        ended = at_once(self.tried(job, before))
        handed_over, lasts, worker.lasts = worker.handed_over_after, worker.lasts, 0
        process = worker.process
        # No answer comes before the request was handed over, however long the process stands still meanwhile.
        process.after(handed_over, lambda: process.after(lasts - handed_over, lambda: self.end(ended)))

    def end(self, ended: Ended) -> None:
        call = ended.job.call
        one = self.worker.world.oracle.calls[call.id].tries[call.attempt]
        one.finished, one.open = True, False
        del self.tasks[ended.job.key]
        self.ended.append(ended)
        self.wake()

    def wake(self) -> None:
        self.worker.soon()

    async def take(self, *_: float) -> list[Ended]:
        ended, self.ended = self.ended, []
        return ended


class Wire(Transport):
    """Where the sockets would be."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    async def send(self, request: PreparedRequest, _: float) -> ExchangeResponse:
        url = request.url or ""
        answer = self.worker.first_byte(url).answer if "?" in url else self.worker.probed(url)
        if answer.seen.phase is Phase.COMPLETE:
            return ExchangeResponse(answer.seen)
        raise BrokenError(answer.seen)

    async def probe(self, url: str, _: float) -> Exchange:
        """Whatever lies behind a connection, it can be made unless nothing can be sent at all."""
        seen = self.worker.probed(url, connects=True).seen
        return seen if seen.phase in BEFORE_SENT else Exchange(Phase.COMPLETE)


class Worker:
    """One dispatcher process through all its lives."""

    def __init__(self, world: World, number: int, accounts: Accounts, others: list[Worker]) -> None:
        self.world = world
        self.process = Process(world, f"dispatcher {number}", crashes=self.crashed, stops=self.stopped)
        self.accounts = accounts
        self.others = others
        self.skew = world.random.choice((0, 0, 50, -90_000, 300_000))
        """How far this machine's clock is from the database's."""
        self.client = Client(Wire(self), now=self.wall)
        self.job: Job | None = None
        """The one whose attempt begins at this moment."""
        self.handed_over_after = 0
        self.lasts = 0
        self.nap = 0
        self.turn_at = 0
        self.stopped_at = 0

    def wall(self) -> int:
        return self.world.now + self.skew + self.lasts

    def begin(self) -> None:
        """A new process comes up, and takes over what the dead left when it is alone."""
        process = self.process
        process.alive = True
        alone = not any(one.process.alive for one in self.others if one is not self)
        self.owner = f"{process.name}.{process.life}"
        self.world.note(process.name, f"begins as {self.owner}{', alone' if alone else ''}")
        store = self.world.store(process)
        self.dispatcher = SimulatedDispatcher(
            store,
            self.client,
            self.accounts,
            owner=self.owner,
            random=self.world.random.random,
            clock=self.world.seconds,
        )
        self.dispatcher.worker = self
        self.hands = self.dispatcher.in_flight = Hands(self)
        process.do(lambda: self.take_over(alone))

    def take_over(self, alone: bool) -> None:
        try:
            self.dispatcher.maintenance.look_after(everyone=alone)
        except StoreUnavailable:
            self.process.die()
            return
        self.soon()

    def soon(self) -> None:
        self.nap = 0
        self.plan(self.world.random.randint(0, 20))

    def plan(self, delay: int) -> None:
        """The next turn, unless there is a sooner one."""
        moment = self.world.now + delay
        if self.turn_at > self.world.now and self.turn_at <= moment:
            return
        self.turn_at = moment
        self.process.after(delay, lambda: self.turn(moment))

    def turn(self, moment: int) -> None:
        if moment != self.turn_at:
            return
        self.turn_at = 0
        before = self.dispatcher.settled, self.hands.busy
        at_once(self.dispatcher.turn())
        idle = before == (self.dispatcher.settled, self.hands.busy)
        self.nap = min(max(self.nap * 2, 1000), LONGEST_NAP) if idle else 0
        self.plan(max(round(self.dispatcher.wait * 1000), self.nap, 1))

    def stopped(self, milliseconds: int) -> None:
        if milliseconds >= LEASE_MS // 2:
            self.world.oracle.stopped.add(self.owner)

    def crashed(self) -> None:
        self.world.oracle.gone.add(self.owner)
        self.turn_at = 0
        self.world.after(self.world.random.randint(100, 4000), self.begin)

    def probed(self, url: str, *, connects: bool = False) -> Answer:
        """A probe goes out: the oracle hears what it finds, and judges that by itself."""
        world = self.world
        (name,) = [one.name for one in self.accounts().values() if f"/{one.token}/" in url]
        require(connects == (self.accounts()[name].probe == "connect"), f"{name} is probed in the other way")
        answer = world.weather.probe(world.random)
        passes = network.may_try(answer) or (connects and answer.seen.phase not in BEFORE_SENT)
        world.note(self.process.name, f"probes {name}: will see {answer.name}")
        world.oracle.on_probe(name, passes)
        return answer

    def first_byte(self, url: str) -> Fate:
        """A request begins to leave: ask the oracle whether it may, and let the network decide its fate."""
        world, job = self.world, self.job
        assert job
        call, account = job.call, job.account
        oracle = world.oracle
        row = world.memory.raw.execute(
            "SELECT state, owner, attempt FROM calls WHERE id = ?", (call.id,)
        ).fetchone()
        require(not world.memory.raw.in_transaction, f"call {call.id} is sent inside a transaction")
        oracle.on_first_byte(call.id, self.owner, call.attempt, row, world.now)
        known = oracle.calls[call.id]
        require(known.tag in url, f"call {call.id} goes out with another event's values")
        answer = world.weather.answer(world.random)
        fate = network.fate(answer, world.random, brisk=world.healed)
        one = known.tries[call.attempt]
        one.answer, one.meaning, one.open = answer, meaning(answer, account), True
        self.handed_over_after, self.lasts = fate.handed_over, fate.ends
        world.note(self.process.name, f"sends call {call.id} ({call.attempt}): will see {answer.name}")
        if fate.runs is not None:
            self.process.after(fate.handed_over, lambda: self.handed_over(call.id, fate))
        return fate

    def handed_over(self, number: int, fate: Fate) -> None:
        """From here on it runs, whatever happens to the process."""
        self.world.after((fate.runs or 0) - fate.handed_over, lambda: self.ran(number))

    def ran(self, number: int) -> None:
        self.world.note("LeadConverter", f"runs call {number}")
        self.world.oracle.on_run(number)


def meaning(answer: Answer, account: Account) -> Meaning:
    """What an answer means for an account: `server_error: retry` is the owner's risk."""
    risked = account.server_error == "retry" and answer in (*network.BROKEN, *network.GATEWAY)
    return "retry" if risked else answer.meaning
