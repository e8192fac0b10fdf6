"""A problem: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason

Kind: TypeAlias = Literal[
    "database", "migrations", "disk", "broken", "stale", "empty", "variables",
    "clock", "late", "overdue", "unknown_account", "paused", "resting", "held", "uncertain", "answer",
    "unstarted", "failing", "unreadable", "rejected", "silent", "ambiguous", "unheard", "unknown_rule",
]  # fmt: skip
Level: TypeAlias = Literal["blocks", "bad", "warn", "hint"]
"""`blocks`: no webhook is accepted. `hint`: nothing is wrong, but something may have been forgotten."""


class Place(NamedTuple):
    """A page of the console, or a change that can be made there, by its name and arguments."""

    page: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that a person should fix. Texts begin in lower case and have no full stop."""

    kind: Kind
    level: Level
    about: Reason
    """The part of the installation, the account or the source."""
    title: Reason
    lines: tuple[Reason, ...] = ()
    """Details, and what to do."""
    command: str = ""
    """The command to run; empty if none helps."""
    place: Place | None = None
    """The page of the console where it can be fixed."""
    change: Place | None = None
    """The action in the console that fixes it."""


def sentence(one: Problem) -> Reason:
    """The whole problem on one line."""
    run = (Reason(ProblemCode.RUN, command=one.command),) if one.command else ()
    return Reason(ProblemCode.SENTENCE, parts=(one.title, *one.lines, *run))
