"""Reads repeats: those of an event, pages of all, and sources that send different events with one id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from bridge.errors import BridgeError
from bridge.model import Request
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.store.db.tables import repeats
from bridge.store.db.texts import plain
from bridge.store.inbox.repeats import Difference
from bridge.store.inbox.request_rows import request_of
from bridge.store.reports.pagination import Listing, Page, newest, selection

RECENT_MS: Final = 7 * 86_400_000
"""Older repeats no longer make their source ambiguous."""
_IN_DOUBT: ColumnElement[bool] = literal_column("difference = 'outcome' AND taken_as = 0")
"""Written as in the partial index, which a query with parameters would not use."""


@dataclass(frozen=True, slots=True)
class KeptRepeat:
    """A stored repeat of an event. Times are unix milliseconds."""

    id: int
    event_id: int
    number: int
    """Which repeat of its event it is, from 1; repeats beyond 20 a second are not counted."""
    source: str
    received_at: int
    client: str
    verified: Reason | None
    difference: Difference
    rules_version: str
    """The version of the rules that decided whether its outcome differs."""
    item: int
    """The index of the event in its webhook, from 0."""
    request: Request | None
    """The webhook as received; None if its content is the same, its body too large, or it is purged."""
    body_size: int
    taken_as: int
    """The event that a person made of it; 0 if there is none."""

    @property
    def in_doubt(self) -> bool:
        """Whether it would have started something else, and no event was made of it."""
        return self.difference == "outcome" and not self.taken_as


@dataclass(frozen=True, slots=True)
class AmbiguousSource:
    """A source that sends different events with one id."""

    source: str
    count: int
    """Repeats that would have started something else."""
    last_at: int
    """When the newest of them was received."""


def of_event(connection: Connection, event_id: int) -> tuple[KeptRepeat, ...]:
    """The repeats of an event that are stored, oldest first."""
    query = select(repeats).where(repeats.c.event_id == event_id).order_by(repeats.c.id)
    return tuple(_kept(row) for row in connection.execute(query))


def repeat(connection: Connection, number: int, *, lock: bool = False) -> KeptRepeat:
    """One repeat; raises BridgeError if there is none of that id. `lock` locks all repeats of its event."""
    if lock:
        its = select(repeats.c.event_id).where(repeats.c.id == number).scalar_subquery()
        all_of_event = select(repeats.c.id).where(repeats.c.event_id == its).order_by(repeats.c.id)
        connection.execute(all_of_event.with_for_update())
    row = connection.execute(select(repeats).where(repeats.c.id == number)).one_or_none()
    if row is None:
        raise BridgeError(Reason(ErrorCode.NO_REPEAT, number=number), Reason(ErrorCode.LIST_REPEATS))
    return _kept(row)


def page_of_repeats(connection: Connection, page: Page, source: str | None = None) -> Listing[KeptRepeat]:
    """One page of stored repeats, newest first; of one source or of all."""
    checks = [] if source is None else [repeats.c.source == plain(source)]
    wanted = selection(connection, repeats, repeats.c.received_at, checks=checks)
    found = newest(connection, [repeats], wanted, page)
    return Listing(tuple(_kept(row) for row in found.items), found.more, found.reached_at)


def counts(connection: Connection, events: Sequence[int]) -> dict[int, int]:
    """The number of repeats by event id, for events that were repeated."""
    if not events:
        return {}
    query = select(repeats.c.event_id, func.max(repeats.c.number).label("many"))
    rows = connection.execute(query.where(repeats.c.event_id.in_(events)).group_by(repeats.c.event_id))
    return {row.event_id: row.many for row in rows}


def ambiguous(connection: Connection, now: int) -> tuple[AmbiguousSource, ...]:
    """Sources with recent repeats that would have started something else, and were not made events."""
    query = (
        select(repeats.c.source, func.count(), func.max(repeats.c.received_at))
        .where(_IN_DOUBT, repeats.c.received_at >= now - RECENT_MS)
        .group_by(repeats.c.source)
        .order_by(repeats.c.source)
    )
    return tuple(AmbiguousSource(*row) for row in connection.execute(query))


def _kept(row: Any) -> KeptRepeat:
    request = None if row.body is None or row.headers is None else request_of(row)
    names = [name for name in KeptRepeat.__dataclass_fields__ if name not in ("request", "verified")]
    columns = {name: getattr(row, name) for name in names}
    return KeptRepeat(**columns, verified=from_text(row.verified), request=request)
