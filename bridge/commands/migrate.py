"""`leadbridge migrate`: migrate the database to the tables of this version."""

from __future__ import annotations

import click

from bridge.commands.options import lasting
from bridge.commands.show.language import said
from bridge.reasons.commands import CommandCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.db.engine import open_store
from bridge.store.state.key_value import set_target


@click.command()
def migrate() -> int:
    """Migrate the database to the tables of this version, and store its target: LeadConverter or sandbox.

    Safe to run again.

    \b
    Example:
      leadbridge migrate
    """
    return migrate_database(lasting())


def migrate_database(settings: Settings) -> int:
    """Migrate, and store the target of the calls. Safe to run again, and in several processes at once.

    Raises BridgeError if pending calls are for the sandbox and the settings name none, or the other way
    round: reported here once, before any process starts.
    """
    store = open_store(settings.database_url)
    try:
        store.migrate()
        set_target(store, sandboxed=bool(settings.sandbox))
    finally:
        store.close()
    click.echo(said(Reason(CommandCode.UP_TO_DATE)), err=True)
    return 0
