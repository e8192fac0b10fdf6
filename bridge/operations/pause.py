"""Pauses and resumes the calls of an account, a source or a rule."""

from __future__ import annotations

from collections.abc import Callable

from bridge.dispatch import maintenance
from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.queue import accounts, pauses
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit
from bridge.store.state import clock


def pause(store: Store, account: str, by: Decider) -> bool:
    """Pause an account. Calls that are being sent are finished. False if it was paused already."""
    with store.transaction() as connection:
        return accounts.pause(connection, store.now(connection), account, who=by.who, why=by.why)


def resume(store: Store, account: str, by: Decider, wake: Callable[[], None]) -> int | None:
    """Resume an account; None if it was not paused.

    Returns how many calls are sent once more because a wrong token may have refused them. `wake` notifies the
    dispatchers.
    """
    with store.transaction() as connection:
        if not accounts.lock(connection, account).paused:
            return None
        made = maintenance.resume(connection, store.now(connection), account, who=by.who, why=by.why)
    wake()
    return len(made)


def pause_rules(store: Store, source: str, rule: str, by: Decider) -> bool:
    """Pause a source or one of its rules; False if it was paused already."""
    with store.transaction() as connection:
        return pauses.pause(connection, store.now(connection), source, rule, who=by.who, why=by.why)


def resume_rules(store: Store, source: str, rule: str, by: Decider) -> bool:
    """Resume a source or one of its rules; False if it was not paused. The sweep releases the calls."""
    with store.transaction() as connection:
        return pauses.resume(connection, store.now(connection), source, rule, who=by.who, why=by.why)


def trust_clock(store: Store, by: Decider, wake: Callable[[], None]) -> bool:
    """Release waiting calls although the database's clock has jumped; False if nothing kept them."""
    with store.transaction() as connection:
        now = store.now(connection)
        if clock.trust(connection, now) is None:
            return False
        what = Reason(ActionCode.TRUST_CLOCK)
        audit.record(connection, now, who=by.who, what=what, why=by.why, kind="store", target="clock")
    wake()
    return True
