"""Calls in flight: nothing goes out that may be another's by now; how long a round waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from bridge.dispatch.calls_in_flight import TOO_LATE, CallsInFlight, Ended, Job
from bridge.model import Account, Attempt, BotStart, Call, Outcome, Recipient, State
from tests.conftest import Clock
from tests.support.reasons import because

ACCOUNT = Account("main", "token-1")
START = BotStart("sold", 0, "main", Recipient(subscriber_id=7), bot_id=4512)
CALL = Call(1, 1, "shop", START, State.SENDING, 1, 0, 0, 0, "me", 0, 0, 10**15, 10**15)
DONE = Attempt(1, 2, Outcome.DONE, because("answered 200"), "complete", 200)


class Sending:
    """Calls in flight, each answered as soon as the test says so by its id."""

    def __init__(self, clock: Clock, most: int = 8) -> None:
        self.sent: list[Call] = []
        self.answered = {number: asyncio.Event() for number in range(100)}
        self.calls = CallsInFlight(self.send, most, lambda: clock.ms, clock)
        self.clock = clock

    async def send(self, _: Account, call: Call) -> Attempt:
        self.sent.append(call)
        await self.answered[call.id].wait()
        return DONE

    def put(self, *ids: int) -> None:
        self.calls.put([Job(replace(CALL, id=one), ACCOUNT) for one in ids], self.clock.seconds + 35)

    def answer(self, *ids: int) -> None:
        for one in ids:
            self.answered[one].set()

    async def take(self, seconds: float = 0.0, timeout: float = 10.0) -> tuple[list[int], float]:
        """Ids of the calls that ended, and after how many seconds they were handed out."""
        began = time.monotonic()
        ended = await self.calls.take(timeout, self.clock.seconds + seconds)
        return [one.job.call.id for one in ended], time.monotonic() - began


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_what_is_put_in_time_is_sent(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock)
        sending.put(1)
        sending.answer(1)
        assert await sending.calls.take(10, 0) == [Ended(Job(CALL, ACCOUNT), DONE)]
        assert sending.sent == [CALL]

    run(play())


def test_a_process_that_stood_still_sends_nothing_whose_lease_may_lapse(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock)
        sending.put(1)
        clock.advance(36)
        (ended,) = await sending.calls.take(10, 0)
        unsent = Attempt(clock.ms, clock.ms, Outcome.RETRY, TOO_LATE, "building")
        assert ended == Ended(Job(CALL, ACCOUNT), unsent, unsent=True)
        assert sending.sent == []

    run(play())


def test_an_attempt_that_comes_too_late_hides_no_later_one_of_the_same_call(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock, most=2)
        again = replace(CALL, attempt=2)
        sending.calls.put([Job(again, ACCOUNT)], clock.seconds + 35)
        sending.calls.put([Job(CALL, ACCOUNT)], clock.seconds - 1)
        (ended,) = await sending.calls.take(10, 0)
        assert (ended.job.call, ended.unsent) == (CALL, True)
        assert (sending.calls.tries(), sending.calls.free) == ({(CALL.id, 2)}, 1)
        sending.answer(1)
        assert [one.job.call for one in await sending.calls.take(10, 0)] == [again]

    run(play())


def test_the_only_call_under_way_is_settled_as_soon_as_it_ends(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock)
        sending.put(1, 2)
        sending.answer(1, 2)
        ended, took = await sending.take(seconds=5)
        assert (ended, took < 1) == ([1, 2], True)

    run(play())


def test_while_more_are_under_way_a_pause_gathers_those_that_end_in_it(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock)
        sending.put(1, 2, 3)
        sending.answer(1)
        asyncio.get_running_loop().call_later(0.05, sending.answer, 2)
        ended, took = await sending.take(seconds=0.2)
        assert (ended, took >= 0.2) == ([1, 2], True)

    run(play())


def test_half_of_the_room_is_worth_a_round(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock, most=6)
        sending.put(1, 2, 3, 4)
        sending.answer(1, 2, 3)
        ended, took = await sending.take(seconds=5)
        assert (ended, took < 1) == ([1, 2, 3], True)

    run(play())


def test_what_has_come_new_waits_for_what_comes_in_the_pause(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock)
        sending.calls.wake()
        assert (await sending.take(seconds=0.1))[1] >= 0.1
        sending.calls.wake()
        assert (await sending.take())[1] < 1

    run(play())


def test_news_are_no_news_while_there_is_no_room(clock: Clock) -> None:
    async def play() -> None:
        sending = Sending(clock, most=1)
        sending.put(1)
        sending.calls.wake()
        assert (await sending.take(timeout=0.1))[1] >= 0.1

    run(play())
