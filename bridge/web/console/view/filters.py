"""Which calls and which events the address of a page, or a form, asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flask import g

from bridge.errors import UsageError
from bridge.model import State
from bridge.operations.filters import AskedCalls, AskedEvents
from bridge.operations.times import iso
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.store.reports.call_views import CallFilter
from bridge.store.reports.event_views import EventFilter
from bridge.web.console.routes import Console

GROUPS: Final[Mapping[str, tuple[State, ...]]] = {
    "waiting": (State.WAITING,),
    "open": (State.QUEUED, State.CLAIMED, State.SENDING),
    "uncertain": (State.UNCERTAIN,),
    "failed": (State.REFUSED, State.EXHAUSTED, State.EXPIRED),
    "done": (State.DONE,),
    "cancelled": (State.CANCELLED,),
}
"""States by what they ask of whoever looks; an address may name a group or a single state."""
CALL_FIELDS: Final = (
    *("state", "cause", "source", "account", "rule", "recipient", "event", "since", "until", "search"),
)
EVENT_FIELDS: Final = ("source", "type", "result", "rule", "since", "until", "search")
_DIGITS = 18
NUMBER: Final = f"<int(max={10**_DIGITS - 1}):number>"
"""The number of an event or a call within a path: what both databases can hold."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The fields of a filter as they were written; an empty one asks for nothing."""

    fields: Mapping[str, str]
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What this visitor must not find by searching for it, nor a part of it."""

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def given(self) -> dict[str, str]:
        """Those that ask for something, for addresses and forms."""
        return {name: value for name, value in self.fields.items() if value}

    @property
    def narrow(self) -> bool:
        """Whether more is asked for than a state."""
        return bool(self.given.keys() - {"state"})

    def pinned(self, since: int | None, until: int) -> Wanted:
        """The same with these points of time, so that it means the same things however long one looks."""
        span = {"since": iso(since) if since is not None else "", "until": iso(until)}
        return replace(self, fields={**self.fields, **span})

    def calls(self, now: int) -> CallFilter:
        """As calls, at a time; raises UsageError for what is no state, number or time."""
        asked = AskedCalls(
            states=states_of(self["state"]),
            source=self["source"] or None,
            rule=self["rule"] or None,
            account=self["account"] or None,
            recipient=self["recipient"] or None,
            event=_number(self["event"]),
            cause=self["cause"] or None,
            since=self["since"] or None,
            until=self["until"] or None,
            search=self["search"] or None,
        )
        return replace(asked.at(now), secrets=self.secrets)

    def events(self, now: int) -> EventFilter:
        """As events, at a time; raises UsageError for what is no time."""
        asked = AskedEvents(
            source=self["source"] or None,
            type=self["type"] or None,
            result=self["result"] or None,
            since=self["since"] or None,
            until=self["until"] or None,
            search=self["search"] or None,
        )
        return replace(asked.at(now), rule=self["rule"] or None, secrets=self.secrets)


def wanted_calls(console: Console, given: Mapping[str, str]) -> Wanted:
    """Out of the parameters of an address, or the fields of a form."""
    return _wanted(console, given, CALL_FIELDS)


def wanted_events(console: Console, given: Mapping[str, str]) -> Wanted:
    """Out of the parameters of an address, or the fields of a form."""
    return _wanted(console, given, EVENT_FIELDS)


def states_of(text: str) -> tuple[str, ...]:
    """The states that a group has, or the single one that is named; none for any."""
    group = GROUPS.get(text)
    return tuple(state.value for state in group) if group else (text,) if text else ()


def group_of(text: str) -> str:
    """The group of that name, or the one that the state belongs to; empty where there is none."""
    return next((name for name, states in GROUPS.items() if text == name or text in states), "")


def _wanted(console: Console, given: Mapping[str, str], names: tuple[str, ...]) -> Wanted:
    fields = {name: given.get(name, "").strip() for name in names}
    if g.visitor.may_edit or not fields["search"]:
        return Wanted(fields)
    sources = console.side.mapping_loader.current.sources.values()
    return Wanted(fields, tuple(sorted({text for one in sources for text in one.source.secrets.values})))


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise UsageError(Reason(ErrorCode.EVENT_WRONG, name=Reason(ErrorCode.FIELD_EVENT), found=text))
    return int(text)
