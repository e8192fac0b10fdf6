"""Replays a stored event through the current rules: adds calls for starts that have not run yet."""

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
    """A start of a replay, and the latest call that it has, if any."""

    start: BotStart
    earlier: Call | None
    owed: bool
    """Whether it gets a new call."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The calls that a replay added, and how many starts needed none."""

    calls: tuple[int, ...]
    known: int


def plan(
    connection: Connection, event_id: int, made: Application, *, again: bool = False
) -> tuple[Planned, ...]:
    """Decide which starts get a call.

    A start whose call is done, live, uncertain or cancelled gets none; `again` repeats all finished ones. To
    rename a rule makes no new start.
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
    """Store what the rules make of the event now, with the planned calls."""
    source = _lock(connection, event_id)
    planned = plan(connection, event_id, made, again=again)
    new_calls = [_new_call(event_id, source, one) for one in planned if one.owed]
    counts: Counts = Counter({Key("rule:matched", source, plain(rule)): 0 for rule in _matched(made)})
    # A count of 0 updates only the time of the rule's latest match.
    added = calls.put(connection, now, new_calls, counts)
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
    return Replayed(tuple(added), len(planned) - len(new_calls))


def reread(
    connection: Connection, now: int, event_id: int, delivery: Delivery, by: Decider
) -> tuple[Stored, ...]:
    """Store the events of a webhook that was unreadable at reception; its row refers to them."""
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
    """The latest call of each start of an event."""

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


def _new_call(event_id: int, source: str, planned: Planned) -> NewCall:
    return NewCall(event_id, source, planned.start, planned.earlier.id if planned.earlier else 0)


def _lock(connection: Connection, event_id: int) -> str:
    """Lock the event, so that no one else replays it until the transaction ends; returns its source."""
    query = select(events.c.source).where(events.c.id == event_id).with_for_update()
    source: str | None = connection.execute(query).scalar_one_or_none()
    if source is None:
        raise BridgeError(Reason(ErrorCode.NO_EVENT, number=event_id), Reason(ErrorCode.LIST_EVENTS))
    return source
