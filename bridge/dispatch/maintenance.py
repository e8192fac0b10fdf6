"""Periodic work of a dispatcher: lapsed leases, late calls, accounts with a new token."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from bridge.dispatch.account_batch import token_mark
from bridge.dispatch.alerts.events import AlertEvents, Happened, of_call
from bridge.dispatch.policy import account_health as healths
from bridge.dispatch.policy.retry import policy
from bridge.errors import BridgeError
from bridge.model import DIED, Account, Call, State
from bridge.reasons.alerts import AlertCode
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.queue import accounts as rows
from bridge.store.queue import decisions, due_calls, sweep
from bridge.store.queue.decisions import Decider
from bridge.store.queue.due_calls import Transaction
from bridge.store.reports import call_views, cancellations, counters
from bridge.store.reports.audit import BRIDGE
from bridge.text.render import english

log = logging.getLogger(__name__)

FOLD_EVERY_MS = 300_000
EXPIRED: Final = Reason(AlertCode.EXPIRED)
BY_POLICY: Final = Decider(BRIDGE, Reason(CallCode.BY_POLICY))


@dataclass(slots=True)
class Maintenance:
    """One dispatcher's share of the maintenance; any number may do it at once."""

    store: Store
    accounts: Callable[[], Mapping[str, Account]]
    events: AlertEvents = field(default_factory=AlertEvents)
    latest: int = sys.maxsize
    """The database's time when this was last done."""
    fold_at: int = 0
    """When counters are to be made coarser next."""

    def look_after(self, *, everyone: bool = False, ended: Mapping[str, str] = MappingProxyType({})) -> None:
        """Once around. Raises StoreUnavailable.

        `everyone`: no other dispatcher lives, so the holders of all leases are dead. `ended`: names of
        dispatchers that are dead, each with the cause.
        """
        known = self.accounts()
        with self.store.transaction() as connection:
            now = self.store.now(connection)
            rows.ensure(connection, known)
            happened: list[Happened] = []
            for owner, cause in ended.items():
                lost, _ = sweep.recover(connection, now, owner=owner, cause=cause)
                happened += self.doubt(connection, now, lost, cause)
            if everyone:
                lost, _ = sweep.recover(connection, now, everyone=True)
                happened += self.doubt(connection, now, lost)
            if now < self.latest:
                sweep.set_back(connection, now)
            found = sweep.sweep(connection, now)
            happened += self.doubt(connection, now, found.uncertain)
            self.events.note(connection, now, [*happened, *[("refused", EXPIRED)] * found.expired])
        self.latest = now
        self.fold(now)
        for name in self.renewed(known):
            self.resume(name)

    def fold(self, now: int) -> None:
        """Make old counters coarser now and then, so that charts are drawn from few."""
        if self.fold_at - FOLD_EVERY_MS <= now < self.fold_at:
            return
        with self.store.transaction() as connection:
            counters.fold(connection, now)
        self.fold_at = now + FOLD_EVERY_MS

    def doubt(
        self, connection: Transaction, now: int, lost: tuple[Call, ...], cause: str = DIED
    ) -> list[Happened]:
        """Calls that may have run unseen: sent again once where the owner asked for it, else shown."""
        known = self.accounts()
        happened: list[Happened] = []
        why = sweep.lost_reason(cause)
        for call in lost:
            log.error("call %d is uncertain: %s", call.id, english(why))
            account = known.get(call.start.account)
            if account and policy(call, account) == "resend" and not call.resends and now < call.expires_at:
                decisions.resend(connection, now, call.id, BY_POLICY, once=True)
            else:
                happened += of_call(call, State.UNCERTAIN, why)
        return happened

    def renewed(self, known: Mapping[str, Account]) -> list[str]:
        """Accounts that were paused with another token than they have now."""
        with self.store.read() as connection:
            states = [view.state for view in due_calls.view(connection).accounts]
        return [
            state.name
            for state in states
            if state.paused
            and state.token_mark
            and state.name in known
            and state.token_mark != token_mark(known[state.name])
        ]

    def resume(self, name: str) -> None:
        with self.store.transaction() as connection:
            now = self.store.now(connection)
            resume(connection, now, name, who=BRIDGE, why=Reason(CallCode.RENEWED))
        log.warning("account %s is resumed: its token has changed", name)


def resume(connection: Transaction, now: int, name: str, *, who: str, why: Reason | str) -> list[int]:
    """End the account's pause; returns the new calls for those that a wrong token may have refused.

    Breaker and streaks of errors begin anew. An account that was not paused is left alone.
    """
    if not rows.resume(connection, now, name, who=who, why=why):
        return []
    state = rows.lock(connection, name)
    refused = healths.to_reissue(healths.from_text(state.health))
    rows.save(connection, [replace(state, health="")])
    return [made for call_id in refused if (made := again(connection, now, call_id, Decider(who, why)))]


def again(connection: Transaction, now: int, call_id: int, by: Decider) -> int:
    """The new call for one that was refused; 0 if a person or a cancellation has decided about it since."""
    refused = call_views.call(connection, call_id).call
    if cancellations.cancelled_since(connection, refused):
        return 0
    try:
        return decisions.send_again(connection, now, call_id, by)
    except BridgeError as refusal:
        log.info("call %d is not sent again: %s", call_id, refusal)
        return 0
