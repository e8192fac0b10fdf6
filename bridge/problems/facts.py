"""What was looked at before it is said what is wrong. Times are unix milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from bridge.dispatch.policy.breaker import Breaker
from bridge.mapping.compile.compiler import Unset
from bridge.reasons.reason import Reason
from bridge.store.queue.accounts import AccountState
from bridge.store.queue.pauses import Pause
from bridge.store.reports.call_views import Doubt
from bridge.store.reports.repeat_views import AmbiguousSource

Files: TypeAlias = Literal["valid", "empty", "broken", "stale"]
"""Of the mapping folder: `empty` has no file yet, `stale` is broken while an older set is in use."""


class Fault(NamedTuple):
    """What keeps a part of the installation from its work."""

    what: Reason
    hints: tuple[Reason, ...] = ()
    """More about it, and what to do."""


class Late(NamedTuple):
    """The account whose call is late most."""

    account: str
    by: int
    """Milliseconds."""


class Failing(NamedTuple):
    """A rule that matched and lacked a value, so often in the last week."""

    source: str
    rule: str
    many: int


class Rejected(NamedTuple):
    """Webhooks of a source that were rejected in the last day."""

    source: str
    many: int


class Silent(NamedTuple):
    """A source that has sent nothing for longer than its owner said is usual; both in milliseconds."""

    source: str
    quiet: int
    usual: int


@dataclass(frozen=True, slots=True)
class Question:
    """Is such an answer success?"""

    account: str
    shape: str
    call_id: int
    example: str
    """The first such answer, its secrets hidden; empty where it was empty or is purged."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was looked at; a part that was not looked at holds nothing that is wrong."""

    now: int = 0
    database: Fault | None = None
    tables: Fault | None = None
    disk: Fault | None = None
    """Why nothing may be accepted."""
    files: Files = "valid"
    files_why: tuple[Reason, ...] = ()
    """What is wrong in mapping files, or with their folder."""
    unset: tuple[Unset, ...] = ()
    odd_values: Mapping[str, Reason] = field(default_factory=dict)
    """What is wrong with the value of a variable that does not count as set, by its name."""
    late: Late | None = None
    accounts: tuple[AccountState, ...] = ()
    breakers: Mapping[str, Breaker] = field(default_factory=dict)
    """By account."""
    pauses: tuple[Pause, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    answers: tuple[Question, ...] = ()
    unstarted: int = 0
    """Calls that were refused, expired or given up in the last day."""
    failing: tuple[Failing, ...] = ()
    unreadable: int = 0
    """Webhooks of the last week that could not be read."""
    rejected: tuple[Rejected, ...] = ()
    silent: tuple[Silent, ...] = ()
    ambiguous: tuple[AmbiguousSource, ...] = ()
    unheard: tuple[str, ...] = ()
    """Sources of mapping files that never sent anything."""
