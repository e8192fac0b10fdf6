"""`leadbridge purge`: forget what is long finished."""

from __future__ import annotations

import click

from bridge.commands.language import said
from bridge.commands.opening import opened, who
from bridge.reasons.actions import ActionCode
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.inbox import purge as forgetting
from bridge.store.reports import audit

_DAY = 86_400


def purge(settings: Settings, bodies_after: int, rows_after: int, why: str) -> int:
    """Forget bodies and rows finished for so many seconds. Whatever is not final stays, however old."""
    with opened(settings) as store:
        gone = forgetting.purge(store, bodies_after / _DAY, rows_after / _DAY)
        with store.transaction() as connection:
            what = Reason(ActionCode.PURGE, bodies=gone.bodies, events=gone.events)
            audit.record(
                connection, store.now(connection), who=who(), what=what, why=why, kind="store", target=""
            )
    payloads = Reason(CommandCode.EVENTS, count=gone.bodies)
    events = Reason(CommandCode.EVENTS, count=gone.events)
    click.echo(said(Reason(CommandCode.PURGED, payloads=payloads, events=events)))
    return 0
