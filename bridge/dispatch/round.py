"""The dispatcher's dealings with the store: one round is one transaction.

A round settles what has ended, and marks as `sending` what may go within pace and breaker: there is room for
each. Accounts are always locked in the order of their names, before any call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from bridge.dispatch.account_batch import AccountBatch, invitations
from bridge.dispatch.alerts.events import AlertEvents, Happened, of_call
from bridge.dispatch.calls_in_flight import Ended, Job, Try
from bridge.dispatch.due_release import DueRelease, steady
from bridge.dispatch.http.probe import Probe
from bridge.dispatch.policy import breaker as breakers
from bridge.dispatch.policy.retry import Step, next_step
from bridge.dispatch.unconfirmed_answers import NewAnswers
from bridge.model import FINAL, Account, Attempt, Call, Outcome, State
from bridge.reasons.alerts import AlertCode
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.reasons.span import span
from bridge.store.db.engine import Store
from bridge.store.queue import accounts as rows
from bridge.store.queue import calls, claims, due_calls, pauses
from bridge.store.queue.calls import Settlement
from bridge.store.queue.due_calls import Transaction
from bridge.store.state.clock import Jump

SILENT: Final = AlertEvents()
CLOCKS_AGREE: Final = 200
"""Milliseconds by which two clocks may differ and still count as one."""
UNCONFIRMED: Final = Reason(CallCode.UNSENT, fault=Reason(CallCode.UNCONFIRMED))


@dataclass(frozen=True, slots=True)
class Outlook:
    """The accounts that have calls to claim at `now`, and when others will; unix milliseconds."""

    now: int
    due: tuple[str, ...]
    wake_at: int | None


class Result(NamedTuple):
    """One attempt that was settled."""

    call: Call
    """As it was."""
    outcome: Outcome
    state: State
    """Of the call, from now on."""
    reason: Reason | None
    ended_after: int | None
    """Milliseconds from the call's acceptance to its end; None while it has not ended."""


@dataclass(slots=True)
class Round:
    """What one round did. Times are unix milliseconds of the database's clock."""

    now: int
    begun: list[Job] = field(default_factory=list)
    """May be sent: their marks are on disk."""
    probes: list[Account] = field(default_factory=list)
    """Accounts whose breaker wants to know whether LeadConverter can be reached."""
    wake_at: int | None = None
    """When the next call may be claimed or is to be released; None when nothing waits."""
    results: list[Result] = field(default_factory=list)
    """One per settled attempt."""
    dropped: int = 0
    """Calls that had moved on without this process: not settled, or not to be sent."""
    probed: list[tuple[str, Probe]] = field(default_factory=list)
    """Probes that ended since the last round, each with its account's name."""

    def wake_by(self, moment: int) -> None:
        self.wake_at = moment if self.wake_at is None else min(self.wake_at, moment)


def happened(done: Round, batch: AccountBatch, jump: Jump | None) -> Iterator[Happened]:
    """What happened in a round that may cause an alert."""
    if jump and jump.needs_person and jump.ahead > 0:
        yield "paused", Reason(AlertCode.CLOCK_JUMPED, span=span(jump.ahead))
    for one in done.results:
        yield from of_call(one.call, one.state, one.reason)
    for name, (why, _) in batch.pauses.items():
        yield "paused", Reason(AlertCode.OF_ACCOUNT, account=name, why=why)


class Rounds:
    """What one dispatcher, known as `owner`, asks of the store.

    `random` gives numbers from 0 up to 1, `wall` the clock of the attempts in unix milliseconds: it may
    differ from the database's by any amount. `steady` gives seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        store: Store,
        accounts: Callable[[], Mapping[str, Account]],
        owner: str,
        random: Callable[[], float],
        wall: Callable[[], int],
        events: AlertEvents = SILENT,
        steady: Callable[[], float] = steady,
    ) -> None:
        self.store = store
        self.accounts = accounts
        self.owner = owner
        self.random = random
        self.wall = wall
        self.events = events
        self.due: tuple[str, ...] = ()
        """Accounts that had calls due when last looked."""
        self.answers = NewAnswers()
        self.releases = DueRelease(steady)

    def round(self, ended: Sequence[Ended], room: int) -> Round:
        """Settle, and claim up to `room` calls. Raises StoreUnavailable: all is to be tried again.

        Where there is nothing to settle, what is due is looked up before the transaction, so that a paced
        dispatcher which is woken often writes seldom.
        """
        known = self.accounts()
        if not ended:
            with self.store.read() as connection:
                outlook = self.look(connection, known)
            if not self.releases.wanted and (room <= 0 or not outlook.due):
                return Round(outlook.now, wake_at=outlook.wake_at)
            self.due = outlook.due
        with self.store.transaction() as connection:
            done = self.write(connection, known, ended, room)
        self.answers.committed()
        self.releases.committed()
        return done

    def look(self, connection: Transaction, known: Mapping[str, Account]) -> Outlook:
        """Which accounts have calls to claim, and which waiting calls are due, now or later."""
        now = self.now(connection)
        queue = due_calls.view(connection)
        at = dict(invitations(known, [view for view in queue.accounts if view.state.name in known], now))
        due = tuple(sorted(name for name, moment in at.items() if moment <= now))
        later = [moment for moment in at.values() if moment > now]
        release_at = self.releases.look(connection, now, queue.waiting_at)
        return Outlook(now, due, min([*later, *([release_at] if release_at else [])], default=None))

    def now(self, connection: Transaction) -> int:
        """The database's clock, in unix milliseconds."""
        return self.releases.guard.now(lambda: self.store.now(connection))

    def write(
        self, connection: Transaction, known: Mapping[str, Account], ended: Sequence[Ended], room: int
    ) -> Round:
        """All of a round's writing, inside its transaction.

        What is settled lets go of calls that waited for it, so due calls are looked up after that; but
        accounts must be locked before. One that comes up only then has its turn in the next round.
        """
        names = {*self.due, *(one.job.account.name for one in ended)}
        batch = AccountBatch(rows.lock_all(connection, names))
        done = Round(self.now(connection))
        self.settle(connection, done, ended, batch)
        # It waits for no lock, so it comes after what does: a cancellation locks calls, too.
        jump = self.releases.release(connection, done.now)
        outlook = self.look(connection, known)
        self.due = outlook.due
        done.wake_at = outlook.wake_at
        if room > 0:
            inviting = [known[name] for name in outlook.due if name in names]
            self.claim(connection, done, inviting, room, batch)
            if not names.issuperset(outlook.due):
                done.wake_by(done.now)
        batch.close(connection, done.now)
        self.events.note(connection, done.now, happened(done, batch, jump))
        return done

    def settle(
        self, connection: Transaction, done: Round, ended: Sequence[Ended], batch: AccountBatch
    ) -> None:
        """End attempts and draw from them what concerns their accounts."""
        settlements = []
        ahead = done.now - self.wall()
        for one in ended:
            call, account = one.job.call, one.job.account
            attempt = shifted(one.attempt, ahead)
            step = next_step(call, attempt, account, done.now, self.random)
            settlements.append(settlement(call, self.owner, attempt, step))
            if not one.unsent:
                batch.learn(account, call, attempt, done.now)
        taken = calls.settle(connection, done.now, settlements)
        fitting = [(one, settled) for one, settled in zip(ended, taken, strict=True) if settled]
        done.results = [result(one.job.call, settled, done.now) for one, settled in fitting]
        self.answers.note(connection, done.now, (one for one, _ in fitting))
        done.dropped += len(taken) - len(done.results)

    def claim(
        self,
        connection: Transaction,
        done: Round,
        inviting: Sequence[Account],
        room: int,
        batch: AccountBatch,
    ) -> None:
        """Share the room among the accounts that have calls due, as far as pace and breaker let them."""
        paused = pauses.paused_names(connection)
        ready: list[int] = []
        unexhausted = set()
        for place, account in enumerate(inviting):
            if batch.is_paused(account.name):
                continue
            share = -(-(room - len(ready)) // (len(inviting) - place))
            limit, probe = batch.limit(account, done.now, share)
            if probe:
                done.probes.append(account)
            if limit:
                avoided = batch.avoided(account.name)
                found = claims.ready(connection, done.now, account.name, limit, paused, avoided)
                ready += found
                if len(found) == limit:
                    unexhausted.add(account.name)
        claimed = claims.claim(connection, done.now, self.owner, ready)
        many = Counter(call.start.account for call in claimed)
        for account in inviting:
            batch.claimed(account, many[account.name], done.now)
            if account.name in unexhausted:
                done.wake_by(batch.next_slot(account, done.now))
        named = {account.name: account for account in inviting}
        done.begun = [Job(call, named[call.start.account]) for call in claimed]

    def forgotten(self, known: AbstractSet[Try]) -> list[Ended]:
        """Calls in this owner's name that it never sent: a commit which seemed to fail had landed.

        `known` are the attempts that it knows of. The others are to be settled as what they are: not sent.
        Raises StoreUnavailable.
        """
        accounts, now = self.accounts(), self.wall()
        attempt = Attempt(now, now, Outcome.RETRY, UNCONFIRMED, "building")
        with self.store.read() as connection:
            held = due_calls.calls_of_owner(connection, self.owner)
        return [
            Ended(Job(call, accounts[call.start.account]), attempt, unsent=True)
            for call in held
            if (call.id, call.attempt) not in known and call.start.account in accounts
        ]

    def probed(self, account: Account, probe: Probe) -> None:
        """Write down what a probe found. Raises StoreUnavailable."""
        with self.store.transaction() as connection:
            now = self.store.now(connection)
            batch = AccountBatch(rows.lock_all(connection, [account.name]))
            health = batch.health(account.name)
            breaker = breakers.probed(health.breaker, probe.passed, probe.found, now)
            batch.keep(account.name, replace(health, breaker=breaker))
            batch.close(connection, now)


def shifted(attempt: Attempt, ahead: int) -> Attempt:
    """The attempt in the database's time; small differences are left, for they are the round's own delay."""
    if abs(ahead) < CLOCKS_AGREE:
        return attempt
    return replace(attempt, started_at=attempt.started_at + ahead, ended_at=attempt.ended_at + ahead)


def result(call: Call, settled: Settlement, now: int) -> Result:
    """A settled attempt, for whoever counts."""
    ended_after = now - call.created_at if settled.state in FINAL else None
    return Result(call, settled.shown.outcome, settled.state, settled.reason, ended_after)


def settlement(call: Call, owner: str, attempt: Attempt, step: Step) -> Settlement:
    """A step in the words of the store."""
    return Settlement(
        call_id=call.id,
        owner=owner,
        number=call.attempt,
        shown=attempt,
        state=step.state,
        reason=step.reason,
        due_at=step.due_at,
        holds_until=step.holds_until,
        answered=step.answered,
        resend=step.resend,
    )
