"""Reads calls: pages and counts of them, or one with its attempts and decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select

from bridge.errors import BridgeError
from bridge.model import RECORDED, Attempt, Call, Outcome, State
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.stored import from_text
from bridge.store.db.engine import Store
from bridge.store.db.tables import attempts, calls
from bridge.store.db.texts import plain
from bridge.store.queue.rows import call_of
from bridge.store.reports import audit, cancellations, sources
from bridge.store.reports.cancellations import Cancelled
from bridge.store.reports.pagination import (
    EXACT,
    SEARCHED,
    Count,
    Listing,
    Page,
    Selection,
    all_ids,
    capped,
    counted,
    merged,
    newest,
    selection,
)
from bridge.store.reports.text_match import contains


@dataclass(frozen=True, slots=True)
class CallFilter:
    """A filter for calls; None and no states match any. Times are unix milliseconds, `until` is excluded."""

    source: str | None = None
    rule: str | None = None
    account: str | None = None
    recipient: str | None = None
    """A recipient's key, or the bare id of a subscriber."""
    states: tuple[State, ...] = ()
    event_id: int | None = None
    cause: str | None = None
    """Why it may have run, or was uncertain before it was settled."""
    sent_since: int | None = None
    sent_until: int | None = None
    """When its last request was sent; `sent_until` is excluded."""
    since: int | None = None
    until: int | None = None
    search: str | None = None
    """A part of the rendered request: a variable's value, a bot's id."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets that a search must not find, not even in part."""


ANY: Final = CallFilter()
DOUBTS: Final = 50_001
"""The most uncertain calls that are counted by cause."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Uncertain calls of one account and cause. Times are unix milliseconds."""

    account: str
    cause: str
    many: int
    first: int
    """When the first of their requests was sent."""
    last: int


@dataclass(frozen=True, slots=True)
class TriedCall:
    """One call with its attempts and decisions. Times are unix milliseconds, 0 for not yet."""

    call: Call
    sent_at: int
    settled_at: int
    held_by: int
    """The earlier call of its recipient that it waits for; 0 for none."""
    attempts: tuple[tuple[int, Attempt], ...]
    """Each with its number, oldest first."""
    actions: tuple[audit.Action, ...]
    cancels: tuple[Cancelled, ...] = ()
    """The cancellations that ended it, or came too late for it, oldest first."""


def page_of_calls(connection: Connection, wanted: CallFilter, page: Page) -> Listing[Call]:
    """One page of the matching calls, newest first.

    An index finds those of an event, a recipient, a source with a rule, and states. A rule without a source
    is looked up in every source. The rest of a filter is checked row by row.
    """
    parts = call_selections(connection, wanted)
    looked = SEARCHED // max(len(parts), 1)
    found = merged([newest(connection, [calls], part, page, looked) for part in parts], page)
    return Listing(tuple(call_of(row) for row in found.items), found.more, found.reached_at)


def count_calls(connection: Connection, wanted: CallFilter) -> Count:
    """How many calls match; a lower bound if there are too many to count in time."""
    if wanted.source is not None and wanted == CallFilter(source=wanted.source):
        # The index of rules finds them, though not in the order of a list.
        return counted(connection, _selection(connection, wanted, _conditions(connection, wanted)))
    counts = [counted(connection, part) for part in call_selections(connection, wanted)]
    many = sum(one.many for one in counts)
    return Count(min(many, EXACT), exact=many <= EXACT and all(one.exact for one in counts))


def doubts(connection: Connection, wanted: CallFilter = ANY) -> tuple[Doubt, ...]:
    """Matching uncertain calls by account and cause, the most frequent first; of at most 50,001 calls."""
    part = _selection(connection, replace(wanted, states=(State.UNCERTAIN,)), {})
    few = select(calls).where(*part.conditions).order_by(calls.c.id).limit(DOUBTS).subquery()
    query = select(few.c.account, few.c.cause, func.count(), func.min(few.c.sent_at), func.max(few.c.sent_at))
    rows = connection.execute(query.group_by(few.c.account, few.c.cause))
    found = [Doubt(account, cause or RECORDED, *rest) for account, cause, *rest in rows]
    return tuple(sorted(found, key=lambda one: (-one.many, one.account, one.cause)))


def ids_of_calls(store: Store, wanted: CallFilter) -> Iterator[list[int]]:
    """The ids of all matching calls, oldest first, in batches."""
    return all_ids(store, calls, lambda connection: _selection(connection, wanted, {}))


def call(connection: Connection, number: int) -> TriedCall:
    """One call; raises BridgeError if there is none of that id."""
    row = connection.execute(select(calls).where(calls.c.id == number)).one_or_none()
    if row is None:
        raise BridgeError(Reason(ErrorCode.NO_CALL, number=number), Reason(ErrorCode.LIST_CALLS))
    tried = select(attempts).where(attempts.c.call_id == number).order_by(attempts.c.number)
    found = call_of(row)
    return TriedCall(
        call=found,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        held_by=row.held_by,
        attempts=tuple((one.number, _attempt(one)) for one in connection.execute(tried)),
        actions=audit.of(connection, "call", number),
        cancels=cancellations.of_call(connection, found, row.settled_at),
    )


def calls_of(connection: Connection, event_id: int) -> tuple[Call, ...]:
    """The calls of one event, oldest first."""
    query = select(calls).where(calls.c.event_id == event_id).order_by(calls.c.id)
    return tuple(call_of(row) for row in connection.execute(query))


def count_by_state(connection: Connection, account: str | None = None) -> dict[State, int]:
    """How many calls are in each state, up to one more than `pagination.EXACT` each."""
    of_account = [] if account is None else [calls.c.account == account]
    return {
        state: capped(connection, select(calls.c.id).where(calls.c.state == state.value, *of_account))
        for state in State
    }


def call_selections(connection: Connection, wanted: CallFilter) -> tuple[Selection, ...]:
    """The filter as selections of rows that do not overlap."""
    return tuple(_selection(connection, wanted, indexed) for indexed in _index_conditions(connection, wanted))


_Conditions = dict[str, ColumnElement[bool]]


def _selection(connection: Connection, wanted: CallFilter, indexed: _Conditions) -> Selection:
    """The rows of one index condition that also match the rest of the filter."""
    conditions = _conditions(connection, wanted)
    return selection(
        connection,
        calls,
        calls.c.created_at,
        by=[*indexed.values()],
        checks=[condition for name, condition in conditions.items() if name not in indexed],
        since=wanted.since,
        until=wanted.until,
    )


def _conditions(connection: Connection, wanted: CallFilter) -> _Conditions:
    """The conditions of the filter by column, without those on time."""
    found: _Conditions = {}
    for name in ("source", "rule", "account"):
        value = getattr(wanted, name)
        if value is not None:
            found[name] = calls.c[name] == plain(value)
    if wanted.event_id is not None:
        found["event_id"] = calls.c.event_id == wanted.event_id
    if wanted.recipient is not None:
        found["recipient"] = calls.c.recipient == recipient_key(wanted.recipient)
    if wanted.cause is not None:
        found["cause"] = calls.c.cause == plain(wanted.cause)
    if wanted.sent_since is not None:
        found["sent_since"] = calls.c.sent_at >= wanted.sent_since
    if wanted.sent_until is not None:
        found["sent_until"] = calls.c.sent_at < wanted.sent_until
    if wanted.states:
        found["state"] = calls.c.state.in_(wanted.states)
    if wanted.search is not None:
        found["search"] = contains(connection, calls.c.request, wanted.search, wanted.secrets)
    return found


def _index_conditions(connection: Connection, wanted: CallFilter) -> list[_Conditions]:
    """The conditions that an index answers: one set, or several whose rows are merged."""
    conditions = _conditions(connection, wanted)
    for name in ("event_id", "recipient"):
        if name in conditions:
            return [{name: conditions[name]}]
    if wanted.states and State.DONE not in wanted.states:
        return [{"state": calls.c.state == state.value} for state in dict.fromkeys(wanted.states)]
    if wanted.rule is not None:
        names = [wanted.source] if wanted.source is not None else [*sources.last_received(connection)]
        return [{"source": calls.c.source == plain(name), "rule": conditions["rule"]} for name in names]
    if wanted.states:
        return [{"state": calls.c.state == state.value} for state in dict.fromkeys(wanted.states)]
    return [{}]


def recipient_key(written: str) -> str:
    """The key of a recipient, given as a key or as a subscriber's bare id."""
    text = plain(written)
    return text if text.startswith(("subscriber:", "messenger:")) else f"subscriber:{text}"


def _attempt(row: Any) -> Attempt:
    return Attempt(
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=Outcome(row.outcome),
        reason=from_text(row.reason),
        phase=row.phase,
        status=row.status,
        content_type=row.content_type,
        answer=row.answer,
        retry_after=row.retry_after,
        cause=row.cause,
    )
