"""The history of one recipient: calls, their events, and decisions about both."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from bridge.model import Call
from bridge.store.db.tables import events
from bridge.store.reports import audit
from bridge.store.reports.audit import Action
from bridge.store.reports.call_views import CallFilter, page_of_calls
from bridge.store.reports.event_views import LINE_COLUMNS, EventLine, lines
from bridge.store.reports.pagination import Listing, Page


@dataclass(frozen=True, slots=True)
class History:
    """One page of a recipient's history."""

    calls: Listing[Call]
    """Newest first."""
    events: tuple[EventLine, ...]
    """The events of these calls, newest first."""
    actions: tuple[Action, ...]
    """Decisions about these calls and events, oldest first."""


def history(connection: Connection, recipient: str, page: Page) -> History:
    """The history of the recipient with this key, or of the subscriber with this id."""
    found = page_of_calls(connection, CallFilter(recipient=recipient), page)
    numbers = sorted({call.event_id for call in found.items}, reverse=True)
    query = select(*LINE_COLUMNS).where(events.c.id.in_(numbers)).order_by(events.c.id.desc())
    decided = [
        *audit.of(connection, "call", *(call.id for call in found.items)),
        *audit.of(connection, "event", *numbers),
    ]
    return History(
        calls=found,
        events=lines(connection, connection.execute(query).all()),
        actions=tuple(sorted(decided, key=lambda one: one.id)),
    )
