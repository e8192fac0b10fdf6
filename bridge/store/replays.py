"""A stored event goes through mended rules: calls that it did not cause before are added, none is repeated."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bridge.errors import BridgeError
from bridge.model import Application
from bridge.store import audit, calls
from bridge.store.decisions import Decider
from bridge.store.events import failures_text, result_of, verdicts_text
from bridge.store.rows import Owed
from bridge.store.tables import calls as call_table
from bridge.store.tables import events


@dataclass(frozen=True, slots=True)
class Replayed:
    """The calls that a replay added, and how many starts had their call already."""

    calls: tuple[int, ...]
    known: int


def replay(
    connection: Connection, now: int, event_id: int, made: Application, rules_version: str, by: Decider
) -> Replayed:
    """Store what the rules make of the event now, with the calls that it owes for the first time."""
    query = select(events.c.source).where(events.c.id == event_id).with_for_update()
    source = connection.execute(query).scalar_one_or_none()
    if source is None:
        raise BridgeError(f"there is no event {event_id}", "leadbridge events lists them")
    known = _known(connection, event_id)
    owed = [Owed(event_id, source, one) for one in made.starts if (one.rule, one.item) not in known]
    added = calls.add(connection, now, owed)
    change = {
        "result": result_of(made),
        "rules_version": rules_version,
        "verdicts": verdicts_text(made),
        "failures": failures_text(made),
    }
    connection.execute(update(events).where(events.c.id == event_id).values(change))
    audit.record(connection, now, who=by.who, what="replay", why=by.why, kind="event", target=event_id)
    return Replayed(tuple(added), len(made.starts) - len(owed))


def _known(connection: Connection, event_id: int) -> set[tuple[str, int]]:
    query = select(call_table.c.rule, call_table.c.item)
    rows = connection.execute(query.where(call_table.c.event_id == event_id, call_table.c.parent == 0))
    return {(row[0], row[1]) for row in rows}
