"""Runs statements on the driver's own cursor, inside SQLAlchemy's transaction.

SQLAlchemy takes 40 µs and more for a statement that SQLite executes in 5. It keeps what it is good at: the
pool, transactions, and its classes of errors, by which a broken connection leaves the pool.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, exc

AnyRow: TypeAlias = Any
"""A row of a result: a tuple whose values are also attributes, by the names of their columns."""
Parameters: TypeAlias = Sequence[Any] | dict[str, Any]


class RowReader:
    """Makes the rows of one statement's results. Their class is made once, with the first result."""

    def __init__(self) -> None:
        self._make: Callable[[Iterable[Any]], AnyRow] | None = None

    def rows(self, connection: Connection, sql: str, parameters: Parameters) -> list[AnyRow]:
        """Run the statement and give all rows of its result; none if it has no result."""
        try:
            cursor = driver_of(connection).execute(sql, parameters)
            if cursor.description is None:
                return []
            found = cursor.fetchall()
        except _errors(connection) as error:
            raise _as_sqlalchemy(connection, sql, error) from error
        if self._make is None:
            names = [one[0] for one in cursor.description]
            row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 (not known before)
            self._make = row._make
        return list(map(self._make, found))


def change(connection: Connection, sql: str, parameters: Parameters) -> int:
    """Run the statement; returns the number of rows that it changed."""
    try:
        return int(driver_of(connection).execute(sql, parameters).rowcount)
    except _errors(connection) as error:
        raise _as_sqlalchemy(connection, sql, error) from error


def change_each(connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run the statement once per row of parameters."""
    try:
        driver_of(connection).cursor().executemany(sql, rows)
    except _errors(connection) as error:
        raise _as_sqlalchemy(connection, sql, error) from error


def driver_of(connection: Connection) -> Any:
    """The driver's connection, in a transaction."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.driver_connection


def _errors(connection: Connection) -> type[Exception]:
    return connection.dialect.loaded_dbapi.Error


def _as_sqlalchemy(connection: Connection, sql: str, error: Any) -> Exception:
    """The driver's error as SQLAlchemy raises it, without parameters; a broken connection is given up."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    raised: Exception = exc.DBAPIError.instance(
        sql,
        None,
        error,
        _errors(connection),
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
    if lost:
        connection.invalidate(raised)
    return raised
