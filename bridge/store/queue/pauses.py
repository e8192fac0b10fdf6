"""Pauses of sources and rules. Pauses of accounts are stored in the table `accounts`.

Calls held by a pause are skipped by claims and block no other call. When a pause ends, its calls are released
in batches, since there may be a million; until then its row stays, with `paused_at` 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from bridge.reasons.actions import ActionCode
from bridge.reasons.reason import Reason
from bridge.store.db.bulk import insertion
from bridge.store.db.dialects import Statement
from bridge.store.db.driver import AnyRow
from bridge.store.db.tables import FOR_EVER, PAUSED, pauses
from bridge.store.queue import recipient_order
from bridge.store.reports import audit

BATCH = 1000
_MAKE = insertion(pauses, "ON CONFLICT DO NOTHING")
_ACTIVE = Statement("SELECT source, rule FROM pauses WHERE paused_at > 0 <lock_shared>")
_ENDED = Statement(f"""
SELECT c.id FROM calls c <calls_by_release>
WHERE c.state = 'queued' AND c.held_by <> 0 AND c.held_by = {PAUSED} AND c.held_until = {FOR_EVER}
  AND NOT EXISTS (
    SELECT 1 FROM pauses p WHERE p.paused_at > 0 AND p.source = c.source AND p.rule IN ('', c.rule)
  )
LIMIT {BATCH} <lock>
""")  # noqa: S608 (our own numbers)
_ENDING = select(pauses.c.source).where(pauses.c.paused_at == 0).with_for_update()
_RELEASE = Statement(
    "UPDATE calls SET held_by = 0, held_until = 0 WHERE id IN :ids",
)


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of a source, or of one of its rules if `rule` is set. `paused_at` is unix milliseconds."""

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
    """The name for people: `shop`, or `shop/course paid`."""
    return f"{source}/{rule}" if rule else source


def active(connection: Connection) -> tuple[Pause, ...]:
    """Active pauses, by source and rule."""
    statement = select(pauses).where(pauses.c.paused_at > 0).order_by(pauses.c.source, pauses.c.rule)
    return tuple(
        Pause(
            row.source, row.rule, row.paused_at, row.paused_by, audit.why_of(row.paused_by, row.paused_reason)
        )
        for row in connection.execute(statement)
    )


def pause(connection: Connection, now: int, source: str, rule: str, *, who: str, why: Reason | str) -> bool:
    """Pause the calls of a source, or of one of its rules; False if they were paused already."""
    _MAKE.run(connection, [(source, rule, 0, "", "")])
    values = {"paused_at": now, "paused_by": who, "paused_reason": audit.why_text(why)}
    return _change(connection, now, source, rule, values, ActionCode.PAUSE, who=who, why=why)


def resume(connection: Connection, now: int, source: str, rule: str, *, who: str, why: Reason | str) -> bool:
    """End a pause; its calls are released within seconds. False if there was no pause."""
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


def paused_names(connection: Connection) -> frozenset[tuple[str, str]]:
    """Paused sources and rules, locked so that no pause ends before this transaction."""
    return frozenset((row.source, row.rule) for row in _ACTIVE.run(connection))


def hold_paused(connection: Connection, paused: frozenset[tuple[str, str]], found: Sequence[AnyRow]) -> bool:
    """Mark paused calls as held, so that claims skip them; whether there were any."""
    held = [row for row in found if not paused.isdisjoint({(row.source, ""), (row.source, row.rule)})]
    recipient_order.hold(connection, [(PAUSED, FOR_EVER, row.id) for row in held])
    recipient_order.release_next(connection, [(row.account, row.recipient) for row in held])
    return bool(held)


def release_ended(connection: Connection) -> int:
    """Release calls whose pause has ended, a bounded number; returns how many."""
    if not connection.execute(_ENDING).first():
        return 0
    ids = [row.id for row in _ENDED.run(connection)]
    if ids:
        _RELEASE.change(connection, ids=ids)
    else:
        connection.execute(delete(pauses).where(pauses.c.paused_at == 0))
    return len(ids)
