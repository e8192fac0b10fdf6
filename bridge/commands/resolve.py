"""`leadbridge resolve`: a person settles a call that may have run, or that is not to be sent."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bridge.commands.opening import opened, wake, who
from bridge.desk.deciding import Resolution, settle
from bridge.settings import Settings
from bridge.store.decisions import Decider

_SAID = {
    "done": "is settled as done",
    "resend": "is queued again",
    "cancel": "is cancelled",
}


def resolve(settings: Settings, numbers: Sequence[int], resolution: Resolution, why: str) -> int:
    """Settle the calls, all of them or, where one is in no state for it, none."""
    with opened(settings) as store:
        with store.transaction() as connection:
            now = store.now(connection)
            for number in numbers:
                settle(connection, now, number, resolution, Decider(who(), why))
        wake(store)
    for number in numbers:
        click.echo(f"call {number} {_SAID[resolution]}")
    return 0
