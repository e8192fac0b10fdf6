"""`leadbridge purge`: delete old finished events."""

from __future__ import annotations

import click

from bridge.commands.access import opened, who
from bridge.commands.options import quiet, why
from bridge.commands.show.language import said
from bridge.language.durations import duration
from bridge.reasons.actions import ActionCode
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.inbox import purge as inbox
from bridge.store.reports import audit

_DAY = 86_400


class Span(click.ParamType[int]):
    """An option's span such as 90m or 30d, as seconds."""

    name = "span"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        seconds = value if isinstance(value, int) else duration(value)
        if seconds is None:
            self.fail(f'expected a span such as 90m, 24h or 30d, found "{value}"', param, ctx)
        return seconds


@click.command()
@click.option(
    "--bodies-after",
    type=Span(),
    default="30d",
    show_default=True,
    help="Delete payloads of events finished for this long.",
)
@click.option(
    "--rows-after",
    type=Span(),
    default="90d",
    show_default=True,
    help="Delete events finished for this long.",
)
@why
def purge(bodies_after: int, rows_after: int, why: str) -> int:
    """Delete old finished data: first payloads, later whole events with their calls and attempts.

    What is not final is kept, at any age. Run it daily, from cron or a scheduler.

    \b
    Example:
      leadbridge purge --bodies-after 30d --rows-after 90d
    """
    return purge_store(quiet(), bodies_after, rows_after, why)


def purge_store(settings: Settings, bodies_after: int, rows_after: int, why: str) -> int:
    """Delete bodies and rows of events finished for so many seconds; others are kept, at any age."""
    with opened(settings) as store:
        gone = inbox.purge(store, bodies_after / _DAY, rows_after / _DAY)
        with store.transaction() as connection:
            what = Reason(ActionCode.PURGE, bodies=gone.bodies, events=gone.events)
            audit.record(
                connection, store.now(connection), who=who(), what=what, why=why, kind="store", target=""
            )
    payloads = Reason(CommandCode.EVENTS, count=gone.bodies)
    events = Reason(CommandCode.EVENTS, count=gone.events)
    click.echo(said(Reason(CommandCode.PURGED, payloads=payloads, events=events)))
    return 0
