"""State of the sandbox: received calls, status of subscribers, faults that are due."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from bridge.sandbox.checks import Start
from bridge.sandbox.faults import FaultQueue
from bridge.sandbox.parameters import Tree

CALLS_KEPT = 100_000


class Status(StrEnum):
    """Whether a bot can be started for a subscriber."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    """Sent a stop word («Отписан»): a bot starts only if forced."""
    BLOCKED = "blocked"
    """Blocked messages in the messenger («Запретил писать сообщения»): no bot starts, forced or not."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that reached the method, parameters as received."""

    at: float
    """Unix seconds."""
    token: str
    parameters: Tree
    ran: bool
    status: int | None
    """Of the response; None if the caller got none."""

    def as_json(self) -> dict[str, object]:
        """As `GET /calls` and `GET /probes` show it."""
        given = self.parameters.get
        return {
            "at": timestamp(self.at),
            "token": self.token,
            "subscriber_id": given("subscriber_id"),
            "user_id": given("user_id"),
            "channel_id": given("channel_id"),
            "bot_id": given("bot_id"),
            "variables": given("variable"),
            "forced": given("forced"),
            "ran": self.ran,
            "status": self.status,
        }


def timestamp(at: float) -> str:
    """Unix seconds in the form in which LeadConverter's API writes times."""
    second = int(at)
    return f"{_second(second)}.{int((at - second) * 1_000_000):06d}Z"


@lru_cache(maxsize=8)
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Memory:
    """All state of one sandbox; lost when it stops."""

    def __init__(self, keep: int = CALLS_KEPT) -> None:
        self.calls: deque[Call] = deque(maxlen=keep)
        self.probes: deque[Call] = deque(maxlen=keep)
        """Requests without parameters, kept apart so that calls can be counted."""
        self.faults = FaultQueue()
        self._statuses: dict[tuple[str, str | None], Status] = {}

    def clear_calls(self) -> None:
        """Delete all calls and probes."""
        self.calls.clear()
        self.probes.clear()

    def set_status(self, person: str, channel_id: str | None, status: Status) -> None:
        """`person` is a subscriber_id or user_id; with a channel, only the user_id in that channel."""
        self._statuses[person, channel_id] = status

    def status_of(self, start: Start) -> Status:
        """An unknown subscriber is subscribed."""
        if start.subscriber_id is not None:
            return self._statuses.get((str(start.subscriber_id), None), Status.SUBSCRIBED)
        person = start.user_id or ""
        anywhere = self._statuses.get((person, None), Status.SUBSCRIBED)
        return self._statuses.get((person, start.channel_id), anywhere)
