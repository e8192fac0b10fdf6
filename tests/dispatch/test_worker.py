"""The dispatcher with a real store and a real server, turn by turn."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from bridge.dispatch import maintenance
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.dispatch.worker import Dispatcher
from bridge.errors import StoreUnavailable
from bridge.model import Account, Attempt, BotStart, Call, Recipient
from bridge.reasons.reason import GeneralCode, Reason
from bridge.store.db.engine import Store
from bridge.store.db.tables import metadata
from bridge.store.queue import accounts as rows_of_accounts
from bridge.store.queue import decisions
from bridge.store.queue.accounts import AccountState
from bridge.store.queue.decisions import Decider
from bridge.text.render import english
from tests.conftest import Clock
from tests.dispatch.server import Peer, closing, http, serving
from tests.store.given import claim, leave_claimed, owe, rows, start, state, states
from tests.support.reasons import read
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

FAST = Account("main", "canary-7f3a", rate=1000.0, burst=1000)


class Bench:
    """A dispatcher whose turns the test takes, with a clock that stands still unless moved."""

    def __init__(self, store: Store, clock: Clock, account: Account, **more: Any) -> None:
        self.store = store
        self.clock = clock
        self.accounts = {account.name: account}
        self.client = Client(Transport(), deadline=5.0, now=lambda: clock.ms)
        settings: dict[str, Any] = {"owner": "w1", "most": 8, "random": lambda: 0.999, **more}
        self.dispatcher = Dispatcher(store, self.client, lambda: self.accounts, **settings)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.maintain()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do it in the loop, which runs between turns as well: what is being sent goes on."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def turn(self) -> None:
        self.do(self.dispatcher.turn())

    def maintain(self) -> None:
        self.do(self.dispatcher.maintain())

    def run(self) -> None:
        """Like the dispatcher's `run`, in the loop of the turns."""
        self.do(self.dispatcher.dispatch())

    def close(self) -> None:
        self.dispatcher.hurry()
        self.do(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        self.dispatcher.thread.shutdown()

    async def end(self) -> None:
        """Leave what is under way."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.client.close()

    def turns(self, until: Callable[[], object], most: int = 60) -> None:
        """Take turns until the condition holds."""
        for _ in range(most):
            if until():
                return
            self.dispatcher.wait = min(self.dispatcher.wait, 0.02)
            self.turn()
        raise AssertionError(f"not within {most} turns; the calls are {states(self.store)}")

    def settled(self, count: int = 1) -> None:
        """Take turns until so many steps were settled since the last time."""
        target = self.dispatcher.settled + count
        self.turns(lambda: self.dispatcher.settled >= target)

    def rest(self) -> None:
        """Take a few turns in which nothing should happen."""
        for _ in range(4):
            self.dispatcher.wait = 0.0
            self.turn()

    def account(self) -> AccountState:
        with self.store.transaction() as connection:
            return rows_of_accounts.lock(connection, "main")


@contextmanager
def bench(store: Store, clock: Clock, account: Account, **more: Any) -> Iterator[Bench]:
    made = Bench(store, clock, account, **more)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def desk(store: Store, clock: Clock, sandbox: Sandbox) -> Iterator[Bench]:
    """A dispatcher in front of the sandbox."""
    with bench(store, clock, replace(FAST, url=sandbox.url)) as made:
        yield made


def found(store: Store, number: int) -> tuple[str, str]:
    """A call's state and its reason in English."""
    ((ended, reason),) = rows(store, f"SELECT state, reason FROM calls WHERE id = {number}")
    return ended, read(reason)


def attempts(store: Store) -> list[tuple[Any, ...]]:
    return rows(
        store, "SELECT call_id, number, outcome, phase, status FROM attempts ORDER BY call_id, number"
    )


# From the queue to LeadConverter.


def test_a_queued_call_runs_once_and_is_done(desk: Bench, sandbox: Sandbox) -> None:
    owe(desk.store, start(7))
    desk.settled()
    assert states(desk.store) == {1: "done"}
    assert attempts(desk.store) == [(1, 1, "done", "complete", 200)]
    assert [(call["subscriber_id"], call["bot_id"], call["variables"]) for call in sandbox.ran()] == [
        ("7", "4512", {"amount": "1990.00", "name": "Иван"})
    ]


def test_many_calls_go_out_side_by_side_and_each_once(desk: Bench, sandbox: Sandbox) -> None:
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 1 + 40)])
    desk.settled(40)
    assert set(states(desk.store).values()) == {"done"}
    assert sorted(int(call["subscriber_id"]) for call in sandbox.ran()) == list(range(1, 41))


def test_calls_of_one_recipient_keep_their_order_and_never_overlap(desk: Bench, sandbox: Sandbox) -> None:
    owe(desk.store, *[start(7, variables=(("n", str(number)),)) for number in range(12)])
    desk.turns(lambda: desk.dispatcher.settled == 12, most=200)
    assert [call["variables"]["n"] for call in sandbox.ran()] == [str(number) for number in range(12)]


def test_the_mark_of_sending_is_on_disk_before_the_first_byte(store: Store, clock: Clock) -> None:
    seen: list[str] = []

    def look(peer: Peer) -> None:
        peer.read()
        seen.append(state(store, 1))
        peer.sock.sendall(http("200 OK", b"{}"))

    with (
        serving(look) as server,
        bench(store, clock, replace(FAST, url=f"http://127.0.0.1:{server.port}")) as desk,
    ):
        owe(store, start(7))
        desk.settled()
    assert seen == ["sending"]


def test_calls_of_an_account_nobody_configured_wait(desk: Bench) -> None:
    owe(desk.store, start(7, account="other"))
    desk.rest()
    assert states(desk.store) == {1: "queued"}


# What the answer was, and what follows.


@pytest.mark.parametrize(
    ("kind", "expected", "outcome"),
    [
        ("422", "refused", "refused"),
        ("404", "refused", "refused"),
        ("html", "uncertain", "uncertain"),
        ("reset", "uncertain", "uncertain"),
        ("truncated", "uncertain", "uncertain"),
        ("garbage", "uncertain", "uncertain"),
        ("redirect", "refused", "refused"),
        ("401", "queued", "pause"),
        ("500", "uncertain", "uncertain"),
        ("503", "queued", "retry"),
        ("429", "queued", "retry"),
    ],
)
def test_each_fault_ends_in_its_state(
    desk: Bench, sandbox: Sandbox, kind: str, expected: str, outcome: str
) -> None:
    sandbox.fault(kind)
    owe(desk.store, start(7))
    desk.settled()
    assert states(desk.store) == {1: expected}
    assert [row[2] for row in attempts(desk.store)] == [outcome]


def test_a_failed_call_is_tried_again_when_its_time_has_come(desk: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("503", times=2)
    owe(desk.store, start(7))
    desk.settled()
    desk.rest()
    assert [row[2] for row in attempts(desk.store)] == ["retry"]
    desk.clock.advance(1)
    desk.settled()
    desk.clock.advance(2)
    desk.settled()
    assert [row[2] for row in attempts(desk.store)] == ["retry", "retry", "done"]
    assert len(sandbox.ran()) == 1


def test_a_refused_connection_is_tried_until_it_expires(store: Store, clock: Clock) -> None:
    with bench(store, clock, replace(FAST, url="http://127.0.0.1:9")) as desk:
        owe(store, start(7, expires=3))
        desk.settled()
        clock.advance(1)
        desk.settled()
        assert found(store, 1) == (
            "expired",
            "it expired before the next retry, the last: nothing was sent: connection refused",
        ) or states(store) == {1: "queued"}


def test_a_call_in_back_off_holds_its_recipient_for_ten_minutes_and_nobody_else(
    desk: Bench, sandbox: Sandbox
) -> None:
    sandbox.fault("503", retry_after="1800")
    owe(desk.store, start(7))
    desk.settled()
    owe(desk.store, start(7, rule="second"), start(8))
    desk.settled()
    desk.rest()
    assert states(desk.store) == {1: "queued", 2: "queued", 3: "done"}
    desk.clock.advance(601)
    desk.maintain()
    desk.settled()
    assert states(desk.store) == {1: "queued", 2: "done", 3: "done"}


def test_an_uncertain_call_is_held_unless_its_rule_says_resend(desk: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("reset", times=2, ran=True)
    owe(desk.store, start(7))
    desk.settled()
    owe(desk.store, start(8, on_uncertain="resend"))
    desk.settled()
    desk.clock.advance(2)
    desk.settled()
    assert states(desk.store) == {1: "uncertain", 2: "done"}
    assert rows(desk.store, "SELECT resends, answered FROM calls ORDER BY id") == [(0, 0), (1, 1)]
    assert [call["subscriber_id"] for call in sandbox.ran()] == ["7", "8", "8"]


# Accounts: pause, pace, breaker.


def test_a_token_that_is_not_accepted_pauses_the_account_until_it_changes(
    desk: Bench, sandbox: Sandbox
) -> None:
    sandbox.fault("401")
    owe(desk.store, start(7))
    desk.settled()
    paused = desk.account()
    assert english(paused.paused_reason) == "answered 401: the token is not accepted: Unauthenticated"
    assert "canary" not in paused.token_mark
    desk.clock.advance(10)
    desk.maintain()
    desk.rest()
    assert states(desk.store) == {1: "queued"}
    desk.accounts = {"main": replace(desk.accounts["main"], token="canary-new")}
    desk.maintain()
    desk.settled()
    assert states(desk.store) == {1: "done"}
    assert rows(desk.store, "SELECT answered FROM calls") == [(1,)]


def test_a_person_may_let_a_paused_account_go_on(desk: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("redirect")
    owe(desk.store, start(7), start(8))
    desk.turns(lambda: desk.account().paused)
    owe(desk.store, start(9))
    desk.rest()
    assert state(desk.store, 3) == "queued"
    with desk.store.transaction() as connection:
        assert maintenance.resume(connection, desk.clock.ms, "main", who="anna", why="moved") == []
        assert maintenance.resume(connection, desk.clock.ms, "main", who="anna", why="twice") == []
    desk.turns(lambda: state(desk.store, 3) == "done")


def test_calls_refused_by_a_wrong_token_are_issued_again_on_resuming(desk: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("404", times=5)
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 1 + 5)])
    desk.settled(5)
    assert english(desk.account().paused_reason) == (
        "5 calls in a row were denied (402, 403, 404, 410): is the token right, and the project paid for?"
    )
    with desk.store.transaction() as connection:
        decisions.send_again(connection, desk.clock.ms, 1, Decider("anna", "by hand"))
        assert maintenance.resume(connection, desk.clock.ms, "main", who="anna", why="new token") == [
            7,
            8,
            9,
            10,
        ]
    desk.settled(5)
    assert sorted(call["subscriber_id"] for call in sandbox.ran()) == ["1", "2", "3", "4", "5"]
    assert rows(desk.store, "SELECT parent FROM calls WHERE id > 5 ORDER BY id") == [
        (1,),
        (2,),
        (3,),
        (4,),
        (5,),
    ]


UNPAID = '"message": "Your account is blocked, please pay"'


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, f"{{{UNPAID}}}"),
        (403, f"{{{UNPAID}}}"),
        (200, f'{{"success": false, "code": 403, {UNPAID}}}'),
        (200, f'{{"error": {{"code": "402", {UNPAID}}}}}'),
        (200, f'{{"status": 404, {UNPAID}}}'),
    ],
)
def test_an_unpaid_project_pauses_whatever_its_words(
    desk: Bench, sandbox: Sandbox, status: int, body: str
) -> None:
    sandbox.fault("answer", times=6, status=status, body=body)
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 1 + 5)])
    desk.settled(5)
    assert english(desk.account().paused_reason).startswith(
        "5 calls in a row were denied (402, 403, 404, 410)"
    )
    assert set(states(desk.store).values()) == {"refused"}


def test_words_in_a_200_refuse_one_call_and_pause_nothing(desk: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("answer", times=7, body='{"message": "Подписчик отписан"}')
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 1 + 6)], replace(start(7), forced=True))
    desk.settled(7)
    assert states(desk.store) == {**dict.fromkeys(range(1, 7), "refused"), 7: "done"}
    assert not desk.account().paused


def test_three_pages_pause_the_account(desk: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("html", times=3)
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 1 + 3)])
    desk.settled(3)
    assert english(desk.account().paused_reason).startswith("3 answers in a row were HTML pages")


def test_the_pace_holds_between_two_dispatchers(store: Store, clock: Clock, sandbox: Sandbox) -> None:
    slow = replace(FAST, url=sandbox.url, rate=5.0, burst=5)
    owe(store, *[start(subscriber) for subscriber in range(1, 1 + 12)])
    with bench(store, clock, slow) as one, bench(store, clock, slow, owner="w2") as two:

        def sent() -> int:
            one.rest()
            two.rest()
            return one.dispatcher.settled + two.dispatcher.settled

        assert eventually(lambda: sent() >= 5)
        assert (sent(), len(sandbox.ran())) == (5, 5)
        clock.advance(0.4)
        assert eventually(lambda: sent() >= 7)
        assert (sent(), len(sandbox.ran())) == (7, 7)


def test_a_slow_answer_does_not_slow_the_pace(store: Store, clock: Clock) -> None:
    def never(peer: Peer) -> None:
        peer.read()
        peer.over.wait(10)

    with serving(never) as server:
        slow = replace(FAST, url=f"http://127.0.0.1:{server.port}", rate=5.0, burst=1)
        with bench(store, clock, slow) as desk:
            owe(store, start(7), start(8))
            desk.turns(lambda: desk.dispatcher.in_flight.busy == 1)
            assert 0.19 < desk.dispatcher.wait <= 0.201


def test_no_account_takes_all_senders_from_another(desk: Bench, sandbox: Sandbox) -> None:
    desk.accounts["other"] = replace(FAST, name="other", url=sandbox.url)
    desk.maintain()
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 21)])
    owe(desk.store, *[start(subscriber, account="other") for subscriber in range(1, 5)])
    done = desk.dispatcher.rounds.round([], 8)
    assert sorted(job.account.name for job in done.begun) == ["main"] * 4 + ["other"] * 4


def test_a_machine_whose_clock_is_wrong_judges_by_the_databases(
    store: Store, clock: Clock, sandbox: Sandbox
) -> None:
    with bench(store, clock, replace(FAST, url=sandbox.url)) as desk:
        desk.client.now = lambda: clock.ms - 300_000
        desk.dispatcher.in_flight.now = desk.dispatcher.rounds.wall = desk.client.now
        sandbox.fault("429")
        owe(store, start(7))
        desk.settled()
        assert rows(store, "SELECT started_at, ended_at FROM attempts") == [(clock.ms, clock.ms)]
        assert desk.account().slow == clock.ms + 60_000


def test_too_many_calls_halve_the_pace(desk: Bench, sandbox: Sandbox) -> None:
    sandbox.fault("429", retry_after="2")
    owe(desk.store, start(7))
    desk.settled()
    assert desk.account().slow == desk.clock.ms + 60_000
    assert rows(desk.store, "SELECT due_at FROM calls") == [(desk.clock.ms + 2000,)]


def test_a_breaker_stops_calls_and_lets_them_go_one_two_four(store: Store, clock: Clock) -> None:
    broken = threading.Event()
    broken.set()

    def script(peer: Peer) -> None:
        if broken.is_set():
            closing(peer)
            return
        peer.read()
        peer.sock.sendall(http("200 OK", b"{}", "Connection: close"))

    with serving(script) as server:
        account = replace(FAST, url=f"http://127.0.0.1:{server.port}")
        with bench(store, clock, account, most=5) as desk:
            owe(store, *[start(subscriber) for subscriber in range(1, 1 + 5)])
            desk.settled(5)
            owe(store, *[start(subscriber) for subscriber in range(100, 120)])
            desk.rest()
            assert sorted(states(store).values()).count("queued") == 20
            broken.clear()
            clock.advance(5)
            desk.turns(lambda: '"trial"' in desk.account().health)
            desk.settled(20)
            assert '"gate":"closed"' in desk.account().health
    assert sorted(states(store).values()).count("done") == 20


# Deaths and departures.


def test_calls_of_a_dead_dispatcher_are_uncertain_and_those_of_an_earlier_version_queued(
    desk: Bench, sandbox: Sandbox
) -> None:
    owe(desk.store, start(7), start(8), start(9, on_uncertain="resend"))
    claimed = claim(desk.store, owner="dead")
    leave_claimed(desk.store, claimed[1])
    desk.clock.advance(61)
    desk.maintain()
    desk.clock.advance(2)
    desk.settled(2)
    assert states(desk.store) == {1: "uncertain", 2: "done", 3: "done"}
    assert sorted(call["subscriber_id"] for call in sandbox.ran()) == ["8", "9"]


def test_the_only_dispatcher_need_not_wait_for_the_leases_of_the_dead(store: Store, clock: Clock) -> None:
    owe(store, start(7))
    claim(store, owner="dead")
    with bench(store, clock, replace(FAST, url="http://127.0.0.1:9")) as desk:
        assert states(store) == {1: "sending"}
        desk.dispatcher.maintenance.look_after(everyone=True)
        assert states(store) == {1: "uncertain"}


def test_a_stop_however_often_it_is_said_claims_nothing_more_and_settles_what_was_sent(
    store: Store, clock: Clock
) -> None:
    answer = threading.Event()

    def slow(peer: Peer) -> None:
        peer.read()
        answer.wait(10)
        peer.sock.sendall(http("200 OK", b"{}"))

    with (
        serving(slow) as server,
        bench(store, clock, replace(FAST, url=f"http://127.0.0.1:{server.port}")) as desk,
    ):
        owe(store, start(7), start(8))
        desk.turns(lambda: desk.dispatcher.in_flight.busy == 2)
        owe(store, start(9))
        for _ in range(3):
            desk.dispatcher.stop()
        assert states(store) == {1: "sending", 2: "sending", 3: "queued"}
        threading.Timer(0.1, answer.set).start()
        desk.run()
    assert states(store) == {1: "done", 2: "done", 3: "queued"}


def test_a_stop_settles_what_has_ended_and_was_not_looked_at_yet(desk: Bench) -> None:
    owe(desk.store, start(7))
    desk.turn()
    assert eventually(lambda: not desk.dispatcher.in_flight.busy)
    assert states(desk.store) == {1: "sending"}
    desk.dispatcher.stop()
    desk.run()
    assert states(desk.store) == {1: "done"}


def test_a_stop_in_a_hurry_leaves_at_once(store: Store, clock: Clock) -> None:
    def never(peer: Peer) -> None:
        peer.read()
        peer.over.wait(10)

    with (
        serving(never) as server,
        bench(store, clock, replace(FAST, url=f"http://127.0.0.1:{server.port}")) as desk,
    ):
        owe(store, start(7))
        desk.turns(lambda: desk.dispatcher.in_flight.busy == 1)
        desk.dispatcher.stop()
        desk.dispatcher.hurry()
        desk.run()
        assert states(store) == {1: "sending"}


def test_a_running_dispatcher_hears_of_new_calls_and_stops_when_told(
    store: Store, clock: Clock, sandbox: Sandbox
) -> None:
    account = replace(FAST, url=sandbox.url)
    with bench(store, clock, account) as desk:
        thread = threading.Thread(target=desk.run)
        thread.start()
        owe(store, *[start(subscriber) for subscriber in range(1, 1 + 5)])
        desk.dispatcher.wake()
        assert eventually(lambda: desk.dispatcher.settled == 5)
        desk.dispatcher.stop()
        thread.join(10)
        assert not thread.is_alive()
    assert set(states(store).values()) == {"done"}


def test_the_event_loop_and_nothing_else_beats_also_while_the_database_hangs(
    store: Store, clock: Clock
) -> None:
    beats, hangs = [], threading.Event()

    async def keep_beating() -> None:
        while True:
            beats.append(threading.current_thread())
            await asyncio.sleep(0.02)

    with bench(store, clock, FAST, keep_beating=keep_beating) as desk:
        desk.dispatcher.thread.submit(hangs.wait, 10)
        running = threading.Thread(target=desk.run)
        running.start()
        assert eventually(lambda: len(beats) > 5)
        hangs.set()
        desk.dispatcher.stop()
        running.join(10)
        assert set(beats) == {desk.thread}


# A database that does not do its part.


def test_marks_whose_commit_only_seemed_to_fail_leave_no_call_uncertain(
    desk: Bench, sandbox: Sandbox
) -> None:
    owe(desk.store, start(7), start(8))
    claim(desk.store, limit=1, owner="w1")
    desk.dispatcher.in_doubt = True
    desk.settled(2)
    assert states(desk.store) == {1: "queued", 2: "done"}
    unconfirmed = "nothing was sent: the database did not confirm in time that it may be sent"
    assert found(desk.store, 1) == ("queued", unconfirmed)
    desk.clock.advance(1)
    desk.settled()
    assert states(desk.store) == {1: "done", 2: "done"}
    assert len(sandbox.ran()) == 2


class Sick:
    """A store that fails as often as it is told to."""

    def __init__(self, store: Store, failures: int) -> None:
        self.store = store
        self.failures = failures

    def __getattr__(self, name: str) -> Any:
        if name in ("read", "transaction") and self.failures:
            self.failures -= 1
            raise StoreUnavailable(Reason(GeneralCode.VERBATIM, text="the database is gone"))
        return getattr(self.store, name)


def test_care_and_probes_that_find_no_database_do_not_end_the_dispatcher(
    desk: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    sick = cast(Store, Sick(desk.store, 2))
    desk.dispatcher.maintenance = maintenance.Maintenance(sick, lambda: desk.accounts)
    desk.dispatcher.rounds.store = sick
    desk.maintain()
    with serving(closing) as server:
        desk.do(desk.dispatcher.probe(replace(FAST, url=f"http://127.0.0.1:{server.port}")))
    assert caplog.messages == [
        "the queue cannot be reached, trying again: the database is gone",
        "account main: probe: the connection was closed unanswered; calls still wait",
        "the queue cannot be reached, trying again: the database is gone",
    ]


def test_a_stop_with_the_database_gone_leaves_when_its_time_is_up(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    gone = threading.Event()

    def answer(peer: Peer) -> None:
        peer.read()
        gone.wait(10)
        peer.sock.sendall(http("200 OK", b"{}", "Connection: close"))

    with (
        serving(answer) as server,
        bench(store, clock, replace(FAST, url=f"http://127.0.0.1:{server.port}")) as desk,
    ):
        owe(store, start(7))
        desk.turns(lambda: desk.dispatcher.in_flight.busy)
        desk.dispatcher.rounds.store = cast(Store, Sick(store, 10**9))
        desk.dispatcher.stop_wait = 0.3
        desk.dispatcher.stop()
        gone.set()
        desk.run()
    assert caplog.messages[-1] == "stopped with 1 calls unsettled: they will show as uncertain"
    assert states(store) == {1: "sending"}


def test_a_database_out_of_reach_loses_nothing(
    desk: Bench, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.dispatch.worker.TROUBLE_WAIT", 0.0)
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 1 + 6)])
    for failures in range(1, 9):
        desk.dispatcher.rounds.store = cast(Store, Sick(desk.store, failures))
        desk.turn()
    desk.turns(lambda: desk.dispatcher.settled == 6)
    assert set(states(desk.store).values()) == {"done"}
    assert len(sandbox.ran()) == 6


def recipient(number: int) -> Recipient:
    return Recipient(user_id=f"u{number}", channel_id="c")


def test_people_of_messengers_are_reached_by_their_channel(desk: Bench, sandbox: Sandbox) -> None:
    owe(desk.store, BotStart("sold", 0, "main", recipient(1), 4512))
    desk.settled()
    assert [(call["user_id"], call["channel_id"]) for call in sandbox.ran()] == [("u1", "c")]


def test_the_log_tells_of_each_try_that_failed_and_nothing_of_what_was_said(
    desk: Bench, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bridge.dispatch")
    sandbox.fault("422")
    sandbox.fault("reset")
    owe(desk.store, start(7))
    desk.settled()
    owe(desk.store, start(8), start(9))
    desk.settled(2)
    assert [record.getMessage() for record in caplog.records] == [
        "call 1, try 1: refused (status 422)",
        next(line for line in caplog.messages if line.endswith("uncertain (waiting)")),
    ]


def test_a_fault_of_our_own_leaves_the_call_uncertain(desk: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(account: Account, call: Call) -> Attempt:
        raise KeyError(account.token, call.id)

    desk.dispatcher.in_flight.send = fail
    owe(desk.store, start(7))
    desk.settled()
    why = "a fault in the bridge itself (KeyError); it may have run"
    assert found(desk.store, 1) == ("uncertain", why)
    assert "call 1: a fault in the bridge itself while sending: KeyError" in caplog.messages
    assert "canary" not in caplog.text


def test_the_token_is_in_no_table(desk: Bench, sandbox: Sandbox) -> None:
    for kind in ("html", "500", "401", "reset", "garbage"):
        sandbox.fault(kind)
    owe(desk.store, *[start(subscriber) for subscriber in range(1, 1 + 5)])
    desk.settled(5)
    with desk.store.read() as connection:
        tables = [connection.execute(table.select()).all() for table in metadata.sorted_tables]
    assert any("Unauthenticated" in str(table) for table in tables)
    assert "canary" not in str(tables)
