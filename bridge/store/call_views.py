"""Looking at calls: pages of them, and one with its attempts and what people decided about it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from bridge.errors import BridgeError
from bridge.model import Attempt, Call, Outcome, State
from bridge.store import audit
from bridge.store.bulk import AnyRow
from bridge.store.engine import Store
from bridge.store.pages import Listing, Page, all_ids, between, capped, cut, literal, newest, searched
from bridge.store.rows import call_of
from bridge.store.tables import attempts, calls
from bridge.store.texts import plain


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
    since: int | None = None
    until: int | None = None
    search: str | None = None
    """A part of the rendered request: a variable's value, a bot's id."""


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
    """One page of the calls that fit, newest first."""
    query = select(calls).where(*_conditions(connection, wanted))
    if wanted.search is not None:
        states = [calls.c.state.in_(wanted.states)] if wanted.states else []
        found = searched(connection, query.where(*states), calls, page)
    elif wanted.states:
        found = _merged(connection, query, wanted.states, page)
    else:
        found = newest(connection, query, calls.c.id, page)
    return Listing(tuple(call_of(row) for row in found.items), found.more)


def ids_of_calls(store: Store, wanted: CallFilter) -> Iterator[list[int]]:
    """The ids of all calls that a list would show, oldest first, a part at a time."""

    def as_listed(connection: Connection) -> list[ColumnElement[bool]]:
        states = [calls.c.state.in_(wanted.states)] if wanted.states else []
        return [*_conditions(connection, wanted), *states]

    return all_ids(store, calls, as_listed)


def call(connection: Connection, number: int) -> TriedCall:
    """One call; raises BridgeError when there is none of that id."""
    row = connection.execute(select(calls).where(calls.c.id == number)).one_or_none()
    if row is None:
        raise BridgeError(f"there is no call {number}", "leadbridge calls lists them")
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


def _conditions(connection: Connection, wanted: CallFilter) -> list[ColumnElement[bool]]:
    found = between(connection, calls, calls.c.created_at, wanted.since, wanted.until)
    for column, value in (
        (calls.c.source, wanted.source),
        (calls.c.rule, wanted.rule),
        (calls.c.account, wanted.account),
    ):
        if value is not None:
            found.append(column == plain(value))
    if wanted.event_id is not None:
        found.append(calls.c.event_id == wanted.event_id)
    if wanted.recipient is not None:
        found.append(
            calls.c.recipient.in_([plain(wanted.recipient), f"subscriber:{plain(wanted.recipient)}"])
        )
    if wanted.search is not None:
        found.append(calls.c.request.like(literal(plain(wanted.search)), escape="\\"))
    return found


def _merged(
    connection: Connection, query: Select[*tuple[Any, ...]], states: tuple[State, ...], page: Page
) -> Listing[AnyRow]:
    """Each state's own newest, merged: an index gives them in order per state only."""
    wider = Page(page.before, page.limit + 1)
    lists = [
        newest(connection, query.where(calls.c.state == state.value), calls.c.id, wider).items
        for state in dict.fromkeys(states)
    ]
    rows = list(heapq.merge(*lists, key=lambda row: -row.id))
    return cut(rows[: page.limit + 1], page)


def _attempt(row: Any) -> Attempt:
    return Attempt(
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        phase=row.phase,
        status=row.status,
        content_type=row.content_type,
        answer=row.answer,
        retry_after=row.retry_after,
    )
