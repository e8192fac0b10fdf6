"""The dispatcher's dealings with the store: one round is one transaction.

A round settles what has ended, marks as `sending` what the round before claimed, and claims anew within
pace and breaker. Accounts are always locked in the order of their names, before any call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.dispatch import breaker as breakers
from bridge.dispatch import health as healths
from bridge.dispatch import pace
from bridge.dispatch.books import Books
from bridge.dispatch.breaker import Gate
from bridge.dispatch.retry import Step, next_step
from bridge.dispatch.senders import Ended, Job
from bridge.model import Account, Attempt, Call
from bridge.store import accounts as rows
from bridge.store import calls, claims, outlook
from bridge.store.calls import Settlement
from bridge.store.engine import Store
from bridge.store.outlook import Transaction, View

CLOCKS_AGREE: Final = 200
"""Milliseconds by which two clocks may differ and still count as one."""


@dataclass(slots=True)
class Round:
    """What one round did. Times are unix milliseconds of the database's clock."""

    now: int
    begun: list[Job] = field(default_factory=list)
    """May be sent: their marks are on disk."""
    claimed: list[Job] = field(default_factory=list)
    """To be marked in the next round."""
    probes: list[Account] = field(default_factory=list)
    """Accounts whose breaker wants to know whether LeadConverter can be reached."""
    wake_at: int | None = None
    """When the next call may be claimed; None when nothing waits."""
    settled: int = 0
    dropped: int = 0
    """Calls that had moved on without this process: not settled, or not to be sent."""


class Ledger:
    """What one dispatcher, known as `owner`, asks of the store.

    `random` gives numbers from 0 up to 1, `wall` the clock of the attempts in unix milliseconds: it may
    differ from the database's by any amount.
    """

    def __init__(
        self,
        store: Store,
        accounts: Callable[[], Mapping[str, Account]],
        owner: str,
        random: Callable[[], float],
        wall: Callable[[], int],
    ) -> None:
        self.store = store
        self.accounts = accounts
        self.owner = owner
        self.random = random
        self.wall = wall

    def round(self, ended: Sequence[Ended], pending: Sequence[Job], room: int) -> Round:
        """Settle, mark and claim up to `room` calls. StoreUnavailable: all is to be tried again."""
        known = self.accounts()
        with self.store.read() as connection:
            now = self.store.now(connection)
            views = [view for view in outlook.look(connection) if view.state.name in known]
        inviting = {name for name, at in invitations(known, views, now) if at <= now} if room > 0 else set()
        done = Round(now)
        if ended or pending or inviting:
            with self.store.transaction() as connection:
                done.now = self.store.now(connection)
                self.write(connection, done, ended, pending, sorted(inviting), room)
        done.wake_at = min(
            (at for name, at in invitations(known, views, now) if name not in inviting), default=None
        )
        return done

    def write(
        self,
        connection: Transaction,
        done: Round,
        ended: Sequence[Ended],
        pending: Sequence[Job],
        inviting: Sequence[str],
        room: int,
    ) -> None:
        """All of a round's writing, inside its transaction."""
        names = {*inviting, *(one.job.account.name for one in ended)}
        before = {name: rows.lock(connection, name) for name in sorted(names)}
        books = Books(before)
        self.settle(connection, done, ended, books)
        may = calls.begin(connection, done.now, [job.call for job in pending])
        done.begun = [job for job, begun in zip(pending, may, strict=True) if begun]
        done.dropped += len(pending) - len(done.begun)
        self.claim(connection, done, inviting, room, books)
        books.close(connection, done.now)

    def settle(self, connection: Transaction, done: Round, ended: Sequence[Ended], books: Books) -> None:
        """End attempts and draw from them what concerns their accounts."""
        settlements = []
        ahead = done.now - self.wall()
        for one in ended:
            call, account = one.job.call, one.job.account
            attempt = shifted(one.attempt, ahead)
            step = next_step(call, attempt, account, done.now, self.random)
            settlements.append(settlement(call, self.owner, attempt, step))
            if not one.unsent:
                books.learn(account, call, attempt, done.now)
        taken = calls.settle(connection, done.now, settlements)
        done.settled = sum(taken)
        done.dropped += len(taken) - done.settled

    def claim(
        self, connection: Transaction, done: Round, inviting: Sequence[str], room: int, books: Books
    ) -> None:
        """Share the room among the accounts that have calls due, as far as pace and breaker let them."""
        known = self.accounts()
        for place, name in enumerate(inviting):
            account = known.get(name)
            if account is None or books.is_paused(name):
                continue
            share = -(-(room - len(done.claimed)) // (len(inviting) - place))
            limit, probe = books.limit(account, done.now, share)
            if probe:
                done.probes.append(account)
            if limit:
                found = claims.claim(connection, done.now, name, self.owner, limit)
                books.claimed(account, len(found), done.now)
                done.claimed += [Job(call, account) for call in found]

    def release(self, pending: Sequence[Job]) -> None:
        """Give back what was claimed and not begun. Raises StoreUnavailable."""
        if pending:
            with self.store.transaction() as connection:
                calls.release(connection, [job.call for job in pending])

    def probed(self, account: Account, reached: bool) -> None:
        """Write down what a probe found. Raises StoreUnavailable."""
        with self.store.transaction() as connection:
            now = self.store.now(connection)
            books = Books({account.name: rows.lock(connection, account.name)})
            health = books.health(account.name)
            books.keep(account.name, replace(health, breaker=breakers.probed(health.breaker, reached, now)))
            books.close(connection, now)


def invitations(known: Mapping[str, Account], views: Sequence[View], now: int) -> list[tuple[str, int]]:
    """Accounts with calls to claim, and when that may be, by due time, pace and breaker."""
    found = []
    for view in views:
        state = view.state
        if view.due_at is None or state.paused:
            continue
        at = max(view.due_at, pace.next_slot(known[state.name], state.tat, state.slow, now))
        breaker = healths.from_text(state.health).breaker
        if breaker.gate is Gate.OPEN:
            at = max(at, breaker.until)
        elif not breakers.allowance(breaker, now, 1):
            continue
        found.append((state.name, at))
    return found


def shifted(attempt: Attempt, ahead: int) -> Attempt:
    """The attempt in the database's time; small differences are left, for they are the round's own delay."""
    if abs(ahead) < CLOCKS_AGREE:
        return attempt
    return replace(attempt, started_at=attempt.started_at + ahead, ended_at=attempt.ended_at + ahead)


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
