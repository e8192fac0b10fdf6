"""A list of stored rows: its table, and how to see the older ones."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bridge.commands.show.language import said
from bridge.commands.show.output import Screen, say, table
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason


def print_table(headers: Sequence[Reason], rows: Sequence[Sequence[str]], screen: Screen) -> None:
    """Print a table; nothing if there are no rows."""
    for line in table([*map(said, headers)], rows, screen.width) if rows else ():
        click.echo(line)


def print_more(shown: int, more: int | None, none: CommandCode) -> None:
    """Print to stderr how to list the older ones, or `none` if the list is empty."""
    if more is not None:
        say(said(Reason(CommandCode.OLDER, number=more)))
    elif not shown:
        say(said(Reason(none)))
