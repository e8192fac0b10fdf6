"""The accounts that one transaction has locked, and what it changes about them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.dispatch.policy import account_health as healths
from bridge.dispatch.policy import breaker as breakers
from bridge.dispatch.policy import pace
from bridge.dispatch.policy.account_health import Health
from bridge.dispatch.policy.breaker import Gate
from bridge.model import Account, Attempt, Call
from bridge.reasons.reason import Reason
from bridge.store.queue import accounts as rows
from bridge.store.queue.accounts import AccountState
from bridge.store.queue.due_calls import AccountView, Transaction
from bridge.store.reports.audit import BRIDGE
from bridge.text.render import english

log = logging.getLogger(__name__)


class AccountBatch:
    """Opened on locked rows, changed in memory, written back once by `close`."""

    def __init__(self, before: Mapping[str, AccountState]) -> None:
        self.before = before
        self.states = dict(before)
        self.healths: dict[str, Health] = {}
        """Those that differ from their rows."""
        self.pauses: dict[str, tuple[Reason, str]] = {}

    def health(self, name: str) -> Health:
        return self.healths.get(name) or healths.from_text(self.states[name].health)

    def keep(self, name: str, health: Health) -> None:
        self.healths[name] = health

    def is_paused(self, name: str) -> bool:
        return name in self.pauses or self.states[name].paused

    def learn(self, account: Account, call: Call, attempt: Attempt, now: int) -> None:
        """What an attempt says about its account: breaker, streaks, pace, pause."""
        name = account.name
        health = self.health(name)
        finding = healths.after(health, call, attempt, now)
        if finding.health is not health:
            self.keep(name, finding.health)
        if finding.slow_down:
            state = self.states[name]
            self.states[name] = replace(state, slow=pace.halved(state.slow, now))
        if finding.pause and not self.is_paused(name):
            self.pauses[name] = (finding.pause, token_mark(account))

    def limit(self, account: Account, now: int, wanted: int) -> tuple[int, bool]:
        """How many calls may be claimed now, and whether this process is to probe instead.

        A probe is a request like any other: it waits for a slot of the pace and takes it.
        """
        state, health = self.states[account.name], self.health(account.name)
        wanted = min(wanted, pace.slots(account, state.tat, state.slow, now))
        if wanted and breakers.wants_probe(health.breaker, now):
            self.keep(account.name, replace(health, breaker=breakers.probing(health.breaker, now)))
            tat = pace.taken(account, state.tat, state.slow, now, 1)
            self.states[account.name] = replace(state, tat=tat)
            return 0, True
        return breakers.allowance(health.breaker, now, wanted), False

    def avoided(self, name: str) -> tuple[int, ...] | None:
        """Bots that come last while the breaker lets only a few calls through; None when it lets all."""
        breaker = self.health(name).breaker
        return breaker.bots if breaker.gate is Gate.TRIAL else None

    def claimed(self, account: Account, count: int, now: int) -> None:
        """Calls were claimed: they use up pace, and what a breaker on trial lets through."""
        if not count:
            return
        state, health = self.states[account.name], self.health(account.name)
        tat = pace.taken(account, state.tat, state.slow, now, count)
        self.states[account.name] = replace(state, tat=tat)
        if health.breaker.gate is Gate.TRIAL:
            self.keep(account.name, replace(health, breaker=breakers.claimed(health.breaker, count, now)))

    def next_slot(self, account: Account, now: int) -> int:
        """When the pace lets another call through; unix milliseconds."""
        state = self.states[account.name]
        return pace.next_slot(account, state.tat, now)

    def close(self, connection: Transaction, now: int) -> None:
        """Write what has changed; pauses last, for they are written down as decisions too."""
        for name, health in self.healths.items():
            self.states[name] = replace(self.states[name], health=healths.to_text(health))
        rows.save(connection, [state for name, state in self.states.items() if state != self.before[name]])
        for name, (why, mark) in self.pauses.items():
            rows.pause(connection, now, name, who=BRIDGE, why=why, token_mark=mark)
            log.error("account %s is paused: %s", name, english(why))


def invitations(
    known: Mapping[str, Account], views: Sequence[AccountView], now: int
) -> list[tuple[str, int]]:
    """Accounts with calls to claim, and when that may be, by due time, pace and breaker."""
    found = []
    for view in views:
        state = view.state
        if view.due_at is None or state.paused:
            continue
        at = max(view.due_at, pace.next_slot(known[state.name], state.tat, now))
        breaker = healths.from_text(state.health).breaker
        if breaker.gate is Gate.OPEN:
            at = max(at, breakers.probe_at(breaker, now))
        elif not breakers.allowance(breaker, now, 1):
            continue
        found.append((state.name, at))
    return found


def token_mark(account: Account) -> str:
    """Tells one token from another and gives neither away."""
    return hashlib.sha256(f"{account.name}:{account.token}".encode()).hexdigest()[:16]
