"""Claim, mark as sending, send, settle: the loop that brings calls to LeadConverter.

Each round of the loop is one transaction (`round.py`). A call's bytes go out only after the commit that
marked it as `sending`; if this process dies then, the call is shown as uncertain.
"""

from __future__ import annotations

import logging
import random as randomness
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from threading import Thread
from typing import Final

from bridge.dispatch.alerts.events import AlertEvents
from bridge.dispatch.alerts.notifier import AlertNotifier
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.probe import Probe
from bridge.dispatch.maintenance import Maintenance
from bridge.dispatch.round import Round, Rounds
from bridge.dispatch.sender_pool import Ended, SenderPool, Try
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

SENDERS: Final = 64
"""Threads: as many calls as can be under way. They wait, and cost little while they do."""
LONGEST_WAIT: Final = 1.0
"""Seconds between two looks at the queue when nothing calls for one sooner."""
MAINTAIN_EVERY: Final = 2.0
ROUND_EVERY: Final = 0.025
"""Seconds from the beginning of a busy round to the next one, so that many calls share one commit."""
BUSY: Final = 24
"""Calls begun or settled in a round that count as busy: who sells less is served at once."""
SEND_WITHIN: Final = 35.0
"""Seconds from the mark to the first byte at most: a lease (60 s) has room for an attempt (20 s) after it."""
STOP_WAIT: Final = 20.0
"""Seconds that a graceful stop waits for calls in flight."""
TROUBLE_WAIT: Final = 0.5
"""Seconds before the database is tried again."""


def unobserved(_: Round) -> None:
    """No-op observer."""


class Dispatcher:
    """One process's share of the dispatching. Any number of them may share a store.

    `accounts` gives the accounts as they are now. `owner` is this dispatcher's name in the queue and must be
    its own. `clock` is in monotonic seconds; `random` gives numbers from 0 up to 1. Alerts are in `language`.
    """

    def __init__(
        self,
        store: Store,
        client: Client,
        accounts: Callable[[], Mapping[str, Account]],
        *,
        owner: str | None = None,
        senders: int = SENDERS,
        observe: Callable[[Round], None] = unobserved,
        beat: Callable[[], None] = lambda: None,
        no_room: Callable[[], Reason | None] = lambda: None,
        alerts: Callable[[], Alerts] = Alerts,
        language: str = ENGLISH,
        random: Callable[[], float] = randomness.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.client = client
        events = AlertEvents(alerts)
        self.rounds = Rounds(store, accounts, owner or unique_name(), random, client.now, events)
        self.maintenance = Maintenance(store, accounts, events)
        self.notifier = AlertNotifier(store, events, client, language)
        self.senders = SenderPool(client.send, senders, client.now, clock)
        self.stop_wait = STOP_WAIT
        self.observe = observe
        self.beat = beat
        """Reports that the loop turns."""
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
        """Neither comes before its moment, but a round does where many calls have ended."""
        self.unsettled: list[Ended] = []
        self.probed: deque[tuple[str, Probe]] = deque()
        """Probes that no round has reported yet; threads append to it."""
        self.in_doubt = False
        """The last commit may have landed though it seemed to fail."""
        self.finish: tuple[Callable[[], None], ...] = ()
        """Called at the end of `run`: ends what was begun for this dispatcher."""

    def run(self) -> None:
        """Dispatch until `stop` is called, then finish what is being sent."""
        Thread(target=self.listen, name="wake-ups", daemon=True).start()
        self.notifier.begin()
        try:
            while not self.stopping:
                self.turn()
            self.wind_down()
        finally:
            self.senders.close()
            self.notifier.close()
            for finish in self.finish:
                finish()

    def stop(self) -> None:
        """Stop gracefully, however often it is said. Safe in a signal handler."""
        self.stopping = True
        self.senders.ring()

    def hurry(self) -> None:
        """Stop without waiting for what is being sent: it shows as uncertain. Safe in a signal handler."""
        self.hurried = True
        self.stop()

    def turn(self) -> None:
        """Wait for something to do, and do a round of it."""
        self.beat()
        self.unsettled += self.senders.take(self.wait, self.senders.size // 2, self.next_round)
        if self.clock() >= self.next_maintenance:
            self.maintain()
        if not self.stopping:
            self.round(self.room())

    def room(self) -> int:
        """How many more calls may be sent: none when what becomes of them might find no room on the disk."""
        full = self.no_room()
        if full:
            self.log_limited("disk", f"nothing is sent: {english(full)}")
        return 0 if full else self.senders.free

    def round(self, room: int) -> None:
        """One transaction, and what follows from it."""
        began = self.clock()
        try:
            if self.in_doubt:
                self.unsettled += self.rounds.forgotten(self.known())
                self.in_doubt = False
            done = self.rounds.round(self.unsettled, room)
        except StoreUnavailable as trouble:
            self.log_unavailable(trouble)
            self.in_doubt = True
            time.sleep(TROUBLE_WAIT)
            return
        self.senders.put(done.begun, began + SEND_WITHIN)
        if len(done.begun) + len(done.results) >= BUSY:
            self.next_round = began + ROUND_EVERY
        note(self.unsettled)
        self.unsettled = []
        self.wait = until_next(done)
        for account in done.probes:
            Thread(target=self.probe, args=(account,), name="probe", daemon=True).start()
        self.settled += len(done.results)
        while self.probed:
            done.probed.append(self.probed.popleft())
        self.observe(done)

    def known(self) -> set[Try]:
        """What is being sent, or was and is not settled yet."""
        return self.senders.tries() | {one.job.key for one in self.unsettled}

    def maintain(self) -> None:
        self.next_maintenance = self.clock() + MAINTAIN_EVERY
        try:
            self.maintenance.look_after()
        except StoreUnavailable as trouble:
            self.log_unavailable(trouble)

    def probe(self, account: Account) -> None:
        """Find out whether LeadConverter is back, and let the breaker know."""
        found = self.client.probe(account)
        follows = "a call is tried" if found.passed else "calls still wait"
        log.warning("account %s: probe: %s; %s", account.name, english(found.found), follows)
        self.probed.append((account.name, found))
        try:
            self.rounds.probed(account, found)
        except StoreUnavailable as trouble:
            self.log_unavailable(trouble)
        self.senders.ring()

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
                        self.senders.ring()
                listener.close()
            except (StoreUnavailable, OSError) as trouble:
                log.warning("cannot listen for wake-ups, trying again: %s", trouble)
                time.sleep(TROUBLE_WAIT)

    def wind_down(self) -> None:
        """Claim nothing more, wait for what is being sent, and settle it."""
        leave_at = self.clock() + self.stop_wait
        while self.known() and self.clock() < leave_at and not self.hurried:
            self.beat()
            self.unsettled += self.senders.take(0.1, self.senders.size, self.next_round)
            if self.unsettled:
                self.round(0)
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
