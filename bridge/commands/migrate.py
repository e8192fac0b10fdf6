"""`leadbridge migrate`: bring the database to this version's tables, aimed where the settings say."""

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
    """Bring the database to this version's tables, and note where its calls go. Safe to run again.

    \b
    Example:
      leadbridge migrate
    """
    return migrate_database(lasting())


def migrate_database(settings: Settings) -> int:
    """Safe to run again, and by several processes at once.

    Raises BridgeError where calls wait in the database that are for the sandbox, and there is none, or the
    other way round: told once, before any process starts.
    """
    store = open_store(settings.database_url)
    try:
        store.migrate()
        set_target(store, sandboxed=bool(settings.sandbox))
    finally:
        store.close()
    click.echo(said(Reason(CommandCode.UP_TO_DATE)), err=True)
    return 0
