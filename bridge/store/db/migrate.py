"""Brings the tables to the newest revision, from code: there is no alembic.ini to find or to forget."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(7036874417766400)")
"""Upgrades run one after another; the number only has to be ours."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """To that revision, inside the caller's write transaction, which on SQLite excludes all others."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ADVISORY_LOCK)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "bridge.store:migrations")
    return config
