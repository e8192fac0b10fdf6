"""Replays a stored event through the current rules: adds calls for starts that have not run yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, select, update

from bridge.errors import BridgeError
from bridge.model import FINAL, Application, BotStart, Call, Match, State
from bridge.reasons.actions import ActionCode
from bridge.reasons.calls import CallCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.tables import events
from bridge.store.db.texts import plain, reason_text
from bridge.store.inbox.events import Delivery, Stored, accept, failures_text, result_of, verdicts_text
from bridge.store.queue import errand_rows, errands
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
    cancelled_by: int = 0
    """The event whose cancellation lasts, so that it gets none; 0 for none."""
    kept_by: int = 0
    """The call that waits under its key already, so that it gets none; 0 for none."""
    newer: bool = False
    """Whether that call is of a later event."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for besides the replay itself."""

    again: bool = False
    """Whether all finished calls are repeated."""
    past_cancel: bool = False
    """Whether starts get a call although their errand is, or was, cancelled until later."""


ONLY: Final = Asked()
"""Nothing besides the replay."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The calls that a replay added, and how many starts got none."""

    calls: tuple[int, ...]
    known: int


def plan(
    connection: Connection, now: int, event_id: int, source: str, made: Application, asked: Asked = ONLY
) -> tuple[Planned, ...]:
    """Decide which starts get a call.

    A start whose call is done, live, uncertain or cancelled gets none, and none whose errand is cancelled
    until later, or whose errand has a call that the start does not replace: it is kept, or of a later event.
    To rename a rule makes no new start.
    """
    rules = made.rules.union(verdict.rule for verdict in made.verdicts)
    earlier = _Earlier(calls_of(connection, event_id), rules)
    marks = {} if asked.past_cancel else errand_rows.marks(connection, now, made.starts)
    found = []
    for place, start in enumerate(made.starts):
        call, mark = earlier.of(start), marks.get(place, 0)
        owed = _is_owed(start, call, asked)
        found.append(Planned(start, call, owed and not mark, mark if owed else 0))
    return tuple(_unless_kept(connection, event_id, source, made, found))


def _unless_kept(
    connection: Connection, event_id: int, source: str, made: Application, found: Sequence[Planned]
) -> Iterator[Planned]:
    """The plan as it is if calls of other events wait for the same errands."""
    ended = {(one.account, one.key, one.shadow): one.place for one in reversed(made.cancels)}
    for place, one in enumerate(found):
        errand = one.start.errand
        if not (one.owed and errand) or errand.again == "add":
            yield one
            continue
        first = ended.get((one.start.account, errand.key, one.start.shadow), place + 1)
        waits = errand_rows.waiting(connection, source, one.start) if first > place else None
        if waits and (errand.again == "keep" or waits.event_id > event_id):
            yield replace(one, owed=False, kept_by=waits.id, newer=waits.event_id > event_id)
        else:
            yield one


def replay(
    connection: Connection,
    now: int,
    event_id: int,
    made: Application,
    rules_version: str,
    by: Decider,
    asked: Asked = ONLY,
) -> Replayed:
    """Store what the rules make of the event now, with the planned calls.

    Its cancellations end what waits now, and do not last.
    """
    source = _lock(connection, event_id)
    planned = plan(connection, now, event_id, source, made, asked)
    new_calls = [_new_call(now, event_id, source, one, asked) if one.owed else None for one in planned]
    briefly = replace(made, cancels=tuple(replace(one, lasts=0) for one in made.cancels))
    counts: Counts = Counter({Key("rule:matched", source, plain(rule)): 0 for rule in _matched(made)})
    # A count of 0 updates only the time of the rule's latest match.
    added = errands.put(connection, now, errands.in_order(event_id, briefly, new_calls), counts)
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
    return Replayed(tuple(added), len(planned) - len(added))


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


def _is_owed(start: BotStart, earlier: Call | None, asked: Asked) -> bool:
    if earlier is None:
        return True
    if earlier.start.shadow:
        return not start.shadow
    if asked.again:
        return earlier.state in FINAL
    if earlier.reason and earlier.reason.code is CallCode.CANCELLED_BEFORE:
        return asked.past_cancel
    return earlier.state in NEVER_RAN and not earlier.had_uncertain


def _matched(made: Application) -> list[str]:
    return [verdict.rule for verdict in made.verdicts if verdict.match is Match.MATCHED]


def _new_call(now: int, event_id: int, source: str, planned: Planned, asked: Asked) -> NewCall:
    parent = planned.earlier.id if planned.earlier else 0
    return NewCall(event_id, source, planned.start, parent, now, asked.past_cancel, replayed=True)


def _lock(connection: Connection, event_id: int) -> str:
    """Lock the event, so that no one else replays it until the transaction ends; returns its source."""
    query = select(events.c.source).where(events.c.id == event_id).with_for_update()
    source: str | None = connection.execute(query).scalar_one_or_none()
    if source is None:
        raise BridgeError(Reason(ErrorCode.NO_EVENT, number=event_id), Reason(ErrorCode.LIST_EVENTS))
    return source
