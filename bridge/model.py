"""The immutable values that the layers exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote

from bridge.frozen import frozen
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.text.render import english

Json: TypeAlias = Any
"""A decoded document: dict, list, str, int, jsonpath.exact_numbers.Number, bool, None."""

Order: TypeAlias = Literal["strict", "relaxed", "none"]
OnUncertain: TypeAlias = Literal["hold", "resend"]
Again: TypeAlias = Literal["keep", "replace", "add"]
Late: TypeAlias = Literal["send", "skip"]


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
        """The severity: an error keeps the file from use, a notice only suggests a check."""
        return "warning" if self.code.startswith("W") else "notice" if self.code.startswith("N") else "error"

    @property
    def is_error(self) -> bool:
        return self.level == "error"

    def __lt__(self, other: Finding) -> bool:
        """Order by position, code and message; the slow message is rendered only if the others are equal."""
        mine, others = self._place, other._place
        return mine < others if mine != others else self.message < other.message

    @property
    def _place(self) -> tuple[str, int, int, str]:
        return self.path, self.line, self.column, self.code

    @property
    def whole(self) -> Reason:
        """The reason with its position and code."""
        return Reason(
            MappingCode.FINDING,
            path=self.path,
            line=self.line,
            column=self.column,
            finding=self.code,
            why=self.reason,
        )

    def __str__(self) -> str:
        """The whole finding on one line in English, for logs and machines."""
        return english(self.whole)


@frozen
class Request:
    """A webhook as received: the bytes as sent, nothing decoded."""

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
    """Whether it was sent from this machine while the sandbox is used: it passes every IP list."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to the sender of a webhook."""

    status: int = 200
    body: bytes = b"OK"
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


@frozen
class Event:
    """One thing that happened, as received; a batch webhook contains several."""

    source: str
    id: str
    """The sender's id of it; a digest of the body if the sender gives none."""
    type: str
    """The sender's name for what happened; empty if there is none."""
    received_at: int
    """Unix milliseconds."""
    document: Json
    headers: Mapping[str, str]
    """Lower-case names; a repeated header's values are joined by a comma and a blank."""
    query: Json
    dedup_within: int = 30 * 86400
    """Seconds for which the same id and type from the same source is a repeat; 0: never."""
    note: Reason | None = None
    """Which items of its webhook are in no event."""
    size: int = field(default=0, compare=False)
    """Bytes of the document as stored; 0 if it was not measured, as for a webhook with one event."""
    content: str = ""
    """Distinguishes it from events with the same id and type; usually empty. A digest if other content makes
    a new event, `hand-N` if a person made an event of the repeat N."""
    counts_from: int = 0
    """Unix milliseconds from which due times count; 0: from its receipt. For a replay."""
    former: tuple[tuple[str, str, int], ...] = ()
    """Its id, type and `dedup_within` by former values of `event:`, while repeats of that time may arrive."""


@frozen
class Recipient:
    """The person for whom a bot is started: a subscriber of LeadConverter, or a user in a messenger."""

    subscriber_id: int | None = None
    user_id: str | None = None
    channel_id: str | None = None

    @property
    def key(self) -> str:
        """A unique text per recipient; calls with the same key are sent in order."""
        if self.subscriber_id is not None:
            return f"subscriber:{self.subscriber_id}"
        return f"messenger:{quote(self.channel_id or '', safe='')}/{quote(self.user_id or '', safe='')}"


@frozen
class Errand:
    """The errand of a call, by which later events replace or cancel it while it waits."""

    key: str
    """Its name, unique in the account."""
    again: Again
    """What a new call does if one of its rule waits under the key already: the earlier stays, is replaced, or
    both stay."""
    at_most: int = 86400
    """Seconds by which replacements may put off the moment of the first call."""


@frozen
class BotStart:
    """The value that a rule produces: one start of a bot for a recipient, completely rendered."""

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
    """None: as configured for the account."""
    expires: int = 86400
    """Seconds from the moment it is queued until it is not sent any more."""
    shadow: bool = False
    """Whether it is only recorded, never sent."""
    due_at: int = 0
    """Unix milliseconds before which it is not sent; 0: at once."""
    late: Late = "send"
    """What becomes of it if `due_at` had passed when its event was received."""
    zone: str = ""
    """The time zone that decided `due_at`; empty if none did."""
    errand: Errand | None = None

    def is_skipped(self, received_at: int) -> bool:
        """Whether it never starts because its time had passed when its event was received."""
        return self.late == "skip" and 0 < self.due_at < received_at


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The value that a rule produces to end an errand: its calls that are not being sent yet."""

    rule: str
    item: int
    """Which element of `for_each` it came from, from 0; 0 for a rule without."""
    account: str
    key: str
    lasts: int
    """Seconds during which new calls of the errand are cancelled at once; 0: none."""
    place: int
    """How many starts of the event come before it, in the order of the rules."""
    shadow: bool
    """Whether it ends shadow calls, instead of live ones."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule matched, but a value is missing or invalid: nothing was started for this item."""

    rule: str
    item: int
    key: str
    """Which key of `start` failed: `bot_id`, `subscriber_id`, `variables.amount`."""
    path: str
    """The path or template of the value."""
    reason: Reason

    @property
    def message(self) -> str:
        """The reason in English, for machines."""
        return english(self.reason)


class Match(StrEnum):
    """The result of a rule for an event."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    FAILED = "failed"
    SKIPPED = "skipped"
    """An earlier rule with `stop` matched."""
    DISABLED = "disabled"


class Verdict(NamedTuple):
    """The result of a rule for an event, with the condition and the value that decided it.

    A tuple, because one is made per rule and event: it costs a third of a frozen dataclass.
    """

    rule: str
    match: Match
    condition: str = ""
    """The deciding condition as written, `$.status: paid`; empty if there is none."""
    code: str = ""
    """Why: `absent`, `differs`, `case`, `type`, `not_in`, `less` … (language.conditions lists them)."""
    found: Json = None
    """The value that the condition read, long texts cut; None with the code `absent` if there is none."""
    line: int = 0
    """The line of the condition or rule in its mapping file."""


@frozen
class Application:
    """Everything that a set of rules made of one event."""

    starts: tuple[BotStart, ...]
    failures: tuple[Failure, ...]
    verdicts: tuple[Verdict, ...]
    rules: frozenset[str] = frozenset()
    """The names of all rules if the set is so large that only some have verdicts; else empty."""
    cancels: tuple[Cancellation, ...] = ()

    @property
    def omitted(self) -> int:
        """The number of rules without a verdict: they neither matched nor almost matched."""
        return max(0, len(self.rules) - len(self.verdicts))


@dataclass(frozen=True, slots=True)
class Account:
    """A LeadConverter project: where and how its calls are sent. Never print its token."""

    name: str
    token: str = field(repr=False)
    url: str = "https://leadconverter.ru"
    rate: float = 5.0
    """Calls a second, across all processes."""
    burst: int = 5
    parameters: Literal["auto", "query", "form"] = "auto"
    forced_value: str = "true"
    server_error: Literal["hold", "retry"] = "hold"
    """For a complete 5xx, after which the bot may have started; hold: uncertain, retry: send again."""
    on_uncertain: OnUncertain = "hold"
    call_id_variable: str | None = None
    success: Callable[[Json], Reason | None] | None = field(default=None, repr=False, compare=False)
    """The owner's conditions of success, for the document of a 2xx answer: returns None if they hold, else
    why not. Without it, the dispatcher searches for signs of failure."""
    probe: Literal["empty", "connect"] = "empty"
    """How an open breaker probes LeadConverter: by a POST without parameters, or by a connection."""
    unset: str = ""
    """The variable for the token, if it is not set: nothing is sent, calls wait."""
    timezone: str = ""
    """The time zone of rules that do not say another; empty if the account has none."""


ALERT_KINDS = ("uncertain", "refused", "paused", "failing", "unreadable", "ambiguous", "silent")
"""The kinds of alerts: calls that may have run, calls that ended without starting a bot, paused accounts,
rules that failed, unreadable bodies, sources that send different events with one id, silent sources."""


@dataclass(frozen=True, slots=True)
class AlertStart:
    """The bot that sends alerts to the owner."""

    account: str
    bot_id: int
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Alerts:
    """Where alerts are sent, and of which kinds. Without an address or a bot, none are sent."""

    url: str = field(default="", repr=False)
    """The address that JSON is posted to. It may contain a secret: never print it."""
    start: AlertStart | None = None
    kinds: tuple[str, ...] = ALERT_KINDS
    silence: Mapping[str, int] = field(default_factory=dict)
    """Seconds without webhooks after which a source causes an alert, by source."""
    unset: str = ""
    """The variable for the address, if it is not set: nothing is posted."""

    def wants(self, kind: str) -> bool:
        """Whether alerts of this kind are sent."""
        return kind in self.kinds and bool(self.url or self.start)


ALERT_SOURCE = "alerts"
"""The source of events and calls that the bridge makes to alert its owner."""


DIED = "died"
WATCHDOG = "watchdog"
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
CAUSES = (TIMEOUT, RESET, EOF, LOST, GARBAGE, CUT, HTML, UNREADABLE, DIED, WATCHDOG, INTERNAL, RECORDED)
"""Why a call may have run, besides `http_500`, `http_502` and so on for a 5xx: no answer in time; the
connection reset, closed or lost after the request; bytes that are not HTTP; an answer cut short; a 2xx with
an HTML page or other unreadable content; our process died or failed while sending; older than this list."""


def http_cause(status: int) -> str:
    """The cause for a 5xx answer."""
    return f"http_{status}"


class State(StrEnum):
    """The state of a call."""

    WAITING = "waiting"
    """Not due yet: it is in no queue, and no other call waits for it."""
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
    """The result of an attempt."""

    DONE = "done"
    REFUSED = "refused"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    PAUSE = "pause"
    """Not run, and the account is paused until a person acts; the attempt does not count."""


@frozen
class Call:
    """A bot start in the queue."""

    id: int
    event_id: int
    source: str
    start: BotStart
    state: State
    attempt: int
    """The number of attempts begun; together with the owner it guards every update."""
    answered: int
    """Attempts that ended in an answer or a definite failure, of the 20 allowed."""
    resends: int
    parent: int
    """The call that a person has repeated by this one; 0 for none."""
    owner: str
    created_at: int
    due_at: int
    """Before which nothing is done with it now: until a waiting one is released, or until the next try."""
    expires_at: int
    lease_until: int
    reason: Reason | None = None
    had_uncertain: bool = False
    """Whether an earlier attempt may have run."""
    cause: str = ""
    """Why its last uncertain attempt may have run, one of `CAUSES` or `http_NNN`; empty if there is none."""
    first_due_at: int = 0
    """`due_at` as it was decided when it was stored, for its whole life; 0 for a call at once."""


@frozen
class Attempt:
    """An attempt to send a call, with its result. Times are unix milliseconds."""

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
    """Whether LeadConverter answered that the pace is too high: it is halved."""
    denied: bool = False
    """Whether access was denied or nothing found, as for every call of a wrong token or unpaid project."""
    cause: str = ""
    """Why it may have run, one of `CAUSES` or `http_NNN`; empty if it certainly did, or did not."""
    shape: str = ""
    """The shape of a 2xx answer that counted as done without the owner's conditions of success; else empty.
    Not stored with the attempt."""
