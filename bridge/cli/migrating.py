"""`leadbridge migrate`, on the way of every start: nothing is imported that it does not need."""

from __future__ import annotations

import click

from bridge.cli.common import lasting
from bridge.commands import migrate as migrate_command


@click.command()
def migrate() -> int:
    """Bring the database to this version's tables, and note where its calls go. Safe to run again.

    \b
    Example:
      leadbridge migrate
    """
    return migrate_command.migrate(lasting())
