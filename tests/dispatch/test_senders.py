"""The pool of senders: nothing goes out that may be somebody else's by now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest

from bridge.dispatch.sender_pool import TOO_LATE, Ended, Job, SenderPool
from bridge.model import Account, Attempt, BotStart, Call, Outcome, Recipient, State
from tests.conftest import Clock
from tests.support.reasons import because

ACCOUNT = Account("main", "token-1")
START = BotStart("sold", 0, "main", Recipient(subscriber_id=7), bot_id=4512)
CALL = Call(1, 1, "shop", START, State.SENDING, 1, 0, 0, 0, "me", 0, 0, 10**15, 10**15)


class Sent(list[Call]):
    """A send that notes what it was given."""

    def __call__(self, _: Account, call: Call) -> Attempt:
        self.append(call)
        return Attempt(1, 2, Outcome.DONE, because("answered 200"), "complete", 200)


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def senders(sent: Sent, clock: Clock) -> Iterator[SenderPool]:
    made = SenderPool(sent, 1, lambda: clock.ms, clock)
    yield made
    made.close()


def test_what_is_put_in_time_is_sent(senders: SenderPool, sent: Sent, clock: Clock) -> None:
    senders.put([Job(CALL, ACCOUNT)], clock.seconds + 35)
    (ended,) = senders.take(10, 1, 0)
    assert sent == [CALL]
    assert ended == Ended(
        Job(CALL, ACCOUNT), Attempt(1, 2, Outcome.DONE, because("answered 200"), "complete", 200)
    )


def test_a_process_that_stood_still_sends_nothing_whose_lease_may_lapse(
    senders: SenderPool, sent: Sent, clock: Clock
) -> None:
    before = clock.seconds + 35
    clock.advance(36)
    senders.put([Job(CALL, ACCOUNT)], before)
    (ended,) = senders.take(10, 1, 0)
    assert sent == []
    unsent = Attempt(clock.ms, clock.ms, Outcome.RETRY, TOO_LATE, "building")
    assert ended == Ended(Job(CALL, ACCOUNT), unsent, unsent=True)


def test_an_attempt_that_comes_too_late_hides_no_later_one_of_the_same_call(clock: Clock) -> None:
    answered = Event()

    def send(*_: object) -> Attempt:
        answered.wait(10)
        return Attempt(1, 2, Outcome.DONE, because("answered 200"), "complete", 200)

    senders = SenderPool(send, 2, lambda: clock.ms, clock)
    again = replace(CALL, attempt=2)
    senders.put([Job(again, ACCOUNT)], clock.seconds + 35)
    senders.put([Job(CALL, ACCOUNT)], clock.seconds - 1)
    (ended,) = senders.take(10, 1, 0)
    assert (ended.job.call, ended.unsent) == (CALL, True)
    assert (senders.tries(), senders.free) == ({(CALL.id, 2)}, 1)
    answered.set()
    assert senders.take(10, 1, 0)[0].job.call is again
    senders.close()
