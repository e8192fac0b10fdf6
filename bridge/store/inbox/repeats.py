"""Stores the last repeats of each event: webhooks with a known id, with what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, select, update

from bridge.jsonpath.exact_numbers import from_json
from bridge.model import Event, Request
from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.db.bulk import AllRows, each, insertion
from bridge.store.db.driver import AnyRow
from bridge.store.db.ids import take_ids
from bridge.store.db.tables import repeats
from bridge.store.db.texts import document_text, plain, verified_text
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit

Difference: TypeAlias = Literal["none", "content", "outcome", "unknown"]
"""The difference between a repeat and its event: `content` if the rules make the same of both, `outcome` if
they do not, `unknown` if the payload of the event is purged."""
Compare: TypeAlias = Callable[[Event, Event], Difference]
"""Finds the difference between an event and a repeat of it."""

KEPT: Final = 20
"""The number of last repeats kept per event; those with another outcome are counted separately, so that
others never displace them."""
BODY_BYTES: Final = 256 * 1024
"""The largest body that is stored with a repeat."""
KEPT_A_SECOND: Final = 20
"""The most repeats that a process stores per second: a flood of them must not fill the disk."""


@dataclass(frozen=True, slots=True)
class NewRepeat:
    """A repeat of an event that is to be stored."""

    event_id: int
    """The event that it repeats."""
    event: Event
    item: int
    """The index of the event in its webhook, from 0."""
    request: Request
    verified: Reason | None
    rules_version: str
    compare: Compare


@dataclass(slots=True)
class Allowance:
    """Limits the repeats that a process stores per second."""

    second: int = 0
    used: int = 0

    def take(self, now: int, wanted: int) -> int:
        """The number of wanted repeats that may be stored now; `now` is unix milliseconds."""
        if now // 1000 != self.second:
            self.second, self.used = now // 1000, 0
        granted = min(wanted, KEPT_A_SECOND - self.used)
        self.used += granted
        return granted


_EVENTS = AllRows(
    "SELECT e.id, e.document, e.parameters, e.received_at, "
    "(SELECT COALESCE(max(r.number), 0) FROM repeats r WHERE r.event_id = e.id) AS repeated "
    "FROM events e WHERE e.id IN ({rows})",
    "bigint",
)
_INSERT = insertion(repeats)
_DELETE_OLD = """
DELETE FROM repeats WHERE event_id = ? AND (difference = 'outcome') = ? AND id < (
  SELECT id FROM repeats WHERE event_id = ? AND (difference = 'outcome') = ? ORDER BY id DESC LIMIT 1 OFFSET ?
)
"""


def keep(connection: Connection, items: Sequence[NewRepeat]) -> None:
    """Store repeats, and delete all but the last `KEPT` of their events.

    An event whose row is purged has no place to show its repeats: they are left out.
    """
    wanted = sorted({one.event_id for one in items})
    first = {row.id: row for row in _EVENTS.run(connection, [(number,) for number in wanted])}
    known = [one for one in items if one.event_id in first]
    repeated = {number: row.repeated for number, row in first.items()}
    rows = []
    for number, one in zip(take_ids(connection, "repeats", len(known)), known, strict=True):
        repeated[one.event_id] += 1
        rows.append(_row(number, repeated[one.event_id], one, _difference(first[one.event_id], one)))
    _INSERT.run(connection, rows)
    parts = [(number, other, number, other, KEPT - 1) for number in sorted(first) for other in (False, True)]
    each(connection, _DELETE_OLD, parts)


def mark_taken(
    connection: Connection, now: int, number: int, event_id: int, taken_as: int, by: Decider
) -> None:
    """Record that a person made an event of the repeat `number` of `event_id`.

    So are those with its bytes: its sender may have sent it more than once.
    """
    its, twins = repeats.alias("its"), repeats.c.event_id == event_id
    for column in ("item", "query", "body"):
        twins &= repeats.c[column] == select(its.c[column]).where(its.c.id == number).scalar_subquery()
    connection.execute(update(repeats).where(twins, repeats.c.taken_as == 0).values(taken_as=taken_as))
    for target, what in (
        (event_id, Reason(ActionCode.TAKE_REPEAT, number=number, event=taken_as)),
        (taken_as, Reason(ActionCode.MADE_OF_REPEAT, number=number, event=event_id)),
    ):
        audit.record(connection, now, who=by.who, what=what, why=by.why, kind="event", target=target)


def _difference(first: AnyRow, again: NewRepeat) -> Difference:
    return "unknown" if first.document is None else again.compare(event_of(first, again.event), again.event)


def event_of(row: AnyRow, again: Event) -> Event:
    """The stored event in a row, with the headers of a repeat of it."""
    return replace(
        again,
        received_at=row.received_at,
        document=from_json(row.document),
        query=from_json(row.parameters),
    )


def _row(number: int, count: int, one: NewRepeat, difference: Difference) -> tuple[Any, ...]:
    request, differs = one.request, difference != "none"
    return (
        number,
        one.event_id,
        count,
        plain(one.event.source),
        one.event.received_at,
        request.client,
        verified_text(one.verified),
        difference,
        one.rules_version,
        one.item,
        plain(request.method),
        plain(request.query) if differs else None,
        document_text(request.headers) if differs else None,
        request.body if differs and len(request.body) <= BODY_BYTES else None,
        len(request.body),
        0,
    )
