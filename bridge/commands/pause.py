"""`leadbridge pause` and `resume`: whether an account's calls go out."""

from __future__ import annotations

from functools import partial

import click

from bridge.commands.explain import known_accounts
from bridge.commands.opening import opened, wake, who
from bridge.desk import pausing
from bridge.desk.words import counted
from bridge.errors import UsageError
from bridge.language.schema import suggestion
from bridge.settings import Settings
from bridge.store import accounts
from bridge.store.decisions import Decider
from bridge.store.engine import Store


def pause(settings: Settings, account: str, why: str) -> int:
    """Hold the account's calls back; what is being sent is finished."""
    with opened(settings) as store:
        _require(settings, store, account)
        changed = pausing.pause(store, account, Decider(who(), why))
    click.echo(f"account {account} {'is paused' if changed else 'was paused already'}")
    return 0


def resume(settings: Settings, account: str, why: str) -> int:
    """Let the account's calls go again, and those once more that a wrong token may have refused."""
    with opened(settings) as store:
        _require(settings, store, account)
        again = pausing.resume(store, account, Decider(who(), why), partial(wake, store))
    click.echo(f"account {account} {'was not paused' if again is None else 'goes on'}")
    if again:
        click.echo(f"{counted(again, 'call')} that a wrong token may have refused: sent once more")
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
