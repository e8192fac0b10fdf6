"""Whether an account's calls go out, as a person decides."""

from __future__ import annotations

from collections.abc import Callable

from bridge.dispatch import care
from bridge.store import accounts
from bridge.store.decisions import Decider
from bridge.store.engine import Store


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
        made = care.resume(connection, store.now(connection), account, who=by.who, why=by.why)
    wake()
    return len(made)
