"""The calls that are being sent, a task of the event loop each, and what wakes the dispatcher."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

from bridge.frozen import frozen
from bridge.model import INTERNAL, Account, Attempt, Call, Outcome
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.text.render import english

log = logging.getLogger(__name__)

Send: TypeAlias = Callable[[Account, Call], Awaitable[Attempt]]
Try: TypeAlias = tuple[int, int]
"""A call's id and the number of its attempt."""
TOO_LATE: Final = Reason(CallCode.UNSENT, fault=Reason(CallCode.STOOD_STILL))


@frozen
class Job:
    """A call on its way out, with its account as it was when the call was claimed."""

    call: Call
    account: Account

    @property
    def key(self) -> Try:
        """Which attempt it is: after a standstill, one process may have two of the same call in hand."""
        return self.call.id, self.call.attempt


@frozen
class Ended:
    """A call that was tried, and what that showed."""

    job: Job
    attempt: Attempt
    unsent: bool = False
    """It never went out, for a reason of our own: its account has nothing to learn from it."""


class CallsInFlight:
    """At most `most` calls at a time, all in one event loop.

    `now` gives unix milliseconds, `clock` monotonic seconds.
    """

    def __init__(
        self, send: Send, most: int, now: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.send = send
        self.most = most
        self.now = now
        self.clock = clock
        self.tasks: dict[Try, object] = {}
        self.ended: list[Ended] = []
        self.woken = False
        self.changed = asyncio.Event()
        self.awaited: Callable[[], object] = lambda: False
        """What `take` waits for: looked at whenever a call ends, so that few of them wake the dispatcher."""

    @property
    def busy(self) -> int:
        """Calls that have not ended."""
        return len(self.tasks)

    @property
    def free(self) -> int:
        """How many more calls may be sent."""
        return self.most - self.busy

    def put(self, jobs: Sequence[Job], before: float) -> None:
        """Send these, each before that moment of `clock`; there must be room for all of them."""
        for job in jobs:
            self.tasks[job.key] = asyncio.create_task(self.work(job, before))

    def tries(self) -> set[Try]:
        """What has not been handed out by `take` yet."""
        return {*self.tasks, *(one.job.key for one in self.ended)}

    def wake(self) -> None:
        """Let `take` return: there may be calls to claim, or it is time to stop."""
        self.woken = True
        self.look()

    def look(self) -> None:
        if self.awaited():
            self.changed.set()

    async def take(self, timeout: float, not_before: float) -> list[Ended]:
        """Calls that have ended, after a wait of at most `timeout` seconds for one or for `wake`.

        Many are to be settled and claimed together, for each round costs a commit. So it takes until the
        moment `not_before` of `clock`, unless half of the room has ended by then or there is nothing to wait
        for: no other call is under way, and no wake-up for new ones has come.
        """
        await self.until(lambda: self.ended or (self.woken and self.free), timeout)
        enough = self.most // 2
        await self.until(
            lambda: len(self.ended) >= enough or not (self.tasks or self.woken), not_before - self.clock()
        )
        self.woken = False
        ended, self.ended = self.ended, []
        return ended

    async def until(self, holds: Callable[[], object], seconds: float) -> None:
        """Wait until it holds, for at most so many seconds."""
        if seconds > 0 and not holds():
            self.awaited = holds
            self.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.changed.wait()
            self.awaited = lambda: False

    async def work(self, job: Job, before: float) -> None:
        ended = await self.tried(job, before)
        del self.tasks[job.key]
        self.ended.append(ended)
        self.look()

    async def tried(self, job: Job, before: float) -> Ended:
        """Send the call, unless its lease may have passed to another dispatcher."""
        if self.clock() < before:
            return Ended(job, await self.attempt(job))
        now = self.now()
        log.warning("call %d: %s", job.call.id, english(TOO_LATE))
        return Ended(job, Attempt(now, now, Outcome.RETRY, TOO_LATE, "building"), unsent=True)

    async def attempt(self, job: Job) -> Attempt:
        """One attempt. An unexpected exception leaves the call uncertain: how far it got is not known."""
        started = self.now()
        try:
            return await self.send(job.account, job.call)
        except Exception as fault:
            # Only the type: an exception's text or values may hold the URL, and with it the token.
            kind = type(fault).__name__
            log.error("call %d: a fault in the bridge itself while sending: %s", job.call.id, kind)
            reason = Reason(CallCode.MAY_HAVE_RUN, reason=Reason(CallCode.INTERNAL, kind=kind))
            return Attempt(started, self.now(), Outcome.UNCERTAIN, reason, "sending", cause=INTERNAL)
