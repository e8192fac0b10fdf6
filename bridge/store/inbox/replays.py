"""A stored event goes through mended rules: starts that never came about get their call, none is repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from bridge.errors import BridgeError
from bridge.model import FINAL, Application, BotStart, Call, Match, State
from bridge.reasons.actions import ActionCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.tables import events
from bridge.store.db.texts import plain, reason_text
from bridge.store.inbox.events import Delivery, Stored, accept, failures_text, result_of, verdicts_text
from bridge.store.queue import calls
from bridge.store.queue.decisions import Decider
from bridge.store.queue.rows import NewCall
from bridge.store.reports import audit, counters
from bridge.store.reports.call_views import calls_of
from bridge.store.reports.counters import Counts, Key

NEVER_RAN = frozenset({State.REFUSED, State.EXHAUSTED, State.EXPIRED})
"""Ends in which LeadConverter did not run a call that was never in doubt."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One start of a replay, and the call that it already had, if any."""

    start: BotStart
    earlier: Call | None
    owed: bool
    """Whether it gets a call; else the earlier one stands."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The calls that a replay added, and how many starts had their call already."""

    calls: tuple[int, ...]
    known: int


def plan(
    connection: Connection, event_id: int, made: Application, *, again: bool = False
) -> tuple[Planned, ...]:
    """Which of the starts would get a call.

    One whose call is done, live or uncertain does not, nor one that a person cancelled; `again` repeats all
    that are finished. A rule's new name does not make a new start.
    """
    rules = made.rules.union(verdict.rule for verdict in made.verdicts)
    earlier = _Earlier(calls_of(connection, event_id), rules)
    found = ((start, earlier.of(start)) for start in made.starts)
    return tuple(Planned(start, call, _is_owed(start, call, again=again)) for start, call in found)


def replay(
    connection: Connection,
    now: int,
    event_id: int,
    made: Application,
    rules_version: str,
    by: Decider,
    *,
    again: bool = False,
) -> Replayed:
    """Store what the rules make of the event now, with the calls that it owes according to the plan."""
    source = _lock(connection, event_id)
    planned = plan(connection, event_id, made, again=again)
    owed = [_owed(event_id, source, one) for one in planned if one.owed]
    counts: Counts = Counter({Key("rule:matched", source, plain(rule)): 0 for rule in _matched(made)})
    added = calls.put(connection, now, owed, counts)
    counters.add(connection, now, counts)
    change = {
        "result": result_of(made),
        "rules_version": rules_version,
        "verdicts": verdicts_text(made),
        "failures": failures_text(made),
    }
    connection.execute(update(events).where(events.c.id == event_id).values(change))
    audit.record(
        connection, now, who=by.who, what=Reason(ActionCode.REPLAY), why=by.why, kind="event", target=event_id
    )
    return Replayed(tuple(added), len(planned) - len(owed))


def reread(
    connection: Connection, now: int, event_id: int, delivery: Delivery, by: Decider
) -> tuple[Stored, ...]:
    """Store the events of a webhook that could not be read when it came; its own row points to them."""
    _lock(connection, event_id)
    stored = accept(connection, now, [delivery])[0]
    numbers = tuple(str(one.event_id) for one in stored)
    change = {"result": "ignored", "error": reason_text(Reason(WebhookCode.READ_AGAIN, events=numbers))}
    connection.execute(update(events).where(events.c.id == event_id).values(change))
    audit.record(
        connection,
        now,
        who=by.who,
        what=Reason(ActionCode.READ_AGAIN),
        why=by.why,
        kind="event",
        target=event_id,
    )
    return stored


class _Earlier:
    """The latest call of each start that an event ever had."""

    def __init__(self, known: Iterable[Call], rules: frozenset[str]) -> None:
        self.by_rule: dict[tuple[str, int], Call] = {}
        self.by_effect: dict[tuple[str, str, int], Call] = {}
        for call in known:
            self.by_rule[call.start.rule, call.start.item] = call
            if call.start.rule not in rules:
                self.by_effect[_effect(call.start)] = call

    def of(self, start: BotStart) -> Call | None:
        return self.by_rule.get((start.rule, start.item)) or self.by_effect.get(_effect(start))


def _effect(start: BotStart) -> tuple[str, str, int]:
    return start.account, start.recipient.key, start.bot_id


def _is_owed(start: BotStart, earlier: Call | None, *, again: bool) -> bool:
    if earlier is None:
        return True
    if earlier.start.shadow:
        return not start.shadow
    if again:
        return earlier.state in FINAL
    return earlier.state in NEVER_RAN and not earlier.had_uncertain


def _matched(made: Application) -> list[str]:
    return [verdict.rule for verdict in made.verdicts if verdict.match is Match.MATCHED]


def _owed(event_id: int, source: str, planned: Planned) -> NewCall:
    return NewCall(event_id, source, planned.start, planned.earlier.id if planned.earlier else 0)


def _lock(connection: Connection, event_id: int) -> str:
    """The event's source; nobody else replays the event until the transaction ends."""
    query = select(events.c.source).where(events.c.id == event_id).with_for_update()
    source: str | None = connection.execute(query).scalar_one_or_none()
    if source is None:
        raise BridgeError(Reason(ErrorCode.NO_EVENT, number=event_id), Reason(ErrorCode.LIST_EVENTS))
    return source
