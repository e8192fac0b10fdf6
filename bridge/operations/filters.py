"""Parses filters for events and calls, as people write them: spans such as 7d, times, states, texts."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.did_you_mean import suggestion
from bridge.errors import UsageError
from bridge.model import CAUSES, State
from bridge.operations.times import moment
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.reports.call_views import CallFilter
from bridge.store.reports.event_views import EventFilter

_STATES = [state.value for state in State]
_FIELDS = {
    "state": ErrorCode.FIELD_STATE,
    "cause": ErrorCode.FIELD_CAUSE,
    "since": ErrorCode.FIELD_SINCE,
    "until": ErrorCode.FIELD_UNTIL,
}


@dataclass(frozen=True, slots=True)
class AskedEvents:
    """A filter for events as it was written; None matches any."""

    source: str | None = None
    type: str | None = None
    result: str | None = None
    since: str | None = None
    until: str | None = None
    search: str | None = None

    def at(self, now: int, sign: str = "") -> EventFilter:
        """Parse the filter, with spans before `now`. Raises UsageError, naming options if `sign` is `--`."""
        return EventFilter(
            source=self.source,
            type=self.type,
            result=self.result,
            since=_moment(self.since, now, _named("since", sign)),
            until=_moment(self.until, now, _named("until", sign)),
            search=self.search,
        )


@dataclass(frozen=True, slots=True)
class AskedCalls:
    """A filter for calls as it was written; None and empty states match any."""

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
        """Parse the filter, with spans before `now`. Raises UsageError, naming options if `sign` is `--`."""
        return CallFilter(
            source=self.source,
            rule=self.rule,
            account=self.account,
            recipient=self.recipient,
            states=tuple(_state(state, _named("state", sign)) for state in self.states),
            event_id=self.event,
            cause=None if self.cause is None else _cause(self.cause, _named("cause", sign)),
            sent_since=_moment(self.sent_since, now, _named("since", sign)),
            sent_until=_moment(self.sent_until, now, _named("until", sign)),
            since=_moment(self.since, now, _named("since", sign)),
            until=_moment(self.until, now, _named("until", sign)),
            search=self.search,
        )


def _named(field: str, sign: str) -> Reason | str:
    """The option's name with its sign, or the label of the form field without one."""
    return sign + field if sign else Reason(_FIELDS[field])


def _state(text: str, name: Reason | str) -> State:
    if text not in _STATES:
        reason = Reason(ErrorCode.FIELD_WRONG, name=name, found=text, hint=suggestion(text, _STATES))
        raise UsageError(reason, Reason(ErrorCode.THERE_ARE, names=tuple(_STATES)))
    return State(text)


def _cause(text: str, name: Reason | str) -> str:
    status = text.removeprefix("http_5")
    if text not in CAUSES and not (
        len(status) == 2 and text != status and status.isascii() and status.isdigit()
    ):
        known = ("http_500", "http_502", *CAUSES)
        reason = Reason(ErrorCode.FIELD_WRONG, name=name, found=text, hint=suggestion(text, known))
        raise UsageError(reason, Reason(ErrorCode.THERE_ARE, names=("http_NNN", *CAUSES)))
    return text


def _moment(text: str | None, now: int, name: Reason | str) -> int | None:
    return None if text is None else moment(text, now, name)
