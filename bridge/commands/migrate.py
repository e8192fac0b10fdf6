"""`leadbridge migrate`: bring the database to this version's tables."""

from __future__ import annotations

import click

from bridge.settings import Settings
from bridge.store.engine import open_store


def migrate(settings: Settings) -> int:
    """Safe to run again, and by several processes at once."""
    store = open_store(settings.database_url)
    try:
        store.migrate()
    finally:
        store.close()
    click.echo("the database is up to date", err=True)
    return 0
