"""Lists of many rows, newest first, a page at a time by id: one far down costs no more than the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, func, select

from bridge.store.bulk import AnyRow
from bridge.store.engine import Store

T = TypeVar("T")

EXACT = 10_000
"""Counts go this far: counting a million rows would take longer than anybody looks at a page."""
SEARCHED = 20_000
"""Ids that one page of a text search goes through."""
_OUT_OF_ORDER_MS = 3_600_000
"""By how much the time of a later id may be earlier: processes' clocks and commits differ."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: ids below `before`, at most `limit` of them."""

    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page's rows, newest first, and the `before` of the page that follows; None at the end."""

    items: tuple[T, ...]
    more: int | None = None


def literal(part: str) -> str:
    """A LIKE pattern for texts that contain `part`, with a backslash as its escape."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def first_id_at(connection: Connection, table: Table, time: Column[int], moment: int) -> int:
    """The smallest id whose row is not older than `moment`, by halving: ids grow with time."""
    low = connection.execute(select(func.min(table.c.id))).scalar_one()
    if low is None:
        return 0
    high = connection.execute(select(func.max(table.c.id))).scalar_one() + 1
    while low < high:
        middle = (low + high) // 2
        following = select(table.c.id, time).where(table.c.id >= middle).order_by(table.c.id).limit(1)
        row = connection.execute(following).one()
        if row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return int(low)


def between(
    connection: Connection, table: Table, time: Column[int], since: int | None, until: int | None
) -> list[ColumnElement[bool]]:
    """Conditions for rows from `since` and before `until`, as bounds on the id and then exactly.

    The exact condition is on a sum, so that no index on it tempts the planner away from the order of ids.
    """
    found: list[ColumnElement[bool]] = []
    if since is not None:
        found += [table.c.id >= first_id_at(connection, table, time, since - _OUT_OF_ORDER_MS)]
        found += [time + 0 >= since]
    if until is not None:
        found += [table.c.id <= first_id_at(connection, table, time, until + _OUT_OF_ORDER_MS)]
        found += [time + 0 < until]
    return found


def newest(
    connection: Connection, query: Select[*tuple[Any, ...]], number: Column[int], page: Page
) -> Listing[AnyRow]:
    """One page of the query's rows, which have an `id`."""
    if page.before is not None:
        query = query.where(number < page.before)
    rows = connection.execute(query.order_by(number.desc()).limit(page.limit + 1)).all()
    return cut(rows, page)


def cut(rows: Sequence[AnyRow], page: Page) -> Listing[AnyRow]:
    """The page's part of rows that may be more, newest first."""
    kept = tuple(rows[: page.limit])
    return Listing(kept, kept[-1].id if len(rows) > page.limit else None)


def searched(
    connection: Connection, query: Select[*tuple[Any, ...]], table: Table, page: Page
) -> Listing[AnyRow]:
    """One page of a query that must look into every row: it goes through `SEARCHED` ids at most."""
    top = page.before
    if top is None:
        top = (connection.execute(select(func.max(table.c.id))).scalar_one() or 0) + 1
    floor = top - SEARCHED
    window = Page(top, page.limit)
    found = newest(connection, query.where(table.c.id >= floor), table.c.id, window)
    if found.more is not None or floor <= 1:
        return found
    return Listing(found.items, floor)


def all_ids(
    store: Store, table: Table, conditions: Callable[[Connection], Sequence[ColumnElement[bool]]]
) -> Iterator[list[int]]:
    """The ids of every row that fits now, ascending, out of `SEARCHED` ids of the table at a time.

    Each time is a read of its own, so that looking through a million rows keeps nobody waiting for long.
    """
    with store.read() as connection:
        wanted = conditions(connection)
        first = connection.execute(select(func.min(table.c.id))).scalar_one()
        last = connection.execute(select(func.max(table.c.id))).scalar_one()
    for low in range(first or 1, (last or 0) + 1, SEARCHED):
        within = (table.c.id >= low, table.c.id <= min(low + SEARCHED - 1, last))
        with store.read() as connection:
            query = select(table.c.id).where(*wanted, *within).order_by(table.c.id)
            found = list(connection.execute(query).scalars())
        yield found


def capped(connection: Connection, query: Select[*tuple[Any, ...]]) -> int:
    """How many rows the query has, up to one more than `EXACT`."""
    few = query.limit(EXACT + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(few)).scalar_one())
