"""Sources and rules whose calls a person holds back. Accounts are paused in rows of their own.

A call that a pause holds is out of the claimers' sight and in nobody's way. When a pause ends its calls are
let go some at a time, for there may be a million; until then its row stays, with `paused_at` 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.db.bulk import insertion
from bridge.store.db.dialects import Statement
from bridge.store.db.tables import FOR_EVER, PAUSED, pauses
from bridge.store.queue import recipient_order
from bridge.store.reports import audit

AT_A_TIME = 1000
_MAKE = insertion(pauses, "ON CONFLICT DO NOTHING")
_STANDING = Statement("SELECT source, rule FROM pauses WHERE paused_at > 0 <lock_shared>")
_ENDED = Statement(f"""
SELECT c.id FROM calls c <calls_by_release>
WHERE c.state = 'queued' AND c.held_by <> 0 AND c.held_by = {PAUSED} AND c.held_until = {FOR_EVER}
  AND NOT EXISTS (
    SELECT 1 FROM pauses p WHERE p.paused_at > 0 AND p.source = c.source AND p.rule IN ('', c.rule)
  )
LIMIT {AT_A_TIME} <lock>
""")  # noqa: S608 (our own numbers)
_ENDING = select(pauses.c.source).where(pauses.c.paused_at == 0).with_for_update()
_LET_GO = Statement("UPDATE calls SET held_by = 0, held_until = 0 WHERE id IN :ids", "ids")


@dataclass(frozen=True, slots=True)
class Pause:
    """Of a source, or of one of its rules; `rule` is empty for all. `paused_at` is unix milliseconds."""

    source: str
    rule: str
    paused_at: int
    paused_by: str
    paused_reason: Reason | str

    @property
    def kind(self) -> audit.Kind:
        return "rule" if self.rule else "source"

    @property
    def name(self) -> str:
        return name_of(self.source, self.rule)


def name_of(source: str, rule: str) -> str:
    """As people write it: `shop`, or `shop/course paid`."""
    return f"{source}/{rule}" if rule else source


def standing(connection: Connection) -> tuple[Pause, ...]:
    """Every pause, by source and rule."""
    statement = select(pauses).where(pauses.c.paused_at > 0).order_by(pauses.c.source, pauses.c.rule)
    return tuple(
        Pause(
            row.source, row.rule, row.paused_at, row.paused_by, audit.why_of(row.paused_by, row.paused_reason)
        )
        for row in connection.execute(statement)
    )


def pause(connection: Connection, now: int, source: str, rule: str, *, who: str, why: Reason | str) -> bool:
    """Hold back the calls of a source, or of one of its rules; False when they were already."""
    _MAKE.run(connection, [(source, rule, 0, "", "")])
    values = {"paused_at": now, "paused_by": who, "paused_reason": audit.why_text(why)}
    return _change(connection, now, source, rule, values, ActionCode.PAUSE, who=who, why=why)


def resume(connection: Connection, now: int, source: str, rule: str, *, who: str, why: Reason | str) -> bool:
    """Let them go on, within seconds; False when they were not paused."""
    values = {"paused_at": 0, "paused_by": "", "paused_reason": ""}
    return _change(connection, now, source, rule, values, ActionCode.RESUME, who=who, why=why)


def _change(
    connection: Connection,
    now: int,
    source: str,
    rule: str,
    values: dict[str, Any],
    what: ActionCode,
    *,
    who: str,
    why: Reason | str,
) -> bool:
    other = pauses.c.paused_at == 0 if what is ActionCode.PAUSE else pauses.c.paused_at > 0
    changed = update(pauses).where(pauses.c.source == source, pauses.c.rule == rule, other).values(values)
    if connection.execute(changed).rowcount != 1:
        return False
    kind: audit.Kind = "rule" if rule else "source"
    audit.record(
        connection, now, who=who, what=Reason(what), why=why, kind=kind, target=name_of(source, rule)
    )
    return True


def held_back(connection: Connection) -> frozenset[tuple[str, str]]:
    """Sources and rules of the pauses, none of which ends before this transaction does."""
    return frozenset((row.source, row.rule) for row in connection.execute(_STANDING.of(connection)))


def set_aside(connection: Connection, paused: frozenset[tuple[str, str]], found: Sequence[Row[Any]]) -> bool:
    """Take those of the calls that are paused out of the claimers' sight; whether there were any."""
    held = [row for row in found if not paused.isdisjoint({(row.source, ""), (row.source, row.rule)})]
    recipient_order.hold(connection, [(PAUSED, FOR_EVER, row.id) for row in held])
    recipient_order.release_next(connection, [(row.account, row.recipient) for row in held])
    return bool(held)


def let_go(connection: Connection) -> int:
    """Let go of calls whose pause has ended, a bounded number; gives how many."""
    if not connection.execute(_ENDING).first():
        return 0
    ids = connection.scalars(_ENDED.of(connection)).all()
    if ids:
        connection.execute(_LET_GO.of(connection), {"ids": ids})
    else:
        connection.execute(delete(pauses).where(pauses.c.paused_at == 0))
    return len(ids)
