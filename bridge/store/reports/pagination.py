"""Lists of many rows, newest first, a page at a time by id: one far down costs no more than the first.

What an index answers in the order of ids is found at once, however rare it is. The rest of a filter is a
sieve: rows are looked at one by one, a bounded number for a page, and the page says how far that was.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, case, func, select

from bridge.store.db.bulk import AnyRow
from bridge.store.db.engine import Store

T = TypeVar("T")

EXACT = 10_000
"""Counts go this far: counting a million rows would take longer than anybody looks at a page."""
SEARCHED = 20_000
"""Rows that one page of a filter or a text search looks at, at most."""
STEP = 1_000
"""Rows that one statement looks at: between two of them other greenlets have their turn."""
PATIENCE_S = 0.05
"""Seconds after which a page is given with what was looked at until then."""
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
    reached_at: int | None = None
    """Where the page ends because enough was looked at: the time of the last row, in unix milliseconds."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """The rows of a table that fit a filter.

    `by` is what an index of the table gives in the order of ids, `sieve` what is to be asked row by row.
    Ids are from `low` and, where there is a `high`, up to it.
    """

    table: Table
    time: Column[int]
    by: tuple[ColumnElement[bool], ...] = ()
    sieve: tuple[ColumnElement[bool], ...] = ()
    low: int = 0
    high: int | None = None

    def also(self, *by: ColumnElement[bool]) -> Fitting:
        """Those of them that an index gives for this, too."""
        return replace(self, by=(*self.by, *by))

    def within(self, low: int, high: int | None = None) -> Fitting:
        """Those of them with ids from `low` up to `high`.

        The bounds become one: of two lower bounds SQLite begins at the first and looks through the rest.
        """
        highs = [one for one in (self.high, high) if one is not None]
        return replace(self, low=max(self.low, low), high=min(highs, default=None))

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """All of it, for a query of the caller's own."""
        number = self.table.c.id
        bounds = [number >= self.low] if self.low else []
        if self.high is not None:
            bounds.append(number <= self.high)
        return [*self.by, *self.sieve, *bounds]


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows fit: exactly, or at least so many."""

    many: int
    exact: bool


def literal(part: str) -> str:
    """A LIKE pattern for texts that contain `part`, with a backslash as its escape."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def first_id_at(connection: Connection, table: Table, time: Column[int], moment: int) -> int:
    """The smallest id whose row is not older than `moment`: found by halving, for ids grow with time."""
    number, later = table.c.id, table.alias().c.id
    # Each end by a query of its own: asked for both at once, SQLite would look through the whole table.
    first, last = (select(end(number)).scalar_subquery() for end in (func.min, func.max))
    bounds = select(first.label("low"), (last + 1).label("high")).cte(recursive=True)
    middle = (bounds.c.low + bounds.c.high) // 2
    following = select(func.min(later)).where(later >= middle).correlate(bounds).scalar_subquery()
    young = time >= moment
    halved = bounds.union_all(
        select(case((young, bounds.c.low), else_=number + 1), case((young, middle), else_=bounds.c.high))
        .select_from(bounds.join(table, number == following))
        .where(bounds.c.low < bounds.c.high)
    )
    found = select(halved.c.low).where(halved.c.low >= halved.c.high)
    return int(connection.execute(found).scalar_one_or_none() or 0)


def fitting(
    connection: Connection,
    table: Table,
    time: Column[int],
    *,
    by: Sequence[ColumnElement[bool]] = (),
    sieve: Sequence[ColumnElement[bool]] = (),
    since: int | None = None,
    until: int | None = None,
) -> Fitting:
    """Rows from `since` and before `until`, as bounds on the id and then exactly.

    The exact condition is on a sum, so that no index on it tempts the planner away from the order of ids.
    """
    found = Fitting(table, time, tuple(by), tuple(sieve))
    if since is not None:
        low = first_id_at(connection, table, time, since - _OUT_OF_ORDER_MS)
        found = replace(found, low=low, sieve=(*found.sieve, time + 0 >= since))
    if until is not None:
        high = first_id_at(connection, table, time, until + _OUT_OF_ORDER_MS)
        found = replace(found, high=high, sieve=(*found.sieve, time + 0 < until))
    return found


def newest(
    connection: Connection, columns: Sequence[Any], wanted: Fitting, page: Page, looked: int | None = None
) -> Listing[AnyRow]:
    """One page of the rows that fit; `columns` must have the id among them. Looks at `looked` rows."""
    query = select(*columns).where(*wanted.by)
    wanted = _bounded(connection, wanted)
    rows: list[AnyRow] = []
    floor = wanted.low
    leave_at = time.monotonic() + PATIENCE_S
    for floor, before in _steps(connection, wanted, page.before, looked or SEARCHED):
        part = _between(query.where(*wanted.sieve), wanted.table, floor, before)
        room = page.limit + 1 - len(rows)
        rows += connection.execute(part.order_by(wanted.table.c.id.desc()).limit(room)).all()
        if len(rows) > page.limit:
            return cut(rows, page)
        if time.monotonic() > leave_at:
            break
    if floor <= wanted.low:
        return Listing(tuple(rows))
    return Listing(tuple(rows), floor, _time_of(connection, wanted, floor))


def merged(lists: Sequence[Listing[AnyRow]], page: Page) -> Listing[AnyRow]:
    """One page out of several of the same length whose rows differ, as far down as all of them go."""
    reached = max((one.more for one in lists if one.more is not None), default=0)
    rows = heapq.merge(*(one.items for one in lists), key=lambda row: -row.id)
    known = [row for row in rows if row.id >= reached]
    if len(known) > page.limit or not reached:
        return cut(known, page)
    times = [one.reached_at for one in lists if one.more == reached]
    return Listing(tuple(known), reached, times[0])


def cut(rows: Sequence[AnyRow], page: Page) -> Listing[AnyRow]:
    """The page's part of rows that may be more, newest first."""
    kept = tuple(rows[: page.limit])
    return Listing(kept, kept[-1].id if len(rows) > page.limit else None)


def all_ids(store: Store, table: Table, wanted: Callable[[Connection], Fitting]) -> Iterator[list[int]]:
    """The ids of every row that fits now, ascending, out of `SEARCHED` ids of the table at a time.

    Each time is a read of its own, so that looking through a million rows keeps nobody waiting for long.
    """
    with store.read() as connection:
        fitting = wanted(connection)
        first = connection.execute(select(func.min(table.c.id))).scalar_one() or 1
        last = connection.execute(select(func.max(table.c.id))).scalar_one() or 0
    first, last = max(first, fitting.low), last if fitting.high is None else min(last, fitting.high)
    for low in range(first, last + 1, SEARCHED):
        part = fitting.within(low, min(low + SEARCHED - 1, last))
        with store.read() as connection:
            query = select(table.c.id).where(*part.conditions).order_by(table.c.id)
            found = list(connection.execute(query).scalars())
        yield found


def counted(connection: Connection, wanted: Fitting) -> Count:
    """How many rows fit, exactly up to `EXACT` as long as looking at `SEARCHED` of them tells, in time."""
    wanted = _bounded(connection, wanted)
    many, floor = 0, wanted.low
    leave_at = time.monotonic() + PATIENCE_S
    query = select(wanted.table.c.id).where(*wanted.by, *wanted.sieve)
    for floor, before in _steps(connection, wanted, None, max(SEARCHED, EXACT)):
        many += capped(connection, _between(query, wanted.table, floor, before))
        if many > EXACT:
            return Count(EXACT, exact=False)
        if time.monotonic() > leave_at:
            break
    return Count(many, exact=floor <= wanted.low)


def capped(connection: Connection, query: Select[*tuple[Any, ...]]) -> int:
    """How many rows the query has, up to one more than `EXACT`."""
    few = query.limit(EXACT + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(few)).scalar_one())


def _steps(
    connection: Connection, wanted: Fitting, before: int | None, looked: int
) -> Iterator[tuple[int, int]]:
    """Ranges of ids, from and before, newest first: each has up to `STEP` rows to look at."""
    top = _top(connection, wanted, before)
    if not wanted.sieve:
        yield wanted.low, top
        return
    while looked > 0 and top > wanted.low:
        step = min(STEP, looked)
        floor = max(_floor(connection, wanted, top, step), wanted.low)
        yield floor, top
        looked, top = looked - step, floor


def _bounded(connection: Connection, wanted: Fitting) -> Fitting:
    """With `low` no lower than the first row there is: what was purged need not be looked for."""
    first = connection.execute(select(func.min(wanted.table.c.id))).scalar_one() or 0
    return replace(wanted, low=max(wanted.low, first))


def _top(connection: Connection, wanted: Fitting, before: int | None) -> int:
    tops = [before] if before is not None else []
    if wanted.high is not None:
        tops.append(wanted.high + 1)
    if tops:
        return min(tops)
    return int(connection.execute(select(func.max(wanted.table.c.id))).scalar_one() or 0) + 1


def _floor(connection: Connection, wanted: Fitting, top: int, step: int) -> int:
    """The id down to which there are so many rows to look at below `top`; 0 where there are fewer."""
    number = wanted.table.c.id
    if not wanted.by:
        return top - step
    below = select(number).where(*wanted.by, number < top, number >= wanted.low).order_by(number.desc())
    return int(connection.execute(below.offset(step - 1).limit(1)).scalar_one_or_none() or 0)


def _between(query: Select[*tuple[Any, ...]], table: Table, floor: int, before: int) -> Any:
    return query.where(table.c.id >= floor, table.c.id < before)


def _time_of(connection: Connection, wanted: Fitting, number: int) -> int | None:
    """When the row of that id came, or the next that there is."""
    table = wanted.table
    following = select(wanted.time).where(table.c.id >= number).order_by(table.c.id).limit(1)
    return connection.execute(following).scalar_one_or_none()
