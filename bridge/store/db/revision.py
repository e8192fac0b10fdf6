"""Compares the tables' revision with this program's, without Alembic, which takes 11 MB."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from sqlalchemy import Connection, inspect, text

from bridge.errors import StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

_VERSIONS = files("bridge.store.migrations").joinpath("versions")
NEWEST: Final = max(one.name[1:5] for one in _VERSIONS.iterdir() if one.name.startswith("r"))
"""The newest revision; files are named after theirs: r0001_first_tables.py."""
_FOUND = text("SELECT version_num FROM alembic_version")


def found(connection: Connection) -> str | None:
    """The revision of the tables; None if there are no tables."""
    there = inspect(connection).has_table("alembic_version")
    return connection.execute(_FOUND).scalar_one_or_none() if there else None


def require_newest(connection: Connection) -> None:
    """Raise StoreUnavailable unless the tables have exactly this program's revision."""
    revision = found(connection)
    if revision != NEWEST:
        there = revision or Reason(ErrorCode.NO_REVISION)
        cure = Reason(ErrorCode.RUN_NEWER if revision and revision > NEWEST else ErrorCode.RUN_MIGRATE)
        raise StoreUnavailable(Reason(ErrorCode.DATABASE_REVISION, found=there, expected=NEWEST), cure)
