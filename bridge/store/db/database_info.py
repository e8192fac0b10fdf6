"""Reads the database's version and the settings that make commits durable."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from bridge.store.db.lock_files import file_system, mounts


@dataclass(frozen=True, slots=True)
class DurabilitySetting:
    """One setting on which durability depends."""

    name: str
    value: str
    good: bool


def version(connection: Connection) -> str:
    """The database's name and version: `SQLite 3.45.1` or `PostgreSQL 16.2`."""
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar_one()}"
    return f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar_one()}"


def durability(connection: Connection) -> tuple[DurabilitySetting, ...]:
    """The durability settings of a writing connection, as the database reports them."""
    if connection.dialect.name == "sqlite":
        mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
        level = int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())
        full = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}.get(level, str(level))
        return (
            DurabilitySetting("journal_mode", mode, mode == "wal"),
            DurabilitySetting("synchronous", full, level >= 2),
        )
    names = ("fsync", "full_page_writes", "synchronous_commit")
    values = [(name, str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())) for name in names]
    return tuple(DurabilitySetting(name, value, value != "off") for name, value in values)


def file_system_of(path: Path) -> str:
    """The type of the file system that holds the file; empty if /proc does not show it."""
    return file_system(path.resolve(), mounts())
