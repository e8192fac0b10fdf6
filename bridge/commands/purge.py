"""`leadbridge purge`: forget what is long finished."""

from __future__ import annotations

import click

from bridge.commands.opening import opened, who
from bridge.operations.words import counted
from bridge.settings import Settings
from bridge.store.inbox import purge as forgetting
from bridge.store.reports import audit

_DAY = 86_400


def purge(settings: Settings, bodies_after: int, rows_after: int, why: str) -> int:
    """Forget bodies and rows finished for so many seconds. Whatever is not final stays, however old."""
    with opened(settings) as store:
        gone = forgetting.purge(store, bodies_after / _DAY, rows_after / _DAY)
        with store.transaction() as connection:
            what = f"purge {gone.bodies} bodies, {gone.events} events"
            audit.record(
                connection, store.now(connection), who=who(), what=what, why=why, kind="store", target=""
            )
    bodies = f"the payloads of {counted(gone.bodies, 'event')}"
    click.echo(f"forgotten: {bodies}, {counted(gone.events, 'event')} whole with calls and attempts")
    return 0
