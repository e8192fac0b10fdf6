"""Runs a statement for many rows; the SQL is the same for both databases.

Statements contain `?` for a parameter, `{rows}` for a table of the rows, and the words of `dialects`.
PostgreSQL reads a table's constraints and opens its indexes for each execution: it gets all rows at once, as
an array per column, always by the same text, which it prepares. SQLite is fast with one row at a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Double, Integer, LargeBinary, Table, Text

from bridge.store.db import driver
from bridge.store.db.dialects import in_dialect
from bridge.store.db.driver import AnyRow, RowReader

_ROWS_PER_STATEMENT = 500
"""SQLite allows some 32,000 parameters per statement."""
_ROWS_PER_INSERT = 32
"""The most of one statement: each number of rows is a text of its own, which SQLite prepares."""
_POSTGRES = {
    BigInteger: "bigint",
    Boolean: "boolean",
    Double: "double precision",
    Integer: "integer",
    LargeBinary: "bytea",
    Text: "text",
}


class EachRow:
    """A statement that runs once per row, without results."""

    def __init__(self, row_by_row: str, from_arrays: str) -> None:
        self._row_by_row = row_by_row
        self._from_arrays = from_arrays

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run the statement for the rows, each a tuple of the values for `?` in order."""
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            driver.change(connection, self._from_arrays, _arrays(rows))
        elif "{rows}" in self._row_by_row:
            self._in_parts(connection, rows)
        else:
            driver.change_each(connection, self._row_by_row, rows)

    def _in_parts(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run it for 32, 16, 8 rows and so on, so that few texts are prepared.

        Each statement gives the interpreter to other threads, and then waits for it.
        """
        start = 0
        while start < len(rows):
            part = rows[start : start + min(_ROWS_PER_INSERT, 1 << (len(rows) - start).bit_length() - 1)]
            text = _expanded(self._row_by_row, len(part), len(part[0]))
            driver.change(connection, text, tuple(chain.from_iterable(part)))
            start += len(part)


def insertion(table: Table, more: str = "") -> EachRow:
    """An INSERT of every column of the table, here named `t`, in its order; `more` is appended."""
    types = [_POSTGRES[type(column.type)] for column in table.columns]
    names = ", ".join([f'"{column.name}"' for column in table.columns])
    start = f"INSERT INTO {table.name} AS t ({names})"
    return EachRow(f"{start} {{rows}} {more}", f"{start} {_unnested(types)} {more}")


def update(table: Table, change: str, guard: str, *types: str) -> EachRow:
    """An UPDATE of the rows that match `guard`; `types` are PostgreSQL's types of the `?` in both texts."""
    columns = [f"p{number}" for number in range(len(types))]
    fields = iter(columns)
    changed, guarded = (re.sub(r"\?", lambda _: f"r.{next(fields)}", part) for part in (change, guard))
    rows = f"({_unnested(types)}) AS r({', '.join(columns)})"
    return EachRow(
        f"UPDATE {table.name} SET {change} WHERE {guard}",  # noqa: S608 (our own words)
        f"UPDATE {table.name} SET {changed} FROM {rows} WHERE {guarded}",  # noqa: S608 (as above)
    )


class AllRows:
    """A statement that runs once for all rows; `types` are PostgreSQL's types of a row's values."""

    def __init__(self, sql: str, *types: str) -> None:
        self.sql = sql
        self._from_arrays = _dialect(sql, "postgresql").replace("{rows}", _unnested(types))
        self._reader = RowReader()

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]], *after: object) -> list[AnyRow]:
        """Run the statement and give its results; `after` are the parameters that follow the rows."""
        if not rows:
            return []
        if connection.dialect.name == "postgresql":
            return self._reader.rows(connection, self._from_arrays, (*_arrays(rows), *after))
        found: list[AnyRow] = []
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            part = rows[start : start + _ROWS_PER_STATEMENT]
            text = _expanded(self.sql, len(part), len(part[0]))
            found += self._reader.rows(connection, text, (*chain.from_iterable(part), *after))
        return found


def each(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run the statement once per row on both databases. Slow on PostgreSQL: for rare statements."""
    if rows:
        driver.change_each(connection, _dialect(sql, connection.dialect.name), rows)


def _arrays(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*rows, strict=True)))


def _unnested(types: Sequence[str]) -> str:
    """A table made of one array per column. `%b` sends them binary: as text, arrays would need escaping."""
    return f"SELECT * FROM unnest({', '.join(f'%b::{one}[]' for one in types)})"  # noqa: S608 (our own words)


def _placeholders(count: int) -> str:
    return f"({', '.join('?' * count)})"


@lru_cache(maxsize=2048)
def _expanded(sql: str, rows: int, columns: int) -> str:
    return in_dialect(sql, "sqlite").replace("{rows}", f"VALUES {', '.join([_placeholders(columns)] * rows)}")


@lru_cache(maxsize=256)
def _dialect(sql: str, dialect: str) -> str:
    text = in_dialect(sql, dialect)
    return text.replace("?", "%s") if dialect == "postgresql" else text
