"""One thing that is wrong now, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason

Kind: TypeAlias = Literal[
    "database", "migrations", "disk", "broken", "stale", "empty", "variables",
    "late", "paused", "resting", "held", "uncertain", "answer", "unstarted",
    "failing", "unreadable", "rejected", "silent", "ambiguous", "unheard",
]  # fmt: skip
Level: TypeAlias = Literal["blocks", "bad", "warn", "hint"]
"""`blocks`: no webhook is accepted. `hint`: nothing is wrong, somebody may have forgotten something."""


class Place(NamedTuple):
    """A page of the console, or a change that can be made there, by its name and arguments."""

    page: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that somebody should see to. Texts begin small and have no full stop."""

    kind: Kind
    level: Level
    about: Reason
    """The part of the installation, the account or the source."""
    title: Reason
    lines: tuple[Reason, ...] = ()
    """More about it, and what to do."""
    command: str = ""
    """What to type; empty where no command helps."""
    place: Place | None = None
    """Where it is seen to in the console."""
    change: Place | None = None
    """The change in the console that ends it."""


def sentence(one: Problem) -> Reason:
    """All of it on one line."""
    run = (Reason(ProblemCode.RUN, command=one.command),) if one.command else ()
    return Reason(ProblemCode.SENTENCE, parts=(one.title, *one.lines, *run))
