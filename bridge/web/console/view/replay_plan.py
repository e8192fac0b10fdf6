"""How events are to be replayed, and what a replay would do, ready to be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import g

from bridge.mapping.author.later import cancel_reason, start_reasons
from bridge.model import BotStart, Call, Failure
from bridge.operations.redact import shown
from bridge.operations.redact_stored import of_event
from bridge.operations.replay import (
    Applied,
    OriginalCalls,
    ReadAs,
    Replay,
    Replayer,
    Reread,
    Rules,
    Unreplayable,
)
from bridge.operations.request_preview import Shown
from bridge.reasons.reason import Reason
from bridge.store.queue.decisions import Decider
from bridge.store.reports import event_views
from bridge.web.console.routes import Console
from bridge.web.console.view.request_preview import request_of

RULES: Final[tuple[Rules, ...]] = ("current", "original")
SWITCHES: Final = ("again", "original_times", "past_cancel")
"""What the form can switch on."""


@dataclass(frozen=True, slots=True)
class How:
    """What the form of a replay asks for."""

    rules: Rules = "current"
    again: bool = False
    """Repeat calls that are done, too: people hear twice."""
    original_times: bool = False
    past_cancel: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """For addresses and forms."""
        return {"rules": self.rules, **{name: "1" for name in SWITCHES if getattr(self, name)}}

    def replayer(self, console: Console, why: str) -> Replayer:
        """Replays by the rules in use, in the visitor's name."""
        sources = console.side.mapping_loader.current.sources
        switches = {name: getattr(self, name) for name in SWITCHES}
        return Replayer(sources, Decider(g.visitor.who, why), self.rules, **switches)


@dataclass(frozen=True, slots=True)
class Line:
    """One bot start of a replay."""

    start: BotStart
    owed: bool
    """Whether it gets a call."""
    earlier: Call | None
    request: Shown
    when: tuple[Reason, ...] = ()
    """When it is due, and its key."""
    cancelled_by: int = 0
    """The event that has cancelled it until later; 0 for none."""
    kept_by: int = 0
    """The call that waits under its key and is not replaced; 0 for none."""
    newer: bool = False
    """Whether that call is of a later event."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay of one event would do."""

    event: int
    lines: tuple[Line, ...]
    failures: tuple[Failure, ...] = ()
    impossible: Reason | None = None
    """Why it cannot be replayed; None where it can."""
    read_as: ReadAs | None = None
    """What the event is by its source now, where that is another than when it was stored."""
    cancels: tuple[Reason, ...] = ()
    """Which errands it cancels."""

    @property
    def calls(self) -> int:
        """How many calls it would add."""
        return sum(line.owed for line in self.lines)

    @property
    def mark(self) -> str:
        """Stands for exactly this plan: a form carries what its visitor was shown. Due times are left out, as
        they count from the moment of the replay."""
        starts = [
            (line.owed, replace(line.start, due_at=0), line.earlier and line.earlier.id)
            for line in self.lines
        ]
        shown = (self.event, starts, self.failures, self.cancels)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:24]


def asked_how(given: Mapping[str, str]) -> How:
    """Out of the parameters of an address, or the fields of a form."""
    rules: Rules = "original" if given.get("rules") == "original" else "current"
    return How(rules, **{name: bool(given.get(name)) for name in SWITCHES})


def planned(console: Console, replay: Replay) -> Plan:
    """The replay as a plan, with the request of every call that it would add; its event's secrets hidden."""
    with console.side.store.read() as connection:
        stored = event_views.event(connection, replay.event)
    return shown(of_event(stored, console.side.mapping_loader.current.sources), _planned(console, replay))


def _planned(console: Console, replay: Replay) -> Plan:
    def line(start: BotStart, earlier: Call | None = None, *, owed: bool = True, **more: Any) -> Line:
        return Line(start, owed, earlier, request_of(console, start), **more)

    match replay:
        case Applied(event=event, starts=starts, failures=failures, read_as=read_as, cancels=cancels, at=at):
            lines = tuple(
                line(
                    one.start,
                    one.earlier,
                    owed=one.owed,
                    when=tuple(start_reasons(one.start, at)),
                    cancelled_by=one.cancelled_by,
                    kept_by=one.kept_by,
                    newer=one.newer,
                )
                for one in starts
            )
            ends = tuple(cancel_reason(replace(one, lasts=0)) for one in cancels)
            return Plan(event, lines, failures, read_as=read_as, cancels=ends)
        case Reread(event=event, starts=read, failures=failures):
            return Plan(event, tuple(line(one) for one in read), failures)
        case OriginalCalls(event=event, unsent=unsent):
            return Plan(event, tuple(line(one.start, one) for one in unsent))
        case Unreplayable(event=event, why=why):
            return Plan(event, (), impossible=why)
