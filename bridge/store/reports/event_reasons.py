"""Why events of a list started nothing: of each the one rule, value or call that decided it."""

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

_TOLD = frozenset({*FINAL, State.UNCERTAIN}) - {State.DONE}


@dataclass(frozen=True, slots=True)
class Why:
    """What is to be told of an event besides its result; one of these, or nothing."""

    failure: Failure | None = None
    """The first value that a rule lacked."""
    verdict: Verdict | None = None
    """Of the rule that came nearest."""
    reason: Reason | None = None
    """Of its first call that is uncertain, or ended without a bot started."""


def whys(connection: Connection, lines: Sequence[EventLine]) -> dict[int, Why]:
    """By the event's id, for those of which there is something to tell."""
    return {**_of_rules(connection, lines), **_of_calls(connection, lines)}


def _of_rules(connection: Connection, lines: Sequence[EventLine]) -> dict[int, Why]:
    asked = [line.id for line in lines if line.result in ("failed", "unmatched")]
    query = select(events.c.id, events.c.verdicts, events.c.failures).where(events.c.id.in_(asked))
    found = {}
    for row in connection.execute(query):
        failures = failures_of(row.failures)
        if failures:
            found[row.id] = Why(failure=failures[0])
        elif verdict := _nearest(verdicts_of(row.verdicts)):
            found[row.id] = Why(verdict=verdict)
    return found


def _of_calls(connection: Connection, lines: Sequence[EventLine]) -> dict[int, Why]:
    asked = {number: line.id for line in reversed(lines) for number, state in line.calls if state in _TOLD}
    query = select(calls.c.id, calls.c.reason).where(calls.c.id.in_(asked)).order_by(calls.c.id.desc())
    return {
        asked[row.id]: Why(reason=from_text(row.reason)) for row in connection.execute(query) if row.reason
    }


def _nearest(verdicts: Sequence[Verdict]) -> Verdict | None:
    told = [one for one in verdicts if one.match is Match.UNMATCHED]
    return next((one for one in told if one.code in NEAR_CODES), told[0] if told else None)
