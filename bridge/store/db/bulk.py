"""Many rows in one go, past SQLAlchemy's per-row work; the SQL is the same for both databases.

Statements are written with `?` for a parameter, `{rows}` where a table of the rows goes, and the words of
`dialects`. PostgreSQL reads a table's constraints and opens its indexes anew for each execution: it gets all
rows in one, as an array for each column, and by the same text always, which it prepares. SQLite is quick with
one row at a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Boolean, Connection, Double, Integer, LargeBinary, Row, Table, Text

from bridge.store.db.dialects import in_dialect

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_AT_ONCE = 500
"""Rows in one statement: SQLite takes some 32,000 parameters."""
_POSTGRES = {
    BigInteger: "bigint",
    Boolean: "boolean",
    Double: "double precision",
    Integer: "integer",
    LargeBinary: "bytea",
    Text: "text",
}


class EachRow:
    """A statement that does the same for each of many rows."""

    def __init__(self, row_by_row: str, from_arrays: str) -> None:
        self._row_by_row = row_by_row
        self._from_arrays = from_arrays

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run it for these, each with a value for every `?` in its order."""
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(self._from_arrays, _arrays(rows))
        else:
            connection.exec_driver_sql(self._row_by_row, list(rows))


def insertion(table: Table, more: str = "") -> EachRow:
    """An INSERT of every column of the table, here named `t`, in its order; `more` is what stands behind."""
    types = [_POSTGRES[type(column.type)] for column in table.columns]
    names = ", ".join([f'"{column.name}"' for column in table.columns])
    start = f"INSERT INTO {table.name} AS t ({names})"
    return EachRow(f"{start} VALUES {_marks(len(types))} {more}", f"{start} {_unnested(types)} {more}")


def update(table: Table, change: str, guard: str, *types: str) -> EachRow:
    """An UPDATE of the rows that each `guard` finds; `types` are PostgreSQL's of the `?` in both."""
    columns = [f"p{number}" for number in range(len(types))]
    fields = iter(columns)
    changed, guarded = (re.sub(r"\?", lambda _: f"r.{next(fields)}", part) for part in (change, guard))
    rows = f"({_unnested(types)}) AS r({', '.join(columns)})"
    return EachRow(
        f"UPDATE {table.name} SET {change} WHERE {guard}",  # noqa: S608 (our own words)
        f"UPDATE {table.name} SET {changed} FROM {rows} WHERE {guarded}",  # noqa: S608 (as above)
    )


class Together:
    """A statement on all rows at once; `types` are PostgreSQL's of what a row holds."""

    def __init__(self, sql: str, *types: str) -> None:
        self.sql = sql
        self._from_arrays = _dialect(sql, "postgresql").replace("{rows}", _unnested(types))

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]], *after: object) -> list[AnyRow]:
        """What it returns; `after` are the parameters behind the rows."""
        if not rows:
            return []
        if connection.dialect.name == "postgresql":
            return list(connection.exec_driver_sql(self._from_arrays, (*_arrays(rows), *after)))
        found: list[AnyRow] = []
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            text = _expanded(self.sql, len(part), len(part[0]))
            found.extend(connection.exec_driver_sql(text, (*chain.from_iterable(part), *after)))
        return found


def each(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run the statement once per row: for what is seldom."""
    if rows:
        connection.exec_driver_sql(_dialect(sql, connection.dialect.name), list(rows))


def _arrays(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*rows, strict=True)))


def _unnested(types: Sequence[str]) -> str:
    """A table from an array for each column; binary, as texts of arrays would have to be escaped."""
    return f"SELECT * FROM unnest({', '.join(f'%b::{one}[]' for one in types)})"  # noqa: S608 (our own words)


def _marks(wide: int) -> str:
    return f"({', '.join('?' * wide)})"


@lru_cache(maxsize=2048)
def _expanded(sql: str, many: int, wide: int) -> str:
    return in_dialect(sql, "sqlite").replace("{rows}", f"VALUES {', '.join([_marks(wide)] * many)}")


@lru_cache(maxsize=256)
def _dialect(sql: str, dialect: str) -> str:
    text = in_dialect(sql, dialect)
    return text.replace("?", "%s") if dialect == "postgresql" else text
