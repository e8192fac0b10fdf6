"""Looking at calls: pages of them, and one with its attempts and what people decided about it."""

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
from bridge.store.reports import audit, sources
from bridge.store.reports.pagination import (
    EXACT,
    SEARCHED,
    Count,
    Fitting,
    Listing,
    Page,
    all_ids,
    capped,
    counted,
    fitting,
    merged,
    newest,
)
from bridge.store.reports.text_match import contains


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls; None is any, and so are no states. Times are unix milliseconds, `until` not included."""

    source: str | None = None
    rule: str | None = None
    account: str | None = None
    recipient: str | None = None
    """A recipient's key, or the bare id of a subscriber."""
    states: tuple[State, ...] = ()
    event_id: int | None = None
    cause: str | None = None
    """Why it may have run, or might have until it was settled."""
    sent_since: int | None = None
    sent_until: int | None = None
    """When its last request went out, `sent_until` not included."""
    since: int | None = None
    until: int | None = None
    search: str | None = None
    """A part of the rendered request: a variable's value, a bot's id."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What a search must not find, not even a part of it."""


ANY: Final = CallFilter()
DOUBTS: Final = 50_001
"""Uncertain calls that are counted by cause at most."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Uncertain calls of one account and cause. Times are unix milliseconds."""

    account: str
    cause: str
    many: int
    first: int
    """When the first of their requests went out."""
    last: int


@dataclass(frozen=True, slots=True)
class TriedCall:
    """One call with everything that happened to it. Times are unix milliseconds, 0 for not yet."""

    call: Call
    sent_at: int
    settled_at: int
    held_by: int
    """The earlier call of its recipient that it waits for; 0 for none."""
    attempts: tuple[tuple[int, Attempt], ...]
    """Each with its number, oldest first."""
    actions: tuple[audit.Action, ...]


def page_of_calls(connection: Connection, wanted: CallFilter, page: Page) -> Listing[Call]:
    """One page of the calls that fit, newest first.

    At once, by an index: an event, a recipient, a source with a rule, states. A rule without a source goes
    through the sources. For the rest of a filter rows are looked at one by one.
    """
    parts = fitting_calls(connection, wanted)
    looked = SEARCHED // max(len(parts), 1)
    found = merged([newest(connection, [calls], part, page, looked) for part in parts], page)
    return Listing(tuple(call_of(row) for row in found.items), found.more, found.reached_at)


def count_calls(connection: Connection, wanted: CallFilter) -> Count:
    """How many calls fit; exact unless there are too many to count while somebody waits."""
    if wanted.source is not None and wanted == CallFilter(source=wanted.source):
        # The index of rules gives them, though not in the order of a list.
        return counted(connection, _fitting(connection, wanted, _asked(connection, wanted)))
    counts = [counted(connection, part) for part in fitting_calls(connection, wanted)]
    many = sum(one.many for one in counts)
    return Count(min(many, EXACT), exact=many <= EXACT and all(one.exact for one in counts))


def doubts(connection: Connection, wanted: CallFilter = ANY) -> tuple[Doubt, ...]:
    """The uncertain calls that fit by account and cause, the most first; of at most 50,001 calls."""
    part = _fitting(connection, replace(wanted, states=(State.UNCERTAIN,)), {})
    few = select(calls).where(*part.conditions).order_by(calls.c.id).limit(DOUBTS).subquery()
    query = select(few.c.account, few.c.cause, func.count(), func.min(few.c.sent_at), func.max(few.c.sent_at))
    rows = connection.execute(query.group_by(few.c.account, few.c.cause))
    found = [Doubt(account, cause or RECORDED, *rest) for account, cause, *rest in rows]
    return tuple(sorted(found, key=lambda one: (-one.many, one.account, one.cause)))


def ids_of_calls(store: Store, wanted: CallFilter) -> Iterator[list[int]]:
    """The ids of all calls that a list would show, oldest first, a part at a time."""
    return all_ids(store, calls, lambda connection: _fitting(connection, wanted, {}))


def call(connection: Connection, number: int) -> TriedCall:
    """One call; raises BridgeError when there is none of that id."""
    row = connection.execute(select(calls).where(calls.c.id == number)).one_or_none()
    if row is None:
        raise BridgeError(Reason(ErrorCode.NO_CALL, number=number), Reason(ErrorCode.LIST_CALLS))
    tried = select(attempts).where(attempts.c.call_id == number).order_by(attempts.c.number)
    return TriedCall(
        call=call_of(row),
        sent_at=row.sent_at,
        settled_at=row.settled_at,
        held_by=row.held_by,
        attempts=tuple((one.number, _attempt(one)) for one in connection.execute(tried)),
        actions=audit.of(connection, "call", number),
    )


def calls_of(connection: Connection, event_id: int) -> tuple[Call, ...]:
    """The calls of one event, oldest first."""
    query = select(calls).where(calls.c.event_id == event_id).order_by(calls.c.id)
    return tuple(call_of(row) for row in connection.execute(query))


def count_by_state(connection: Connection, account: str | None = None) -> dict[State, int]:
    """How many calls are in each state, up to one more than `pages.EXACT` each."""
    of_account = [] if account is None else [calls.c.account == account]
    return {
        state: capped(connection, select(calls.c.id).where(calls.c.state == state.value, *of_account))
        for state in State
    }


def fitting_calls(connection: Connection, wanted: CallFilter) -> tuple[Fitting, ...]:
    """What the filter asks of the table `calls`: sets of rows that have none in common."""
    return tuple(_fitting(connection, wanted, way) for way in _ways(connection, wanted))


_Asked = dict[str, ColumnElement[bool]]


def _fitting(connection: Connection, wanted: CallFilter, way: _Asked) -> Fitting:
    """The rows of one way that fit the rest of the filter, too."""
    asked = _asked(connection, wanted)
    return fitting(
        connection,
        calls,
        calls.c.created_at,
        by=[*way.values()],
        sieve=[condition for name, condition in asked.items() if name not in way],
        since=wanted.since,
        until=wanted.until,
    )


def _asked(connection: Connection, wanted: CallFilter) -> _Asked:
    """All of the filter but the time, by column."""
    found: _Asked = {}
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


def _ways(connection: Connection, wanted: CallFilter) -> list[_Asked]:
    """By which index the rows are found: one set of conditions, or several whose rows together are meant."""
    asked = _asked(connection, wanted)
    for name in ("event_id", "recipient"):
        if name in asked:
            return [{name: asked[name]}]
    if wanted.states and State.DONE not in wanted.states:
        return [{"state": calls.c.state == state.value} for state in dict.fromkeys(wanted.states)]
    if wanted.rule is not None:
        names = [wanted.source] if wanted.source is not None else [*sources.last_heard(connection)]
        return [{"source": calls.c.source == plain(name), "rule": asked["rule"]} for name in names]
    if wanted.states:
        return [{"state": calls.c.state == state.value} for state in dict.fromkeys(wanted.states)]
    return [{}]


def recipient_key(written: str) -> str:
    """A recipient's key, also for the bare id of a subscriber."""
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
