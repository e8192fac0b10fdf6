"""Reads what the cancellations of events did."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from bridge.model import Call, Cancellation
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import cancellations
from bridge.store.db.texts import plain
from bridge.store.queue.errands import Effect


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


def of_call(connection: Connection, call: Call) -> tuple[Cancelled, ...]:
    """The cancellations that ended a call, or came too late for it, oldest first."""
    if call.start.errand is None:
        return ()
    account, key = call.start.account, plain(call.start.errand.key)
    found = _found(connection, cancellations.c.account == account, cancellations.c.key == key)
    return tuple(one for one in found if any(affected.call_id == call.id for affected in one.effects))


def _found(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Cancelled, ...]:
    rows = connection.execute(select(cancellations).where(*conditions).order_by(cancellations.c.id))
    return tuple(_cancelled(row) for row in rows)


def _cancelled(row: AnyRow) -> Cancelled:
    what = Cancellation(row.rule, row.item, row.account, row.key, row.lasts, row.place, bool(row.shadow))
    effects = tuple(Affected(call_id, Effect(effect)) for call_id, effect in json.loads(row.effects))
    return Cancelled(row.event_id, what, row.at, effects)
