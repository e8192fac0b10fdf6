"""`leadbridge pause` and `resume`: whether an account's calls go out."""

from __future__ import annotations

import click

from bridge.commands.explain import known_accounts
from bridge.commands.opening import opened, wake, who
from bridge.errors import UsageError
from bridge.language.schema import suggestion
from bridge.settings import Settings
from bridge.store import accounts
from bridge.store.engine import Store


def pause(settings: Settings, account: str, why: str) -> int:
    """Hold the account's calls back; what is being sent is finished."""
    with opened(settings) as store:
        _require(settings, store, account)
        with store.transaction() as connection:
            changed = accounts.pause(connection, store.now(connection), account, who=who(), why=why)
    click.echo(f"account {account} {'is paused' if changed else 'was paused already'}")
    return 0


def resume(settings: Settings, account: str, why: str) -> int:
    """Let the account's calls go again."""
    with opened(settings) as store:
        _require(settings, store, account)
        with store.transaction() as connection:
            changed = accounts.resume(connection, store.now(connection), account, who=who(), why=why)
        wake(store)
    click.echo(f"account {account} {'goes on' if changed else 'was not paused'}")
    return 0


def _require(settings: Settings, store: Store, account: str) -> None:
    """An account of the mapping folder, or one that had calls before."""
    with store.read() as connection:
        known = sorted({*accounts.all_states(connection), *known_accounts(settings)})
    if account not in known:
        raise UsageError(
            f'no account is called "{account}"{suggestion(account, known)}',
            f"there are: {', '.join(known) or 'none'}",
        )
