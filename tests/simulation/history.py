"""A seed becomes a history: what is set up, what goes wrong, how it heals, and what must hold at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from tests.simulation.dispatchers import Worker
from tests.simulation.given import some_accounts, some_errands, some_webhooks, tag
from tests.simulation.known import LIVE, Broken, Known, require
from tests.simulation.memory import Memory
from tests.simulation.network import DEADLINE_MS, FAIR, WEATHERS
from tests.simulation.oracle import Oracle
from tests.simulation.people import People
from tests.simulation.web import Web
from tests.simulation.world import START_MS, World

HEALED_MS = 90_000


@dataclass
class Failure(AssertionError):
    """A history in which a promise was broken, to be told from its seed."""

    seed: int
    why: str
    trace: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        story = "\n".join(self.trace)
        return f"seed {self.seed}: {self.why}\n{story}\nagain: python -m tests.simulation --seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Told:
    """How much happened in a history."""

    calls: int
    attempts: int
    runs: int
    deaths: int
    states: dict[str, int]


def play(seed: int, memory: Memory) -> Told:
    """One history from its seed to its end; raises Failure."""
    memory.empty()
    history = History(seed, memory)
    try:
        history.unfold()
    except (Exception, Broken) as broken:
        why = str(broken) if isinstance(broken, Broken) else f"{type(broken).__name__}: {broken}"
        raise Failure(seed, why, history.story()) from broken
    return history.told()


class History:
    """Everything of one history."""

    def __init__(self, seed: int, memory: Memory) -> None:
        self.oracle = Oracle({})
        self.world = World(seed, memory, self.oracle)
        random = self.world.random
        self.accounts = some_accounts(random)
        self.oracle.accounts = self.accounts
        self.webhooks = some_webhooks(random, self.accounts) + some_errands(seed, self.accounts)
        self.oracle.owed = {tag(start): start for webhook in self.webhooks for start in webhook.starts}
        self.workers: list[Worker] = []
        for number in range(random.choice((1, 1, 2, 3))):
            self.workers.append(Worker(self.world, number, lambda: self.accounts, self.workers))
        self.web = Web(self.world, self.wake)
        self.person = People(self.world, self.accounts)

    def unfold(self) -> None:
        """Trouble, then peace, then the end."""
        world = self.world
        for one in self.workers:
            one.begin()
        trouble = world.random.choice((5_000, 20_000, 60_000, 150_000))
        self.plan(trouble)
        world.run(START_MS + trouble)
        self.heal()
        self.settle_down()
        self.check()

    def plan(self, trouble: int) -> None:
        """When the webhooks come, the weather turns, processes stop and a person acts."""
        world, random = self.world, self.world.random
        world.peril = random.choice((0.0, 0.02, 0.1))
        for webhook in self.webhooks:
            world.after(
                random.randint(0, random.choice((10, trouble))),
                partial(self.web.receive, webhook),
            )
        for _ in range(random.randint(1, 4)):
            world.after(random.randint(0, trouble), self.turn_weather)
        for _ in range(random.choice((0, 0, 1, 3))):
            world.after(random.randint(0, trouble), self.kill)
        for _ in range(random.choice((0, 0, 2, 5))):
            world.after(random.randint(0, trouble), self.person.act)
        self.turn_weather()

    def heal(self) -> None:
        """No more faults; a person resumes what was paused, and may settle what is in doubt."""
        world = self.world
        world.note("world", "all is well again")
        world.weather, world.peril, world.healed = FAIR, 0.0, True
        for moment in (0, 25_000, self.longest_stop() + 21_000):
            world.after(moment, self.person.resume)
        if world.chance(0.5):
            self.settle_doubts()

    def settle_doubts(self) -> None:
        for number, call in sorted(self.oracle.calls.items()):
            if call.state == "uncertain":
                self.person.settle(number, self.world.random.choice(("done", "cancelled", "resend")))

    def settle_down(self) -> None:
        """Everything must end within a minute and a half of the time at which it may be tried again."""
        world, raw = self.world, self.world.memory.raw
        # What was under way when all became well may still end in a failure, and wait for minutes after it.
        world.run(world.now + self.longest_stop() + DEADLINE_MS)
        due = raw.execute("SELECT max(due_at) FROM calls WHERE state = 'queued'").fetchone()[0] or 0
        slow = (
            max(64_000 / account.rate * len(self.oracle.calls) / 4 for account in self.accounts.values())
            if self.oracle.slowed
            else 0
        )
        limit = (
            max(world.now, due, *(start.due_at for one in self.webhooks for start in one.starts))
            + HEALED_MS
            + round(slow)
        )
        while world.now < limit:
            world.run(limit, self.quiet)
            world.run(world.now + 10_000)
            if self.quiet():
                return

    def longest_stop(self) -> int:
        """How long from now the last of the stopped processes stands still."""
        return max(0, *(one.process.stopped_until - self.world.now for one in self.workers))

    def quiet(self) -> bool:
        """Nothing is left to be done but what a person must decide."""
        if len(self.oracle.acknowledged) < len(self.webhooks) or self.longest_stop():
            return False
        return not any(
            call.state in LIVE and not self.behind_doubt(call) for call in self.oracle.calls.values()
        )

    def behind_doubt(self, call: Known) -> bool:
        """It waits for a call that is to keep its order and that nobody has settled."""
        return any(
            one.state == "uncertain" and one.order == "strict"
            for one in self.oracle.calls.values()
            if (one.account, one.recipient) == (call.account, call.recipient)
        )

    def check(self) -> None:
        """What must hold at the end."""
        raw = self.world.memory.raw
        require(len(self.oracle.acknowledged) == len(self.webhooks), "a webhook is never acknowledged")
        kept = {key for (key,) in raw.execute("SELECT key FROM events")}
        require(self.oracle.acknowledged <= kept, "an acknowledged event is not there")
        whole = {tag(start) for one in self.webhooks if one.key in kept for start in one.starts}
        made = [call.tag for call in self.oracle.calls.values() if not call.parent]
        require(
            sorted(made) == sorted(whole),
            f"calls owed and made differ: {sorted(whole.symmetric_difference(made))}",
        )
        self.oracle.at_the_end(self.behind_doubt)
        tried = set(raw.execute("SELECT call_id, number FROM attempts"))
        begun = {(n, number) for n, one in self.oracle.calls.items() for number in one.tries}
        require(tried == begun, f"attempts begun and written down differ: {sorted(tried ^ begun)}")

    def turn_weather(self) -> None:
        self.world.weather = self.world.random.choice(WEATHERS)
        self.world.note("world", f"the weather is {self.world.weather.name}")

    def kill(self) -> None:
        victim = self.world.random.choice([self.web.process, *(one.process for one in self.workers)])
        if victim.alive:
            victim.die()

    def wake(self) -> None:
        for one in self.workers:
            if one.process.alive and not self.world.chance(0.1):
                one.soon()

    def story(self) -> list[str]:
        return [f"{(at - START_MS) / 1000:10.3f}  {who}: {what}" for at, who, what in self.world.trace]

    def told(self) -> Told:
        calls = self.oracle.calls.values()
        return Told(
            calls=len(calls),
            attempts=sum(len(one.tries) for one in calls),
            runs=sum(one.runs for one in calls),
            deaths=len(self.oracle.gone),
            states=dict(self.oracle.counts),
        )
