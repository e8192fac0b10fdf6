"""Whether the calls of an account, a source or a rule go out, as a person decides."""

from __future__ import annotations

from collections.abc import Callable

from bridge.dispatch import maintenance
from bridge.store.db.engine import Store
from bridge.store.queue import accounts, pauses
from bridge.store.queue.decisions import Decider


def pause(store: Store, account: str, by: Decider) -> bool:
    """Hold the account's calls back; what is being sent is finished. False when it was paused already."""
    with store.transaction() as connection:
        return accounts.pause(connection, store.now(connection), account, who=by.who, why=by.why)


def resume(store: Store, account: str, by: Decider, wake: Callable[[], None]) -> int | None:
    """Let the account's calls go again; None when it was not paused.

    Gives how many calls go out once more that a wrong token may have refused. `wake` tells the dispatchers.
    """
    with store.transaction() as connection:
        if not accounts.lock(connection, account).paused:
            return None
        made = maintenance.resume(connection, store.now(connection), account, who=by.who, why=by.why)
    wake()
    return len(made)


def hold_back(store: Store, source: str, rule: str, by: Decider) -> bool:
    """Hold back the calls of a source, or of one of its rules; False when they were already."""
    with store.transaction() as connection:
        return pauses.pause(connection, store.now(connection), source, rule, who=by.who, why=by.why)


def let_go(store: Store, source: str, rule: str, by: Decider) -> bool:
    """Let them go again, by and by, as the dispatchers look around; False when they were not held back."""
    with store.transaction() as connection:
        return pauses.resume(connection, store.now(connection), source, rule, who=by.who, why=by.why)
