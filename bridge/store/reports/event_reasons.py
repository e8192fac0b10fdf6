"""Finds why events started nothing: the rule, value or call that decided it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bridge.language.operators import NEAR_CODES
from bridge.model import FINAL, Failure, Match, State, Verdict
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.store.db.tables import calls, events
from bridge.store.reports.event_views import EventLine, failures_of, verdicts_of

_SHOWN = frozenset({*FINAL, State.UNCERTAIN}) - {State.DONE}


@dataclass(frozen=True, slots=True)
class EventReason:
    """Why an event has its result: one of these."""

    failure: Failure | None = None
    """The first value that was missing for a rule."""
    verdict: Verdict | None = None
    """The verdict of the rule that almost matched."""
    reason: Reason | None = None
    """The reason of its first call that is uncertain, or ended without starting a bot."""


def reasons_of_events(connection: Connection, lines: Sequence[EventLine]) -> dict[int, EventReason]:
    """The reasons by event id, for events that have one."""
    return {**_of_rules(connection, lines), **_of_calls(connection, lines)}


def _of_rules(connection: Connection, lines: Sequence[EventLine]) -> dict[int, EventReason]:
    asked = [line.id for line in lines if line.result in ("failed", "unmatched")]
    query = select(events.c.id, events.c.verdicts, events.c.failures).where(events.c.id.in_(asked))
    found = {}
    for row in connection.execute(query):
        failures = failures_of(row.failures)
        if failures:
            found[row.id] = EventReason(failure=failures[0])
        elif verdict := _nearest(verdicts_of(row.verdicts)):
            found[row.id] = EventReason(verdict=verdict)
    return found


def _of_calls(connection: Connection, lines: Sequence[EventLine]) -> dict[int, EventReason]:
    asked = {number: line.id for line in reversed(lines) for number, state in line.calls if state in _SHOWN}
    query = select(calls.c.id, calls.c.reason).where(calls.c.id.in_(asked)).order_by(calls.c.id.desc())
    return {
        asked[row.id]: EventReason(reason=from_text(row.reason))
        for row in connection.execute(query)
        if row.reason
    }


def _nearest(verdicts: Sequence[Verdict]) -> Verdict | None:
    unmatched = [one for one in verdicts if one.match is Match.UNMATCHED]
    return next((one for one in unmatched if one.code in NEAR_CODES), unmatched[0] if unmatched else None)
