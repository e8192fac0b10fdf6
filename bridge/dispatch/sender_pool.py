"""A pool of threads that send calls, and what wakes the dispatcher."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Condition, Thread
from typing import Final, TypeAlias

from bridge.model import INTERNAL, Account, Attempt, Call, Outcome
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.text.render import english

log = logging.getLogger(__name__)

Send: TypeAlias = Callable[[Account, Call], Attempt]
Try: TypeAlias = tuple[int, int]
"""A call's id and the number of its attempt."""
TOO_LATE: Final = Reason(CallCode.UNSENT, fault=Reason(CallCode.STOOD_STILL))


@dataclass(frozen=True, slots=True)
class Job:
    """A call on its way out, with its account as it was when the call was claimed."""

    call: Call
    account: Account

    @property
    def key(self) -> Try:
        """Which attempt it is: after a standstill, one process may have two of the same call in hand."""
        return self.call.id, self.call.attempt


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that was tried, and what that showed."""

    job: Job
    attempt: Attempt
    unsent: bool = False
    """It never went out, for a reason of our own: its account has nothing to learn from it."""


class SenderPool:
    """`size` threads, each sending one call at a time.

    They share one condition with whoever waits for them: it is notified when a call has ended and when
    `ring` is called. `now` gives unix milliseconds, `clock` monotonic seconds.
    """

    def __init__(
        self, send: Send, size: int, now: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.send = send
        self.size = size
        self.now = now
        self.clock = clock
        self.queue: SimpleQueue[tuple[Job, float] | None] = SimpleQueue()
        self.changed = Condition()
        self.sending: set[Try] = set()
        """What is on its way, or waits for a thread to take it."""
        self.rung = False
        self.awaited = 1
        """So many must have ended to be worth a notification."""
        self.ended: list[Ended] = []
        self.threads = [Thread(target=self.work, name=f"sender-{n}", daemon=True) for n in range(size)]
        for thread in self.threads:
            thread.start()

    @property
    def busy(self) -> int:
        """Calls that have not ended."""
        return len(self.sending)

    @property
    def free(self) -> int:
        """Senders with nothing to do."""
        return self.size - self.busy

    def put(self, jobs: Sequence[Job], before: float) -> None:
        """Send these, each before that moment of `clock`; there must be free senders for all of them."""
        with self.changed:
            self.sending.update(job.key for job in jobs)
        for job in jobs:
            self.queue.put((job, before))

    def tries(self) -> set[Try]:
        """What has not been handed out by `take` yet."""
        with self.changed:
            return self.sending | {one.job.key for one in self.ended}

    def ring(self) -> None:
        """Wake who waits in `take`: there may be calls to claim, or it is time to stop."""
        with self.changed:
            self.rung = True
            self.changed.notify()

    def take(self, timeout: float, enough: int, not_before: float) -> list[Ended]:
        """Calls that have ended, after a wait of at most `timeout` seconds for one or for `ring`.

        It takes until the moment `not_before` of `clock`, unless `enough` have ended by then, so that many
        are settled and claimed together.
        """
        with self.changed:
            self.changed.wait_for(lambda: (self.rung and self.free) or self.ended, timeout)
            self.awaited = enough
            self.changed.wait_for(lambda: len(self.ended) >= enough, max(0.0, not_before - self.clock()))
            self.awaited = 1
            self.rung = False
            ended, self.ended = self.ended, []
            return ended

    def close(self) -> None:
        """Let the threads end when they have nothing more to send."""
        for _ in self.threads:
            self.queue.put(None)

    def work(self) -> None:
        while (item := self.queue.get()) is not None:
            ended = self.tried(*item)
            with self.changed:
                self.sending.discard(ended.job.key)
                self.ended.append(ended)
                if len(self.ended) >= self.awaited:
                    self.changed.notify()

    def tried(self, job: Job, before: float) -> Ended:
        """The call is sent, unless it may be somebody else's by now."""
        if self.clock() < before:
            return Ended(job, self.attempt(job))
        now = self.now()
        log.warning("call %d: %s", job.call.id, english(TOO_LATE))
        return Ended(job, Attempt(now, now, Outcome.RETRY, TOO_LATE, "building"), unsent=True)

    def attempt(self, job: Job) -> Attempt:
        """One try. A fault of our own leaves the call uncertain: nobody knows how far it got."""
        started = self.now()
        try:
            return self.send(job.account, job.call)
        except Exception as fault:
            # Only the type: an exception's text or values may hold the URL, and with it the token.
            kind = type(fault).__name__
            log.error("call %d: a fault in the bridge itself while sending: %s", job.call.id, kind)
            reason = Reason(CallCode.MAY_HAVE_RUN, reason=Reason(CallCode.INTERNAL, kind=kind))
            return Attempt(started, self.now(), Outcome.UNCERTAIN, reason, "sending", cause=INTERNAL)
