"""The facts from which the list of problems is made. Times are unix milliseconds."""

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
from bridge.store.reports.trends import Unsent
from bridge.store.state.clock import Jump

Files: TypeAlias = Literal["valid", "empty", "broken", "stale"]
"""The state of the mapping folder: `empty` has no file yet, `stale` is broken, with an older set in use."""


class Fault(NamedTuple):
    """What is wrong with a part of the installation."""

    what: Reason
    hints: tuple[Reason, ...] = ()
    """More about it, and what to do."""


class Late(NamedTuple):
    """The account with the most overdue call."""

    account: str
    by: int
    """Milliseconds."""


class Failing(NamedTuple):
    """A rule with a missing value, and how often it failed in the last week."""

    source: str
    rule: str
    many: int


class Keyed(NamedTuple):
    """A rule that its mapping file does not have, and how many calls wait under its keys."""

    source: str
    rule: str
    many: int


class Rejected(NamedTuple):
    """The number of a source's webhooks that were rejected in the last day."""

    source: str
    many: int


class Silent(NamedTuple):
    """A source that has sent nothing for longer than usual; both times in milliseconds."""

    source: str
    quiet: int
    usual: int


@dataclass(frozen=True, slots=True)
class Question:
    """An answer that the owner should confirm as success."""

    account: str
    shape: str
    call_id: int
    example: str
    """The first such answer without secrets; empty if it was empty or is purged."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The known facts; a part that was not checked is empty, which is no problem."""

    now: int = 0
    database: Fault | None = None
    tables: Fault | None = None
    disk: Fault | None = None
    """Why no webhook can be accepted."""
    files: Files = "valid"
    files_why: tuple[Reason, ...] = ()
    """Errors in mapping files, or of their folder."""
    unset: tuple[Unset, ...] = ()
    odd_values: Mapping[str, Reason] = field(default_factory=dict)
    """Why the value of a variable counts as unset, by its name."""
    late: Late | None = None
    overdue: int = 0
    """Milliseconds since the first waiting call was due, if nobody releases it though the clock can be
    trusted; else 0."""
    clock: Jump | None = None
    """The jump of the database's clock because of which no waiting call is released."""
    accounts: tuple[AccountState, ...] = ()
    unknown_accounts: tuple[Unsent, ...] = ()
    """Accounts that no mapping file has, with calls that are not sent yet."""
    breakers: Mapping[str, Breaker] = field(default_factory=dict)
    """By account."""
    pauses: tuple[Pause, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    answers: tuple[Question, ...] = ()
    unstarted: int = 0
    """Calls that were refused, expired or exhausted in the last day."""
    failing: tuple[Failing, ...] = ()
    unknown_rules: tuple[Keyed, ...] = ()
    unreadable: int = 0
    """Webhooks of the last week that could not be decoded."""
    rejected: tuple[Rejected, ...] = ()
    silent: tuple[Silent, ...] = ()
    ambiguous: tuple[AmbiguousSource, ...] = ()
    unheard: tuple[str, ...] = ()
    """Configured sources that never sent anything."""
