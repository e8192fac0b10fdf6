"""Claim, mark as sending, send, settle: the loop that brings calls to LeadConverter.

One event loop sends all calls. Each round with the database is one transaction (`round.py`), on a thread of
its own, so that no commit keeps the sockets waiting. A call's bytes go out only after the commit that marked
it as `sending`; if this process dies then, the call is shown as uncertain.
"""

from __future__ import annotations

import asyncio
import logging
import random as randomness
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any, Final, TypeVar

import uvloop

from bridge.dispatch.alerts.events import AlertEvents
from bridge.dispatch.alerts.notifier import AlertNotifier
from bridge.dispatch.calls_in_flight import CallsInFlight, Ended, Try
from bridge.dispatch.due_release import steady
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.probe import Probe
from bridge.dispatch.maintenance import Maintenance
from bridge.dispatch.round import Round, Rounds
from bridge.errors import DatabaseLost, StoreUnavailable
from bridge.inherited import unique_name
from bridge.logs import RateLimitedLog
from bridge.model import Account, Alerts, Outcome
from bridge.reasons.reason import Reason
from bridge.store.db import notify
from bridge.store.db.engine import Store
from bridge.text.catalogue import ENGLISH
from bridge.text.render import english

log = logging.getLogger(__name__)
One = TypeVar("One")

MOST_IN_FLIGHT: Final = 64
"""Calls that are sent at a time."""
LONGEST_WAIT: Final = 1.0
"""Seconds between two looks at the queue when nothing calls for one sooner."""
MAINTAIN_EVERY: Final = 2.0
LONGEST_PAUSE: Final = 0.025
"""Seconds between two rounds at most, while more is on its way: a pause is as long as the round before it."""
SEND_WITHIN: Final = 35.0
"""Seconds from the mark to the first byte at most: a lease (60 s) has room for an attempt (20 s) after it."""
STOP_WAIT: Final = 20.0
"""Seconds that a graceful stop waits for calls in flight."""
TROUBLE_WAIT: Final = 0.5
"""Seconds before the database is tried again."""


def unobserved(_: Round) -> None:
    """No-op observer."""


async def unwatched() -> None:
    """No parent waits for beats."""


class Dispatcher:
    """One process's share of the dispatching. Any number of them may share a store.

    `accounts` gives the accounts as they are now, `names` those of all that are in mapping files. `owner` is
    this dispatcher's name in the queue and must be its own. `keep_beating` runs in the event loop, and
    reports that the loop turns. `clock` gives seconds and is never set; `random` gives numbers from 0 up to
    1. Alerts are in `language`.
    """

    def __init__(
        self,
        store: Store,
        client: Client,
        accounts: Callable[[], Mapping[str, Account]],
        *,
        owner: str | None = None,
        most: int = MOST_IN_FLIGHT,
        observe: Callable[[Round], None] = unobserved,
        no_room: Callable[[], Reason | None] = lambda: None,
        alerts: Callable[[], Alerts] = Alerts,
        names: Callable[[], Collection[str]] = tuple,
        language: str = ENGLISH,
        keep_beating: Callable[[], Coroutine[Any, Any, None]] = unwatched,
        random: Callable[[], float] = randomness.random,
        clock: Callable[[], float] = steady,
    ) -> None:
        self.store = store
        self.client = client
        events = AlertEvents(alerts)
        self.rounds = Rounds(store, accounts, owner or unique_name(), random, client.now, events, clock)
        self.maintenance = Maintenance(store, accounts, events)
        self.notifier = AlertNotifier(store, events, client, language, self.on_thread, names)
        self.in_flight = CallsInFlight(client.send, most, client.now, clock)
        self.thread = ThreadPoolExecutor(1, "rounds")
        """What deals with the database, one thing at a time."""
        self.loop: asyncio.AbstractEventLoop | None = None
        self.background: set[asyncio.Task[None]] = set()
        self.stop_wait = STOP_WAIT
        self.observe = observe
        self.keep_beating = keep_beating
        self.no_room = no_room
        self.log_limited = RateLimitedLog(log.error, every=60.0)
        self.clock = clock
        self.settled = 0
        """Attempts since it began."""
        self.stopping = False
        self.hurried = False
        self.wait = 0.0
        """Seconds that the next round may wait for something to happen."""
        self.next_maintenance = self.next_round = clock()
        """Neither comes before its moment, but a round does where waiting would gain nothing."""
        self.unsettled: list[Ended] = []
        self.probed: list[tuple[str, Probe]] = []
        """Probes that no round has reported yet."""
        self.in_doubt = False
        """The last commit may have landed though it seemed to fail."""
        self.finish: tuple[Callable[[], None], ...] = ()
        """Called at the end of `run`: ends what was begun for this dispatcher."""

    def run(self) -> None:
        """Dispatch until `stop` is called, then finish what is being sent."""
        try:
            uvloop.run(self.dispatch())
        finally:
            self.thread.shutdown()
            for finish in self.finish:
                finish()

    async def dispatch(self) -> None:
        self.loop = asyncio.get_running_loop()
        Thread(target=self.listen, name="wake-ups", daemon=True).start()
        self.begin(self.keep_beating)
        alerts = asyncio.create_task(self.notifier.keep())
        while not self.stopping:
            await self.turn()
        await self.wind_down()
        await self.notifier.close(alerts)
        self.client.close()

    def stop(self) -> None:
        """Stop gracefully, however often it is said. Safe in a signal handler and from any thread."""
        self.stopping = True
        self.wake()

    def hurry(self) -> None:
        """Stop without waiting for what is being sent: it shows as uncertain. Safe like `stop`."""
        self.hurried = True
        self.stop()

    def wake(self) -> None:
        """Look at the queue now. Safe from any thread."""
        if self.loop:
            with suppress(RuntimeError):
                # The loop has ended.
                self.loop.call_soon_threadsafe(self.in_flight.wake)

    async def on_thread(self, work: Callable[[], One]) -> One:
        """Run work on the thread that uses the database, after the work that waits there."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, work)

    def begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run it in the background."""
        task = asyncio.create_task(work())
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def turn(self) -> None:
        """Wait for something to do, and do a round of it."""
        wait = self.wait if self.in_flight.free else LONGEST_WAIT
        self.unsettled += await self.in_flight.take(wait, self.next_round)
        if self.clock() >= self.next_maintenance:
            await self.maintain()
        if not self.stopping:
            await self.round(self.room())

    def room(self) -> int:
        """How many more calls may be sent: none when what becomes of them might find no room on the disk."""
        full = self.no_room()
        if full:
            self.log_limited("disk", f"nothing is sent: {english(full)}")
        return 0 if full else self.in_flight.free

    async def round(self, room: int) -> None:
        """One transaction, and what follows from it."""
        began = self.clock()
        try:
            if self.in_doubt:
                self.unsettled += await self.on_thread(partial(self.rounds.forgotten, self.known()))
                self.in_doubt = False
            done = await self.on_thread(partial(self.rounds.round, self.unsettled, room))
        except StoreUnavailable as trouble:
            self.log_unavailable(trouble)
            self.in_doubt = True
            await self.pause(TROUBLE_WAIT)
            return
        self.in_flight.put(done.begun, began + SEND_WITHIN)
        ended = self.clock()
        self.next_round = ended + min(ended - began, LONGEST_PAUSE)
        note(self.unsettled)
        self.unsettled = []
        self.wait = until_next(done)
        for account in done.probes:
            self.begin(partial(self.probe, account))
        self.settled += len(done.results)
        done.probed, self.probed = self.probed, []
        self.observe(done)

    async def pause(self, seconds: float) -> None:
        """Do nothing for a while."""
        await asyncio.sleep(seconds)

    def known(self) -> set[Try]:
        """What is being sent, or was and is not settled yet."""
        return self.in_flight.tries() | {one.job.key for one in self.unsettled}

    async def maintain(self) -> None:
        self.next_maintenance = self.clock() + MAINTAIN_EVERY
        try:
            await self.on_thread(self.maintenance.look_after)
        except StoreUnavailable as trouble:
            self.log_unavailable(trouble)

    async def probe(self, account: Account) -> None:
        """Find out whether LeadConverter is back, and let the breaker know."""
        found = await self.client.probe(account)
        follows = "a call is tried" if found.passed else "calls still wait"
        log.warning("account %s: probe: %s; %s", account.name, english(found.found), follows)
        self.probed.append((account.name, found))
        try:
            await self.on_thread(partial(self.rounds.probed, account, found))
        except StoreUnavailable as trouble:
            self.log_unavailable(trouble)
        self.in_flight.wake()

    def log_unavailable(self, trouble: StoreUnavailable) -> None:
        """Log why nothing is sent; what lasts until somebody acts is not logged twice a second."""
        if isinstance(trouble, DatabaseLost):
            self.log_limited("database", f"nothing is sent: {trouble.message}; {trouble.hint}")
        else:
            log.warning("the queue cannot be reached, trying again: %s", trouble)

    def listen(self) -> None:
        """Pass wake-ups from other processes on, for as long as this one runs."""
        while not self.stopping:
            try:
                listener = notify.listen(self.store)
                while not self.stopping:
                    if listener.wait(LONGEST_WAIT):
                        self.wake()
                listener.close()
            except (StoreUnavailable, OSError) as trouble:
                log.warning("cannot listen for wake-ups, trying again: %s", trouble)
                time.sleep(TROUBLE_WAIT)

    async def wind_down(self) -> None:
        """Claim nothing more, wait for what is being sent, and settle it."""
        leave_at = self.clock() + self.stop_wait
        while self.known() and self.clock() < leave_at and not self.hurried:
            self.unsettled += await self.in_flight.take(0.1, self.next_round)
            if self.unsettled:
                await self.round(0)
        if left := self.known():
            log.error("stopped with %d calls unsettled: they will show as uncertain", len(left))


def note(ended: Sequence[Ended]) -> None:
    """A line for each try that did not simply succeed; never what was sent or answered."""
    for one in ended:
        call, attempt = one.job.call, one.attempt
        if attempt.outcome is not Outcome.DONE:
            seen = f"status {attempt.status}" if attempt.status else attempt.phase
            log.info("call %d, try %d: %s (%s)", call.id, call.attempt, attempt.outcome.value, seen)


def until_next(done: Round) -> float:
    """Seconds to wait for the next round, unless something happens before."""
    if done.wake_at is None:
        return LONGEST_WAIT
    return min(max((done.wake_at - done.now) / 1000, 0.0), LONGEST_WAIT)
