"""`leadbridge resolve`: a person settles a call that may have run, or that is not to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import click

from bridge.commands.opening import opened, wake, who
from bridge.model import State
from bridge.settings import Settings
from bridge.store import decisions
from bridge.store.call_views import call
from bridge.store.decisions import Decider
from bridge.store.outlook import Transaction

Verdict: TypeAlias = Literal["done", "resend", "cancel"]

_SAID = {
    "done": "is settled as done",
    "resend": "is queued again",
    "cancel": "is cancelled",
}


def resolve(settings: Settings, numbers: Sequence[int], verdict: Verdict, why: str) -> int:
    """Settle the calls, all of them or, where one is in no state for it, none."""
    with opened(settings) as store:
        with store.transaction() as connection:
            now = store.now(connection)
            for number in numbers:
                _settle(connection, now, number, verdict, Decider(who(), why))
        wake(store)
    for number in numbers:
        click.echo(f"call {number} {_SAID[verdict]}")
    return 0


def _settle(connection: Transaction, now: int, number: int, verdict: Verdict, by: Decider) -> None:
    if verdict == "done":
        decisions.resolve(connection, now, number, "done", by)
    elif verdict == "resend":
        decisions.resend(connection, now, number, by)
    elif call(connection, number).call.state is State.UNCERTAIN:
        decisions.resolve(connection, now, number, "cancelled", by)
    else:
        decisions.cancel(connection, now, number, by)
