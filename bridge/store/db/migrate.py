"""Upgrades the tables with Alembic, configured in code instead of an alembic.ini."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(7036874417766400)")
"""Makes upgrades run one after another; the number is arbitrary."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Upgrade to a revision in the caller's write transaction, which on SQLite excludes all others."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ADVISORY_LOCK)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    return config
