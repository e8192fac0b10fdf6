"""Many rows in one statement, past SQLAlchemy's per-row work; the SQL text is the same for both databases.

Statements are written with `?` for a parameter, `{rows}` where the rows go, and the words of `dialects`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, Table

from bridge.store.dialects import in_dialect

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_AT_ONCE = 500
"""Rows in one statement: both databases take some 32,000 parameters."""


def insert_each(table: Table, more: str = "") -> str:
    """The INSERT that `each` runs, for every column of the table in its order."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {more}".rstrip()  # noqa: S608 (our own names)


def each(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run the statement once per row; gives how many rows of the table it changed in all."""
    if not rows:
        return 0
    return connection.exec_driver_sql(_dialect(sql, connection.dialect.name), list(rows)).rowcount


def together(
    connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]], *after: object
) -> list[AnyRow]:
    """Run the statement on all rows at once and give what it returns; `after` are the parameters behind."""
    found: list[AnyRow] = []
    for start in range(0, len(rows), _AT_ONCE):
        part = rows[start : start + _AT_ONCE]
        text = _expanded(sql, len(part), len(part[0]), connection.dialect.name)
        found.extend(connection.exec_driver_sql(text, (*chain.from_iterable(part), *after)))
    return found


@lru_cache(maxsize=2048)
def _expanded(sql: str, many: int, wide: int, dialect: str) -> str:
    row = f"({', '.join('?' * wide)})"
    return _dialect(sql.replace("{rows}", ", ".join([row] * many)), dialect)


@lru_cache(maxsize=256)
def _dialect(sql: str, dialect: str) -> str:
    text = in_dialect(sql, dialect)
    return text.replace("?", "%s") if dialect == "postgresql" else text
