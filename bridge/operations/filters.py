"""Which events and which calls, in a person's words: spans such as 7d, times, states, parts of texts."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.did_you_mean import suggestion
from bridge.errors import UsageError
from bridge.model import CAUSES, State
from bridge.operations.times import moment
from bridge.store.reports.call_views import CallFilter
from bridge.store.reports.event_views import EventFilter
from bridge.text.render import english

_STATES = [state.value for state in State]


@dataclass(frozen=True, slots=True)
class AskedEvents:
    """Which events; None is any."""

    source: str | None = None
    type: str | None = None
    result: str | None = None
    since: str | None = None
    until: str | None = None
    search: str | None = None

    def at(self, now: int, sign: str = "") -> EventFilter:
        """The filter at a time; raises UsageError, which names fields with the `sign` before them."""
        return EventFilter(
            source=self.source,
            type=self.type,
            result=self.result,
            since=_moment(self.since, now, f"{sign}since"),
            until=_moment(self.until, now, f"{sign}until"),
            search=self.search,
        )


@dataclass(frozen=True, slots=True)
class AskedCalls:
    """Which calls; None is any, and so are no states."""

    states: tuple[str, ...] = ()
    source: str | None = None
    rule: str | None = None
    account: str | None = None
    recipient: str | None = None
    event: int | None = None
    cause: str | None = None
    sent_since: str | None = None
    sent_until: str | None = None
    since: str | None = None
    until: str | None = None
    search: str | None = None

    def at(self, now: int, sign: str = "") -> CallFilter:
        """The filter at a time; raises UsageError, which names fields with the `sign` before them."""
        return CallFilter(
            source=self.source,
            rule=self.rule,
            account=self.account,
            recipient=self.recipient,
            states=tuple(_state(state, f"{sign}state") for state in self.states),
            event_id=self.event,
            cause=None if self.cause is None else _cause(self.cause, f"{sign}cause"),
            sent_since=_moment(self.sent_since, now, f"{sign}since"),
            sent_until=_moment(self.sent_until, now, f"{sign}until"),
            since=_moment(self.since, now, f"{sign}since"),
            until=_moment(self.until, now, f"{sign}until"),
            search=self.search,
        )


def _state(text: str, name: str) -> State:
    if text not in _STATES:
        raise UsageError(
            f'{name} is "{text}"{english(suggestion(text, _STATES))}', f"there are: {', '.join(_STATES)}"
        )
    return State(text)


def _cause(text: str, name: str) -> str:
    status = text.removeprefix("http_5")
    if text not in CAUSES and not (
        len(status) == 2 and text != status and status.isascii() and status.isdigit()
    ):
        known = ("http_500", "http_502", *CAUSES)
        raise UsageError(
            f'{name} is "{text}"{english(suggestion(text, known))}',
            f"there are: http_NNN, {', '.join(CAUSES)}",
        )
    return text


def _moment(text: str | None, now: int, name: str) -> int | None:
    return None if text is None else moment(text, now, name)
