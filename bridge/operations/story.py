"""Reads everything about one event or one call."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import BridgeError
from bridge.model import FINAL, Call, State
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.reports import audit, cancellations, repeat_views
from bridge.store.reports.call_views import TriedCall, call, calls_of
from bridge.store.reports.cancellations import Cancelled
from bridge.store.reports.event_views import EventFilter, EventLine, StoredEvent, event, page_of_events
from bridge.store.reports.pagination import Page
from bridge.store.reports.repeat_views import KeptRepeat

_SETTLED = FINAL | {State.UNCERTAIN}
_SOON_MS = 60_000


@dataclass(frozen=True, slots=True)
class Story:
    """An event with its calls, actions and repeats."""

    stored: StoredEvent
    calls: tuple[TriedCall, ...]
    actions: tuple[audit.Action, ...]
    """What people decided about it."""
    repeats: tuple[KeptRepeat, ...]
    """The latest repeats, oldest first."""
    now: int
    cancels: tuple[Cancelled, ...] = ()
    """The errands that it cancelled, oldest first."""

    @property
    def final(self) -> bool:
        """Whether nothing more happens automatically."""
        return all(one.call.state in _SETTLED for one in self.calls)

    @property
    def changes_soon(self) -> bool:
        """Whether something may happen automatically within a minute."""
        return any(
            one.call.state not in _SETTLED
            and (one.call.state is not State.WAITING or one.call.due_at <= self.now + _SOON_MS)
            for one in self.calls
        )


def read_story(store: Store, number: int) -> Story:
    """Read an event by its number; raises BridgeError if there is none."""
    with store.read() as connection:
        return Story(
            event(connection, number),
            tuple(call(connection, one.id) for one in calls_of(connection, number)),
            audit.of(connection, "event", number),
            repeat_views.of_event(connection, number),
            store.now(connection),
            cancellations.of_events(connection, [number]),
        )


@dataclass(frozen=True, slots=True)
class CallStory:
    """A call with its attempts, its event and the calls that repeat it."""

    tried: TriedCall
    event: EventLine
    """The event that created it."""
    again: tuple[Call, ...]
    """The calls with which a person repeated it, oldest first."""
    now: int


def read_call(store: Store, number: int) -> CallStory:
    """Read a call by its number; raises BridgeError if there is none."""
    with store.read() as connection:
        tried = call(connection, number)
        siblings = calls_of(connection, tried.call.event_id)
        return CallStory(
            tried,
            event(connection, tried.call.event_id).line,
            tuple(one for one in siblings if one.parent == number),
            store.now(connection),
        )


def find_story(store: Store, source: str, key: str) -> Story:
    """Find an event by its sender's id; raises BridgeError if there is none."""
    with store.read() as connection:
        found = page_of_events(connection, EventFilter(source=source, search=key), Page(limit=10)).items
    numbers = [line.id for line in found if line.key == key]
    if not numbers:
        raise BridgeError(
            Reason(ErrorCode.EVENT_NOT_STORED, key=key, source=source), Reason(ErrorCode.LIST_EVENTS)
        )
    return read_story(store, numbers[0])
