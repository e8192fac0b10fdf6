"""A long outage behind a proxy that answers 502, through the real rounds, breaker and claims."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from bridge.dispatch.calls_in_flight import Ended, Job
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.http.transport import ExchangeResponse, Transport
from bridge.dispatch.maintenance import Maintenance
from bridge.dispatch.policy import pace
from bridge.dispatch.round import Rounds
from bridge.dispatch.worker import LONGEST_WAIT, Dispatcher
from bridge.model import Account
from bridge.store.db.engine import Store, open_store
from bridge.store.reports.call_views import CallFilter, Doubt, doubts
from tests.conftest import Clock
from tests.simulation.dispatchers import at_once
from tests.store.given import owe, rows, start, states
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

HOURS = 8
EVERY_S = 300
"""Between two webhooks, all through the outage."""
AFTER_S = 90
"""What is due goes out so soon after LeadConverter is well, but for its pace."""
OUTAGE_S = 7
"""Of the one over sockets; until then the probes after 5 s, 15 s … are:"""
PROBES = 1
MAIN = Account("main", "canary-7f3a", rate=5.0, burst=5)


@dataclass
class Gateway(Transport):
    """A proxy that lives, before an API that is down or up. It stands where the sockets would."""

    down: bool = True
    only_calls: bool = False
    """The API takes a request apart before it fails: what has no parameters is answered."""
    calls: int = 0
    probes: int = 0

    async def send(self, request: PreparedRequest, _: float) -> ExchangeResponse:
        empty = "?" not in (request.url or "")
        self.probes += empty
        self.calls += not empty
        if self.down and not (empty and self.only_calls):
            return answer(502)
        return answer(422 if empty else 200)


@dataclass
class BadBots(Transport):
    """An API that fails for some bots alone."""

    bots: frozenset[str]

    async def send(self, request: PreparedRequest, _: float) -> ExchangeResponse:
        parameters = parse_qs(urlsplit(request.url or "").query)
        if not parameters:
            return answer(422)
        return answer(500 if self.bots.issuperset(parameters["bot_id"]) else 200)


def answer(status: int) -> ExchangeResponse:
    kind = {"content-type": "application/json"}
    return ExchangeResponse(
        Exchange(Phase.COMPLETE, sent=300, total=300, status=status, headers=kind, body=b"{}")
    )


@dataclass
class Outage:
    """Dispatchers that take turns at one database; an attempt takes a tenth of a second, a probe as long."""

    store: Store
    clock: Clock
    account: Account
    gateway: Gateway = field(default_factory=Gateway)
    under_way: list[list[Job]] = field(default_factory=lambda: [[], []])
    most_probing: int = 0

    def __post_init__(self) -> None:
        self.client = Client(self.gateway, now=lambda: self.clock.ms)
        accounts = {"main": self.account}
        self.rounds = [
            Rounds(self.store, lambda: accounts, owner, lambda: 0.5, lambda: self.clock.ms)
            for owner in ("w1", "w2")
        ]
        Maintenance(self.store, lambda: accounts).look_after()
        self.people = itertools.count(1)

    def webhook(self) -> None:
        owe(self.store, start(next(self.people)))

    def run(self, seconds: float, done: Callable[[], bool] = lambda: False) -> None:
        """So much time, in steps of a tenth of a second while something happens, else to what comes next."""
        end, webhook = self.clock.ms + seconds * 1000, self.clock.ms + EVERY_S * 1000
        while self.clock.ms < end and not done():
            wakes = [self.turn(number) for number in (0, 1)]
            busy = any(self.under_way)
            if not self.gateway.down:
                # A dispatcher that nothing wakes looks all the same.
                wakes.append(self.clock.ms + round(LONGEST_WAIT * 1000))
            at = self.clock.ms + 100 if busy else min([end, webhook, *(one for one in wakes if one)])
            self.clock.advance(max(at - self.clock.ms, 100) / 1000)
            if self.gateway.down and self.clock.ms >= webhook:
                self.webhook()
                webhook += EVERY_S * 1000

    def turn(self, number: int) -> int | None:
        """One dispatcher settles what it sent the last time, and claims anew."""
        ended = [
            Ended(job, at_once(self.client.send(job.account, job.call))) for job in self.under_way[number]
        ]
        done = self.rounds[number].round(ended, 8)
        self.under_way[number] = done.begun
        self.most_probing = max(self.most_probing, len(done.probes))
        for account in done.probes:
            other = self.rounds[1 - number].round([], 8)
            assert (other.probes, other.begun) == ([], [])
            self.rounds[number].probed(account, at_once(self.client.probe(account)))
        # A probe that ends wakes its dispatcher.
        return self.clock.ms if done.probes else done.wake_at

    def waiting(self) -> int:
        return [*states(self.store).values()].count("queued")

    def doubtful(self) -> tuple[Doubt, ...]:
        with self.store.read() as connection:
            return doubts(connection, CallFilter())


@pytest.mark.thorough_on_postgres
def test_eight_hours_of_502_leave_five_calls_in_doubt_and_the_rest_goes_out_after(
    store: Store, clock: Clock
) -> None:
    outage, began = Outage(store, clock, MAIN), clock.ms
    for _ in range(60):
        outage.webhook()
    outage.run(HOURS * 3600)
    (doubt,) = outage.doubtful()
    in_flight = 8
    assert (doubt.account, doubt.cause) == ("main", "http_502")
    assert 5 <= doubt.many <= 5 + in_flight
    assert outage.gateway.calls == doubt.many
    assert began <= doubt.first <= doubt.last < began + 5_000
    # Every minute, once the wait has grown that long, and never by two at once.
    assert HOURS * 60 - 10 <= outage.gateway.probes <= HOURS * 60 + 10
    waiting = outage.waiting()
    assert waiting == 60 + HOURS * 3600 // EVERY_S - doubt.many
    outage.gateway.down = False
    outage.run(AFTER_S + waiting / MAIN.rate, lambda: not outage.waiting() and not any(outage.under_way))
    assert outage.waiting() == 0
    assert [*states(store).values()].count("done") == waiting
    assert rows(store, "SELECT count(*) FROM calls WHERE attempt > 1") == [(0,)]


def test_resends_wait_for_the_end_of_the_outage_and_then_run_once(store: Store, clock: Clock) -> None:
    outage = Outage(store, clock, replace(MAIN, on_uncertain="resend"))
    for _ in range(60):
        outage.webhook()
    outage.run(3600)
    sent = outage.gateway.calls
    assert outage.doubtful() == ()
    assert rows(store, "SELECT max(resends), sum(resends) FROM calls") == [(1, sent)]
    assert 5 <= sent <= 13
    outage.gateway.down = False
    outage.run(AFTER_S + 120 / MAIN.rate, lambda: not outage.waiting() and not any(outage.under_way))
    assert set(states(store).values()) == {"done"}
    assert rows(store, "SELECT sum(attempt) FROM calls") == [(sent + 60 + 3600 // EVERY_S,)]
    # What was never tried goes first.
    started = "FROM attempts a JOIN calls c ON c.id = a.call_id WHERE a.outcome = 'done' AND c.resends"
    (first,) = rows(store, f"SELECT min(a.started_at) {started} = 0")
    (second,) = rows(store, f"SELECT min(a.started_at) {started} = 1")
    assert first < second


def test_an_api_that_answers_probes_and_fails_calls_risks_one_call_a_minute(
    store: Store, clock: Clock
) -> None:
    outage = Outage(store, clock, MAIN, Gateway(only_calls=True))
    for _ in range(60):
        outage.webhook()
    outage.run(1800)
    (doubt,) = outage.doubtful()
    assert doubt.many <= 13 + 30 + 4


@pytest.mark.parametrize("bots", [(7,), pytest.param((7, 8, 9), marks=pytest.mark.thorough)])
def test_bots_that_always_fail_do_not_keep_the_others_waiting(
    store: Store, clock: Clock, bots: tuple[int, ...]
) -> None:
    outage = Outage(store, clock, MAIN)
    outage.client = Client(BadBots(frozenset(map(str, bots))), now=lambda: clock.ms)
    bad = [start(person, bot_id=bots[person % len(bots)]) for person in range(1, 91)]
    owe(store, *bad, *(start(1_000 + person, rule="good") for person in range(20)))
    outage.gateway.down = False
    outage.run(240, lambda: not outage.waiting())
    assert rows(store, "SELECT DISTINCT state FROM calls WHERE rule = 'good'") == [("done",)]
    assert rows(store, "SELECT max(attempt) FROM calls") == [(1,)]


def test_retried_server_errors_are_kept_back_by_the_breaker_too(store: Store, clock: Clock) -> None:
    outage = Outage(store, clock, replace(MAIN, server_error="retry"))
    for _ in range(60):
        outage.webhook()
    outage.run(1800)
    assert outage.gateway.calls <= 13
    outage.gateway.down = False
    outage.run(AFTER_S + 90 / MAIN.rate, lambda: not outage.waiting() and not any(outage.under_way))
    assert set(states(store).values()) == {"done"}


@pytest.mark.parametrize("rate", [0.5, 5.0])
def test_probes_keep_to_the_pace(store: Store, clock: Clock, rate: float) -> None:
    account = replace(MAIN, rate=rate, burst=1)
    outage = Outage(store, clock, account)
    for _ in range(10):
        outage.webhook()
    outage.run(600)
    (tat,) = rows(store, "SELECT tat FROM accounts")[0]
    assert tat <= clock.ms + pace.interval(account, 0.0, clock.ms)
    assert outage.gateway.probes >= 10


@pytest.mark.long
@pytest.mark.thorough
def test_a_real_outage_over_sockets_leaves_few_calls_in_doubt_and_loses_none(
    database_url: str, sandbox: Sandbox
) -> None:
    sandbox.fault("502", times=None)
    store = open_store(database_url)
    account = replace(MAIN, rate=50.0, url=sandbox.url)
    owe(store, *(start(person) for person in range(1, 61)))
    client = Client(Transport())
    dispatcher = Dispatcher(store, client, lambda: {"main": account})
    thread = threading.Thread(target=dispatcher.run)
    thread.start()
    try:
        time.sleep(OUTAGE_S)
        tried = len(sandbox.calls())
        assert 5 <= tried <= 5 + account.burst + 3
        assert [one["status"] for one in sandbox.probes()] == [502] * PROBES
        sandbox.heal()
        assert eventually(lambda: len(sandbox.ran()) == 60 - tried, seconds=AFTER_S)
        assert [one["status"] for one in sandbox.probes()] == [*[502] * PROBES, 422]
    finally:
        dispatcher.stop()
        thread.join()
    assert [*states(store).values()].count("done") == 60 - tried
    assert [*states(store).values()].count("uncertain") == tried
    store.close()
