"""Plays past starts and cancellations: what would have waited, been replaced or been cancelled. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bridge.model import Application, BotStart, Cancellation

Fate: TypeAlias = Literal["waited", "replaced", "kept", "cancelled", "marked", "late"]
FATES: tuple[Fate, ...] = ("waited", "replaced", "kept", "cancelled", "marked", "late")
"""What became of a start that was not sent at once: sent when it was due; replaced by a later one; not stored
because an earlier one waited; cancelled while it waited; cancelled before it came; due before its receipt."""

_Errand: TypeAlias = tuple[str, bool, str]
"""Account, whether of shadow rules, key."""


@dataclass(frozen=True, slots=True)
class Move:
    """What the rules made of one event, in the order of the play: by time of receipt, then by number."""

    received_at: int
    number: int
    source: str
    made: Application


@dataclass(slots=True)
class Played:
    """A start and its fate; None if it was sent at once."""

    source: str
    rule: str
    due_at: int
    """As `at_most` brings it forward. `limit` is the latest moment for those that replace it."""
    limit: int
    event: int
    fate: Fate | None


def play(moves: Iterable[Move]) -> tuple[Played, ...]:
    """Play all moves in their order, without calls or marks from before.

    A call is sent when it is due, but not before all of its own event is done.
    """
    stage = _Stage({}, {})
    ordered = sorted(moves, key=lambda one: (one.received_at, one.number))
    return tuple(played for move in ordered for played in stage.move(move))


def concerns_errands(made: Application) -> bool:
    """Whether anything of it waits or ends an errand."""
    return bool(made.cancels) or any(start.due_at or start.errand for start in made.starts)


@dataclass(slots=True)
class _Stage:
    """The calls that wait, and the marks with their ends, by errand."""

    waiting: dict[_Errand, list[Played]]
    marks: dict[_Errand, int]
    event: int = 0
    """The number of the event whose move it is."""

    def move(self, move: Move) -> Iterator[Played]:
        self.event = move.number
        starts, cancels = move.made.starts, list(move.made.cancels)
        for place, start in enumerate(starts):
            while cancels and cancels[0].place <= place:
                self._cancel(cancels.pop(0), move.received_at)
            yield self._start(start, move)
        for one in cancels:
            self._cancel(one, move.received_at)

    def _cancel(self, one: Cancellation, now: int) -> None:
        errand = (one.account, one.shadow, one.key)
        for call in self._open(errand, now):
            call.fate = "cancelled"
        self.waiting.pop(errand, None)
        if one.lasts:
            self.marks[errand] = max(self.marks.get(errand, 0), now + one.lasts * 1000)

    def _start(self, start: BotStart, move: Move) -> Played:
        now = move.received_at
        fate: Fate | None = "waited" if start.due_at > now else None
        call = Played(move.source, start.rule, start.due_at, 0, move.number, fate)
        if start.is_skipped(now):
            call.fate = "late"
        if start.errand:
            call.limit = (start.due_at or now) + start.errand.at_most * 1000
            self._enter(start, call, now)
        return call

    def _enter(self, start: BotStart, call: Played, now: int) -> None:
        """Let a start meet the mark and the waiting calls of its errand."""
        errand = (start.account, start.shadow, start.errand.key if start.errand else "")
        if self.marks.get(errand, 0) > now:
            call.fate = "marked"
            return
        others = self._open(errand, now)
        earlier = [one for one in others if (one.source, one.rule) == (call.source, call.rule)]
        again = start.errand.again if start.errand and earlier else "add"
        if again == "keep":
            call.fate = "kept"
            return
        if again == "replace":
            for one in earlier:
                one.fate = "replaced"
            call.limit = min(one.limit for one in earlier)
            others = [one for one in others if one not in earlier]
        if call.due_at > call.limit:
            call.due_at = call.limit
            call.fate = "waited" if call.due_at > now else None
        is_over = call.fate == "late" or (call.fate is None and start.shadow)
        self.waiting[errand] = others if is_over else [*others, call]

    def _open(self, errand: _Errand, now: int) -> list[Played]:
        """The calls that were not sent yet."""
        known = self.waiting.get(errand, ())
        return [one for one in known if one.due_at > now or one.event == self.event]
