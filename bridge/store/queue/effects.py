"""What cancellations of errands did to calls, as their rows record it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from bridge.store.db import bulk
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.texts import document_text


class Effect(StrEnum):
    """What a cancellation did to a call."""

    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    """It was being sent."""
    NOT_RETRIED = "not_retried"
    """It was being sent, and did not run: it ended instead of being tried again."""
    NOT_RESENT = "not_resent"
    """It may have run; it is not sent again."""


_SINCE: Final = Statement(
    "SELECT id, effects FROM cancellations WHERE account = :account AND key = :key AND effects <> '[]' "
    "AND id >= (SELECT min(id) FROM cancellations WHERE event_id = :event) ORDER BY id"
)
_CHANGE: Final = "UPDATE cancellations SET effects = ? WHERE id = ?"


def not_retried(connection: Connection, ended: Sequence[AnyRow]) -> None:
    """Record that these calls did not run, and ended because of the cancellations that came in between."""
    for row in ended:
        found = _SINCE.run(connection, account=row.account, key=row.errand, event=row.cancelled_by)
        changed = [(_with_end(one.effects, row.id), one.id) for one in found]
        bulk.each(connection, _CHANGE, changed)


def _with_end(effects: str, call_id: int) -> str:
    pairs = [
        (number, Effect.NOT_RETRIED if number == call_id and effect != Effect.CANCELLED else effect)
        for number, effect in json.loads(effects)
    ]
    return document_text(pairs)
