"""Brings the tables to the newest revision, from code: there is no alembic.ini to find or to forget."""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bridge.errors import StoreUnavailable

_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(7036874417766400)")
"""Upgrades run one after another; the number only has to be ours."""


def upgrade(connection: Connection) -> None:
    """To the newest revision, inside the caller's write transaction, which on SQLite excludes all others."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ADVISORY_LOCK)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def require_newest(connection: Connection) -> None:
    """Raise StoreUnavailable unless the tables are exactly those that this program knows."""
    found = MigrationContext.configure(connection).get_current_revision()
    newest = _newest()
    if found != newest:
        raise StoreUnavailable(
            f"the database is at revision {found or 'none'}, expected {newest}", "run: leadbridge migrate"
        )


@cache
def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    return config
