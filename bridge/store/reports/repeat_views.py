"""Looking at repeats: those of an event, pages of all, and the sources whose ids do not tell events apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, literal_column, select

from bridge.errors import BridgeError
from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Request
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.store.db.tables import repeats
from bridge.store.db.texts import plain
from bridge.store.inbox.repeats import Difference
from bridge.store.reports.pagination import Listing, Page, fitting, newest

RECENT_MS: Final = 7 * 86_400_000
"""Repeats that are older are no longer a problem of their source."""
_IN_DOUBT: ColumnElement[bool] = literal_column("difference = 'outcome' AND taken_as = 0")
"""In the words of the index over these, which parameters would not match."""


@dataclass(frozen=True, slots=True)
class KeptRepeat:
    """A known event that came again. Times are unix milliseconds."""

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
    """Of the rules that decided whether its outcome differs."""
    item: int
    """The place of the event among those of its webhook, from 0."""
    request: Request | None
    """The webhook as it came; None where its content is no other, its body is too large, or it is purged."""
    body_size: int
    taken_as: int
    """The event that a person made of it; 0 while there is none."""

    @property
    def in_doubt(self) -> bool:
        """Whether it would have started something else, and nobody has made an event of it."""
        return self.difference == "outcome" and not self.taken_as


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A source that sends different events under one id."""

    source: str
    count: int
    """Repeats that would have started something else."""
    last_id: int
    last_at: int
    """Of the newest of them."""


def of_event(connection: Connection, event_id: int) -> tuple[KeptRepeat, ...]:
    """The repeats of an event that are stored, oldest first."""
    query = select(repeats).where(repeats.c.event_id == event_id).order_by(repeats.c.id)
    return tuple(_kept(row) for row in connection.execute(query))


def repeat(connection: Connection, number: int, *, lock: bool = False) -> KeptRepeat:
    """One repeat; raises BridgeError when there is none of that id. `lock` holds all repeats of its event."""
    if lock:
        its = select(repeats.c.event_id).where(repeats.c.id == number).scalar_subquery()
        all_of_event = select(repeats.c.id).where(repeats.c.event_id == its).order_by(repeats.c.id)
        connection.execute(all_of_event.with_for_update())
    row = connection.execute(select(repeats).where(repeats.c.id == number)).one_or_none()
    if row is None:
        raise BridgeError(Reason(ErrorCode.NO_REPEAT, number=number), Reason(ErrorCode.LIST_REPEATS))
    return _kept(row)


def page_of_repeats(connection: Connection, page: Page, source: str | None = None) -> Listing[KeptRepeat]:
    """One page of the repeats that are stored, newest first; of one source or of all."""
    sieve = [] if source is None else [repeats.c.source == plain(source)]
    wanted = fitting(connection, repeats, repeats.c.received_at, sieve=sieve)
    found = newest(connection, [repeats], wanted, page)
    return Listing(tuple(_kept(row) for row in found.items), found.more, found.reached_at)


def counts(connection: Connection, events: Sequence[int]) -> dict[int, int]:
    """How often each of these events was repeated, for those that were."""
    if not events:
        return {}
    query = select(repeats.c.event_id, func.max(repeats.c.number).label("many"))
    rows = connection.execute(query.where(repeats.c.event_id.in_(events)).group_by(repeats.c.event_id))
    return {row.event_id: row.many for row in rows}


def ambiguous(connection: Connection, now: int) -> tuple[Ambiguous, ...]:
    """Sources whose recent repeats would have started something else, which nobody has taken."""
    query = (
        select(repeats.c.source, func.count(), func.max(repeats.c.id), func.max(repeats.c.received_at))
        .where(_IN_DOUBT, repeats.c.received_at >= now - RECENT_MS)
        .group_by(repeats.c.source)
        .order_by(repeats.c.source)
    )
    return tuple(Ambiguous(*row) for row in connection.execute(query))


def _kept(row: Any) -> KeptRepeat:
    request = None
    if row.body is not None and row.headers is not None:
        headers = tuple((name, value) for name, value in from_json(row.headers))
        request = Request(row.method, row.query, headers, bytes(row.body), row.client)
    names = [name for name in KeptRepeat.__dataclass_fields__ if name not in ("request", "verified")]
    columns = {name: getattr(row, name) for name in names}
    return KeptRepeat(**columns, verified=from_text(row.verified), request=request)
