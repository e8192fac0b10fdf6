"""The indexes and triggers of the tables, as the newest migration leaves them.

Only migrations import them: conditions of indexes make SQLAlchemy load its PostgreSQL dialect, 3 MB.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import DDL, Column, Index, event, text

from bridge.store.db.tables import (
    actions,
    calls,
    cancellations,
    dedup,
    events,
    metadata,
    refusals,
    repeats,
)


def _partial(name: str, *columns: Column[Any], where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


Index("events_by_source", events.c.source, events.c.id)
Index("events_by_key", events.c.key)
_partial("events_of_batches", events.c.delivery, where="delivery <> id")
Index("events_by_type", events.c.source, events.c.type, events.c.id)
_partial("events_by_result", events.c.result, events.c.id, where="result <> 'matched'")
Index("dedup_by_end", dedup.c.expires_at)
_partial(
    "calls_ready",
    calls.c.account,
    calls.c.due_at,
    calls.c.id,
    where="state = 'queued' AND held_by = 0",
)
_partial(
    "calls_in_flight",
    calls.c.account,
    calls.c.recipient,
    where="state IN ('claimed', 'sending')",
    unique=True,
)
_partial(
    "calls_in_lane",
    calls.c.account,
    calls.c.recipient,
    calls.c.place,
    where="state IN ('queued', 'uncertain')",
)
_partial(
    "calls_held",
    calls.c.account,
    calls.c.recipient,
    calls.c.place,
    where="state = 'queued' AND held_by <> 0",
)
_partial("calls_by_release", calls.c.held_until, where="state = 'queued' AND held_by <> 0")
_partial("calls_by_lease", calls.c.lease_until, where="state IN ('claimed', 'sending')")
_partial("calls_waiting", calls.c.due_at, calls.c.id, where="state = 'waiting'")
_partial(
    "calls_by_errand",
    calls.c.account,
    calls.c.errand,
    calls.c.source,
    calls.c.rule,
    calls.c.id,
    where="errand <> '' AND state IN ('waiting', 'queued', 'claimed', 'sending', 'uncertain')",
)
_partial("calls_by_end", calls.c.expires_at, where="state IN ('queued', 'waiting')")
Index("calls_by_state", calls.c.state, calls.c.id)
Index("calls_by_recipient", calls.c.recipient, calls.c.id)
Index("calls_by_rule", calls.c.source, calls.c.rule, calls.c.id)
Index("refusals_by_source", refusals.c.source, refusals.c.id)
Index("repeats_by_event", repeats.c.event_id, repeats.c.id)
_partial("repeats_in_doubt", repeats.c.source, repeats.c.id, where="difference = 'outcome' AND taken_as = 0")
Index("cancellations_by_event", cancellations.c.event_id, cancellations.c.id)
Index("cancellations_by_errand", cancellations.c.account, cancellations.c.key, cancellations.c.id)
Index("actions_by_target", actions.c.kind, actions.c.target, actions.c.id)

for _dialect, _statement in (
    (
        "sqlite",
        "CREATE TRIGGER calls_place AFTER INSERT ON calls WHEN NEW.place = 0 "
        "BEGIN UPDATE calls SET place = NEW.id WHERE id = NEW.id; END",
    ),
    (
        "postgresql",
        "CREATE OR REPLACE FUNCTION calls_place() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN NEW.place := NEW.id; RETURN NEW; END'",
    ),
    (
        "postgresql",
        "CREATE TRIGGER calls_place BEFORE INSERT ON calls FOR EACH ROW WHEN (NEW.place = 0) "
        "EXECUTE FUNCTION calls_place()",
    ),
):
    # Processes of the version before `place` insert calls without it while others are upgraded.
    _ddl = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
    event.listen(calls, "after_create", _ddl)

SCHEMA: Final = metadata
"""The tables with their indexes."""
