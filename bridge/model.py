"""The frozen values that the layers hand to one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote

from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.text.render import english

Json: TypeAlias = Any
"""A decoded document: dict, list, str, int, language.numbers.Number, bool, None."""

Order: TypeAlias = Literal["strict", "relaxed", "none"]
OnUncertain: TypeAlias = Literal["hold", "resend"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong or suspicious in a mapping or a setting.

    Lines and columns count from 1. A code that begins with W is a warning, one with N a notice, any other
    an error.
    """

    path: str
    line: int
    column: int
    code: str
    reason: Reason

    @property
    def message(self) -> str:
        """What is wrong in English, for machines."""
        return english(self.reason)

    @property
    def level(self) -> Literal["error", "warning", "notice"]:
        """How much it matters: an error keeps the file from use, a notice only asks for a second look."""
        return "warning" if self.code.startswith("W") else "notice" if self.code.startswith("N") else "error"

    @property
    def is_error(self) -> bool:
        return self.level == "error"

    def __lt__(self, other: Finding) -> bool:
        """By place, code and message; the message is made only where the others are the same."""
        mine, others = self._place, other._place
        return mine < others if mine != others else self.message < other.message

    @property
    def _place(self) -> tuple[str, int, int, str]:
        return self.path, self.line, self.column, self.code

    @property
    def whole(self) -> Reason:
        """The reason with its place and code."""
        return Reason(
            MappingCode.FINDING,
            path=self.path,
            line=self.line,
            column=self.column,
            finding=self.code,
            why=self.reason,
        )

    def __str__(self) -> str:
        """All of it on one line in English, for logs and machines."""
        return english(self.whole)


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook as it came in: the bytes as sent, nothing decoded."""

    method: str
    query: str
    """The raw query string, percent-encoded, without the question mark."""
    headers: tuple[tuple[str, str], ...]
    """As received, in order; names may repeat and differ in case."""
    body: bytes
    client: str
    """The sender's IP address, behind the proxies that the owner trusts."""
    path_token: str | None = None
    """What follows /hooks/<source>/ in the path."""
    local: bool = False
    """Sent from this machine while the sandbox stands in for LeadConverter: passes every IP list."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender of a webhook hears."""

    status: int = 200
    body: bytes = b"OK"
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as received; a batch webhook holds several."""

    source: str
    id: str
    """The sender's own id of it, or a digest of the body where the sender gives none."""
    type: str
    """The sender's name for what happened; empty where it has none."""
    received_at: int
    """Unix milliseconds."""
    document: Json
    headers: Mapping[str, str]
    """Lower-case names; a repeated header's values are joined by a comma and a blank."""
    query: Json
    dedup_within: int = 30 * 86400
    """Seconds for which the same id and type from the same source is a repeat; 0 switches repeats off."""
    note: Reason | None = None
    """What of its webhook is in no event."""
    size: int = field(default=0, compare=False)
    """Bytes of the document as stored; 0 where it was not measured, as of a webhook that is one event."""
    content: str = ""
    """What else distinguishes it from events of the same id and type; usually empty. A digest where other
    content makes a new event, `hand-N` where a person made an event of the repeat N."""
    former: tuple[tuple[str, str, int], ...] = ()
    """Its id, type and `dedup_within` as its source read them before `event:` changed, while a repeat may
    still come."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a bot is started for: a subscriber of LeadConverter, or a person in a messenger's channel."""

    subscriber_id: int | None = None
    user_id: str | None = None
    channel_id: str | None = None

    @property
    def key(self) -> str:
        """One text per recipient: the lane in which its calls keep their order."""
        if self.subscriber_id is not None:
            return f"subscriber:{self.subscriber_id}"
        return f"messenger:{quote(self.channel_id or '', safe='')}/{quote(self.user_id or '', safe='')}"


@dataclass(frozen=True, slots=True)
class BotStart:
    """The value that a rule produces: one start of one bot for one recipient, rendered for good."""

    rule: str
    item: int
    """Which element of `for_each` it came from, from 0; 0 for a rule without."""
    account: str
    recipient: Recipient
    bot_id: int
    variables: tuple[tuple[str, str], ...] = ()
    forced: bool = False
    order: Order = "relaxed"
    on_uncertain: OnUncertain | None = None
    """None: as the account says."""
    expires: int = 86400
    """Seconds after acceptance beyond which it is not sent any more."""
    shadow: bool = False
    """Recorded, never sent."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule matched, but what it needs is missing or invalid: nothing was started for this item."""

    rule: str
    item: int
    key: str
    """Which key of `start` failed: `bot_id`, `subscriber_id`, `variables.amount`."""
    path: str
    """The path or template that was to give the value."""
    reason: Reason

    @property
    def message(self) -> str:
        """Why, in English, for machines."""
        return english(self.reason)


class Match(StrEnum):
    """What a rule made of an event."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    FAILED = "failed"
    SKIPPED = "skipped"
    """An earlier rule said `stop`."""
    DISABLED = "disabled"


class Verdict(NamedTuple):
    """What one rule made of one event, and which condition decided on what value.

    A tuple, because one is made per rule and event: it costs a third of a frozen dataclass.
    """

    rule: str
    match: Match
    condition: str = ""
    """The deciding condition as the owner wrote it, `$.status: paid`; empty where none decided."""
    code: str = ""
    """Why: `absent`, `differs`, `case`, `type`, `not_in`, `less` … (language.conditions lists them)."""
    found: Json = None
    """The value the condition looked at, long texts cut; absent is None with the code `absent`."""
    line: int = 0
    """Of the condition or rule in its mapping file."""


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that a rule set made of one event."""

    starts: tuple[BotStart, ...]
    failures: tuple[Failure, ...]
    verdicts: tuple[Verdict, ...]
    rules: frozenset[str] = frozenset()
    """The names of all rules of a set so large that verdicts are told only of some; else empty."""

    @property
    def omitted(self) -> int:
        """How many rules have no verdict here: they did not match, and were not near."""
        return max(0, len(self.rules) - len(self.verdicts))


@dataclass(frozen=True, slots=True)
class Account:
    """One LeadConverter project: where and how calls for it go out. Never print its token."""

    name: str
    token: str = field(repr=False)
    url: str = "https://leadconverter.ru"
    rate: float = 5.0
    """Calls a second, across all processes."""
    burst: int = 5
    parameters: Literal["auto", "query", "form"] = "auto"
    forced_value: str = "true"
    server_error: Literal["hold", "retry"] = "hold"
    """After a complete 5xx that may follow a bot start; hold: uncertain, retry: sent again."""
    on_uncertain: OnUncertain = "hold"
    call_id_variable: str | None = None
    success: Callable[[Json], Reason | None] | None = field(default=None, repr=False, compare=False)
    """The owner's own conditions of success, asked of the document of a 2xx answer: None where they hold,
    else why not. None: the dispatcher looks for signs of failure."""
    probe: Literal["empty", "connect"] = "empty"
    """How an open breaker asks whether LeadConverter is back: a POST without parameters, or a connection."""
    unset: str = ""
    """The variable that is to have the token and is not set: nothing is sent, calls wait."""


ALERT_KINDS = ("uncertain", "refused", "paused", "failing", "unreadable", "ambiguous", "silent")
"""What an owner may be told of: calls that may have run, calls that ended without a bot started, accounts
on hold, rules that failed, bodies that could not be read, sources whose id does not tell their events apart,
sources that sent nothing for long."""


@dataclass(frozen=True, slots=True)
class AlertStart:
    """The bot that tells the owner."""

    account: str
    bot_id: int
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Alerts:
    """How the owner is told, and of what. Without an address and a bot of nothing."""

    url: str = field(default="", repr=False)
    """Where JSON is posted to. It may hold a secret: never to be printed."""
    start: AlertStart | None = None
    kinds: tuple[str, ...] = ALERT_KINDS
    silence: Mapping[str, int] = field(default_factory=dict)
    """Seconds after which a source that sends nothing is told of, by the source's name."""
    unset: str = ""
    """The variable that is to have the address and is not set: nothing is posted."""

    def wants(self, kind: str) -> bool:
        """Whether the owner is to be told of such a thing at all."""
        return kind in self.kinds and bool(self.url or self.start)


ALERT_SOURCE = "alerts"
"""The source of events and calls that the bridge makes to alert its owner."""


DIED = "died"
INTERNAL = "internal"
TIMEOUT = "timeout"
RESET = "reset"
EOF = "eof"
LOST = "lost"
GARBAGE = "garbage"
CUT = "cut"
HTML = "html"
UNREADABLE = "unreadable"
RECORDED = "recorded"
CAUSES = (TIMEOUT, RESET, EOF, LOST, GARBAGE, CUT, HTML, UNREADABLE, DIED, INTERNAL, RECORDED)
"""Why a call may have run, besides `http_500`, `http_502` and so on for a 5xx: no answer in time; the
connection reset, closed or lost after the request; bytes that are not HTTP; an answer cut short; a 2xx with
an HTML page or other unreadable content; our process died or failed while sending; older than this list."""


def http_cause(status: int) -> str:
    """The cause of an answer whose status alone leaves doubt."""
    return f"http_{status}"


class State(StrEnum):
    """Of a call; delivery's state machine says which follows which."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    DONE = "done"
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


FINAL = frozenset({State.DONE, State.REFUSED, State.EXHAUSTED, State.EXPIRED, State.CANCELLED})


class Outcome(StrEnum):
    """What an attempt showed."""

    DONE = "done"
    REFUSED = "refused"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    PAUSE = "pause"
    """Not run, and no call of this account will be until a person acts: wait without using up a try."""


@dataclass(frozen=True, slots=True)
class Call:
    """A bot start owed to LeadConverter, as the queue has it."""

    id: int
    event_id: int
    source: str
    start: BotStart
    state: State
    attempt: int
    """Tries begun so far; together with the owner it guards every step."""
    answered: int
    """Tries that ended in an answer or a definite failure, of the 20 allowed."""
    resends: int
    parent: int
    """The call that this one repeats at a person's word; 0 for none."""
    owner: str
    created_at: int
    due_at: int
    expires_at: int
    lease_until: int
    reason: Reason | None = None
    had_uncertain: bool = False
    """An earlier attempt of this call may have run."""
    cause: str = ""
    """Why its last attempt in doubt may have run, one of `CAUSES` or `http_NNN`; empty while none was."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a call and what it showed. Times are unix milliseconds."""

    started_at: int
    ended_at: int
    outcome: Outcome
    reason: Reason | None
    phase: str
    """How far the request got: building, resolving, connecting, tls, sending, waiting, reading, complete."""
    status: int | None = None
    content_type: str = ""
    answer: str = ""
    """The first 2 KB of LeadConverter's answer, the token masked."""
    retry_after: float | None = None
    """Seconds that the answer asked to wait."""
    pause_account: bool = False
    slow_down: bool = False
    """LeadConverter said the pace is too high: halve it."""
    denied: bool = False
    """Access denied or not found: a wrong token and an unpaid project look like this for every call."""
    cause: str = ""
    """Why it may have run, one of `CAUSES` or `http_NNN`; empty where it surely did, or surely did not."""
    shape: str = ""
    """Of a 2xx answer that counted as done where the owner has not said what success looks like; else empty.
    Not stored with the attempt."""
