"""Reads what the cancellations of events did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from bridge.model import Call, Cancellation
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import FOR_EVER, cancellations
from bridge.store.db.texts import plain
from bridge.store.queue.effects import Effect

_NONE: Final = "[]"
"""The effects of a cancellation that found no call."""
_SINCE = Statement(
    "SELECT id FROM cancellations "
    "WHERE account = :account AND key = :key AND shadow = :shadow AND (at, event_id) > (:at, :event) LIMIT 1"
)


class Affected(NamedTuple):
    """A call, and what a cancellation did to it."""

    call_id: int
    effect: Effect


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A cancellation that was carried out at a time in unix milliseconds."""

    event_id: int
    cancellation: Cancellation
    at: int
    effects: tuple[Affected, ...]

    @property
    def until(self) -> int:
        """Until when new calls of the errand are cancelled; at the time of the cancellation if it does not
        last."""
        return self.at + self.cancellation.lasts * 1000


def of_events(connection: Connection, numbers: Sequence[int]) -> tuple[Cancelled, ...]:
    """The cancellations of these events, oldest first; those of a replay, too."""
    return _found(connection, cancellations.c.event_id.in_(numbers))


def of_call(connection: Connection, call: Call, settled_at: int) -> tuple[Cancelled, ...]:
    """The cancellations that ended a call, or came too late for it, oldest first.

    `settled_at` is when it became final, 0 if it is not.
    """
    if call.start.errand is None:
        return ()
    table = cancellations.c
    found = _found(
        connection,
        table.account == call.start.account,
        table.key == plain(call.start.errand.key),
        table.effects != _NONE,
        table.at.between(call.created_at, settled_at or FOR_EVER),
    )
    return tuple(one for one in found if any(affected.call_id == call.id for affected in one.effects))


def cancelled_since(connection: Connection, call: Call) -> bool:
    """Whether the errand of a call, if it has one, was cancelled since; not by the call's own event."""
    if call.start.errand is None:
        return False
    errand = {"account": call.start.account, "key": plain(call.start.errand.key), "shadow": call.start.shadow}
    return bool(_SINCE.run(connection, **errand, at=call.created_at, event=call.event_id))


def _found(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Cancelled, ...]:
    rows = connection.execute(select(cancellations).where(*conditions).order_by(cancellations.c.id))
    return tuple(_cancelled(row) for row in rows)


def _cancelled(row: AnyRow) -> Cancelled:
    what = Cancellation(row.rule, row.item, row.account, row.key, row.lasts, row.place, bool(row.shadow))
    effects = tuple(Affected(call_id, Effect(effect)) for call_id, effect in json.loads(row.effects))
    return Cancelled(row.event_id, what, row.at, effects)
