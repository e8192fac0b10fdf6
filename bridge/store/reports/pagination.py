"""Pages of rows by id, newest first; the last page is as fast as the first.

Conditions that an index answers in the order of ids are fast, also for rare rows. All other conditions are
checked row by row, for a bounded number of rows per page; the page contains how far it got.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, case, func, select

from bridge.store.db.driver import AnyRow
from bridge.store.db.engine import Store

T = TypeVar("T")

EXACT = 10_000
"""The largest exact count: to count a million rows takes too long for a page."""
SEARCHED = 20_000
"""The most rows that are checked for one page of a filter or text search."""
STEP = 1_000
"""Rows per statement."""
PATIENCE_S = 0.05
"""Seconds after which a page is returned with the rows found so far."""
_OUT_OF_ORDER_MS = 3_600_000
"""By how much the time of a row with a larger id may be earlier: clocks and commits of processes differ."""


@dataclass(frozen=True, slots=True)
class Page:
    """A request for rows with ids below `before`, at most `limit` of them."""

    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page's rows, newest first, and the `before` of the page that follows; None at the end."""

    items: tuple[T, ...]
    more: int | None = None
    reached_at: int | None = None
    """If the search stopped early: the time of the last checked row, in unix milliseconds."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter on a table as SQL conditions.

    An index answers the conditions `by` in the order of ids; those of `checks` are checked row by row. Ids
    are from `low` and, if there is a `high`, up to it.
    """

    table: Table
    time: Column[int]
    by: tuple[ColumnElement[bool], ...] = ()
    checks: tuple[ColumnElement[bool], ...] = ()
    low: int = 0
    high: int | None = None

    def within(self, low: int, high: int | None = None) -> Selection:
        """The selection with ids from `low` up to `high`.

        Bounds are merged into one: of two lower bounds SQLite would use the first, and scan the rest.
        """
        highs = [one for one in (self.high, high) if one is not None]
        return replace(self, low=max(self.low, low), high=min(highs, default=None))

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """All conditions, for another query."""
        number = self.table.c.id
        bounds = [number >= self.low] if self.low else []
        if self.high is not None:
            bounds.append(number <= self.high)
        return [*self.by, *self.checks, *bounds]


@dataclass(frozen=True, slots=True)
class Count:
    """The number of matching rows; a lower bound if not `exact`."""

    many: int
    exact: bool


def literal(part: str) -> str:
    """A LIKE pattern for texts that contain `part`, with a backslash as its escape."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def first_id_at(connection: Connection, table: Table, time: Column[int], moment: int) -> int:
    """The smallest id whose row is not older than `moment`, by binary search: ids grow with time."""
    number, later = table.c.id, table.alias().c.id
    # Two queries: for both ends in one, SQLite would scan the whole table.
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


def selection(
    connection: Connection,
    table: Table,
    time: Column[int],
    *,
    by: Sequence[ColumnElement[bool]] = (),
    checks: Sequence[ColumnElement[bool]] = (),
    since: int | None = None,
    until: int | None = None,
) -> Selection:
    """A selection of rows from `since` and before `until`: first by bounds on the id, then exactly.

    The exact condition is on a sum, so that the planner cannot use an index on time instead of the ids.
    """
    found = Selection(table, time, tuple(by), tuple(checks))
    if since is not None:
        low = first_id_at(connection, table, time, since - _OUT_OF_ORDER_MS)
        found = replace(found, low=low, checks=(*found.checks, time + 0 >= since))
    if until is not None:
        high = first_id_at(connection, table, time, until + _OUT_OF_ORDER_MS)
        found = replace(found, high=high, checks=(*found.checks, time + 0 < until))
    return found


def newest(
    connection: Connection, columns: Sequence[Any], wanted: Selection, page: Page, looked: int | None = None
) -> Listing[AnyRow]:
    """One page of matching rows, of at most `looked` checked ones; `columns` must contain the id."""
    query = select(*columns).where(*wanted.by)
    wanted = _bounded(connection, wanted)
    rows: list[AnyRow] = []
    floor = wanted.low
    leave_at = time.monotonic() + PATIENCE_S
    for floor, before in _steps(connection, wanted, page.before, looked or SEARCHED):
        part = _between(query.where(*wanted.checks), wanted.table, floor, before)
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
    """Merge several pages of the same length without common rows, down to where all of them got."""
    reached = max((one.more for one in lists if one.more is not None), default=0)
    rows = heapq.merge(*(one.items for one in lists), key=lambda row: -row.id)
    known = [row for row in rows if row.id >= reached]
    if len(known) > page.limit or not reached:
        return cut(known, page)
    times = [one.reached_at for one in lists if one.more == reached]
    return Listing(tuple(known), reached, times[0])


def cut(rows: Sequence[AnyRow], page: Page) -> Listing[AnyRow]:
    """The page of these rows, newest first, which may be more than its limit."""
    kept = tuple(rows[: page.limit])
    return Listing(kept, kept[-1].id if len(rows) > page.limit else None)


def all_ids(store: Store, table: Table, wanted: Callable[[Connection], Selection]) -> Iterator[list[int]]:
    """The ids of all rows that match now, ascending, in batches from `SEARCHED` ids of the table.

    Each batch is a separate read, so that a search through a million rows does not block others for long.
    """
    with store.read() as connection:
        selection = wanted(connection)
        first = connection.execute(select(func.min(table.c.id))).scalar_one() or 1
        last = connection.execute(select(func.max(table.c.id))).scalar_one() or 0
    first, last = max(first, selection.low), last if selection.high is None else min(last, selection.high)
    for low in range(first, last + 1, SEARCHED):
        part = selection.within(low, min(low + SEARCHED - 1, last))
        with store.read() as connection:
            query = select(table.c.id).where(*part.conditions).order_by(table.c.id)
            found = list(connection.execute(query).scalars())
        yield found


def counted(connection: Connection, wanted: Selection) -> Count:
    """The number of matching rows; exact up to `EXACT`, if `SEARCHED` rows and `PATIENCE_S` suffice."""
    wanted = _bounded(connection, wanted)
    many, floor = 0, wanted.low
    leave_at = time.monotonic() + PATIENCE_S
    query = select(wanted.table.c.id).where(*wanted.by, *wanted.checks)
    for floor, before in _steps(connection, wanted, None, max(SEARCHED, EXACT)):
        many += capped(connection, _between(query, wanted.table, floor, before))
        if many > EXACT:
            return Count(EXACT, exact=False)
        if time.monotonic() > leave_at:
            break
    return Count(many, exact=floor <= wanted.low)


def capped(connection: Connection, query: Select[*tuple[Any, ...]]) -> int:
    """The number of rows of the query, up to one more than `EXACT`."""
    few = query.limit(EXACT + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(few)).scalar_one())


def _steps(
    connection: Connection, wanted: Selection, before: int | None, looked: int
) -> Iterator[tuple[int, int]]:
    """Ranges of ids (from, before), newest first, each with up to `STEP` rows to check."""
    top = _top(connection, wanted, before)
    if not wanted.checks:
        yield wanted.low, top
        return
    while looked > 0 and top > wanted.low:
        step = min(STEP, looked)
        floor = max(_floor(connection, wanted, top, step), wanted.low)
        yield floor, top
        looked, top = looked - step, floor


def _bounded(connection: Connection, wanted: Selection) -> Selection:
    """The selection with `low` raised to the first row: purged rows need not be searched."""
    first = connection.execute(select(func.min(wanted.table.c.id))).scalar_one() or 0
    return replace(wanted, low=max(wanted.low, first))


def _top(connection: Connection, wanted: Selection, before: int | None) -> int:
    tops = [before] if before is not None else []
    if wanted.high is not None:
        tops.append(wanted.high + 1)
    if tops:
        return min(tops)
    return int(connection.execute(select(func.max(wanted.table.c.id))).scalar_one() or 0) + 1


def _floor(connection: Connection, wanted: Selection, top: int, step: int) -> int:
    """The id down to which there are `step` rows to check below `top`; 0 if there are fewer."""
    number = wanted.table.c.id
    if not wanted.by:
        return top - step
    below = select(number).where(*wanted.by, number < top, number >= wanted.low).order_by(number.desc())
    return int(connection.execute(below.offset(step - 1).limit(1)).scalar_one_or_none() or 0)


def _between(query: Select[*tuple[Any, ...]], table: Table, floor: int, before: int) -> Any:
    return query.where(table.c.id >= floor, table.c.id < before)


def _time_of(connection: Connection, wanted: Selection, number: int) -> int | None:
    """The time of the row of that id, or of the next existing one."""
    table = wanted.table
    following = select(wanted.time).where(table.c.id >= number).order_by(table.c.id).limit(1)
    return connection.execute(following).scalar_one_or_none()
