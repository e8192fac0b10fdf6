"""What an attempt showed: from what was seen to an outcome and a sentence for the owner. Pure.

The rule above all rows: a call is repeated by itself only when LeadConverter cannot have run it, or said
that it failed. The phase decides what may have run; an exception's type does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from bridge.dispatch.answer import Answer, message_of
from bridge.dispatch.seen import BEFORE_SENT, Phase, Seen
from bridge.dispatch.signs import Complaint, Reach, complaint, out_of_reach, spoken
from bridge.model import CUT, HTML, LOST, UNREADABLE, Account, Outcome, Streak, http_cause
from bridge.text.render import english

UNSUBSCRIBED: Final = "the subscriber is unsubscribed (sent a stop word); `forced: true` would reach them"
BLOCKED: Final = "the subscriber has forbidden messages in the messenger; nothing reaches them, forced or not"
SENTENCES: Final = {"unsubscribed": UNSUBSCRIBED, "blocked": BLOCKED}


@dataclass(frozen=True, slots=True)
class Shown:
    """The outcome of one attempt, why, and what it means for the account's other calls."""

    outcome: Outcome
    reason: str
    retry_after: float | None = None
    """Seconds, between one and 3,600."""
    pause_account: bool = False
    slow_down: bool = False
    streak: Streak | None = None
    cause: str = ""
    """Why it may have run: one of `model.CAUSES` or `http_NNN`."""


# What a status alone decides. The words come before the answer's own message.
ROWS: Final = {
    # The token is not accepted: no call of this account can succeed, none is used up on it.
    401: Shown(Outcome.PAUSE, "the token is not accepted", pause_account=True),
    # Denied or not there: the call's fault, or a wrong token's, or an unpaid project's. Several in a row
    # pause whatever their words (streaks.py).
    402: Shown(Outcome.REFUSED, "payment is required", streak=Streak.DENIAL),
    403: Shown(Outcome.REFUSED, "access is denied", streak=Streak.DENIAL),
    404: Shown(
        Outcome.REFUSED,
        "not found: the bot, the subscriber, or the method for this token",
        streak=Streak.DENIAL,
    ),
    410: Shown(Outcome.REFUSED, "gone: the bot, the subscriber, or the method", streak=Streak.DENIAL),
    # Not run because of the moment, not because of the call.
    408: Shown(Outcome.RETRY, "LeadConverter gave up waiting for the request"),
    421: Shown(Outcome.RETRY, "the wrong server was reached"),
    425: Shown(Outcome.RETRY, "too early"),
    429: Shown(Outcome.RETRY, "too many calls a second", slow_down=True),
    503: Shown(Outcome.RETRY, "LeadConverter is not available now"),
    # It exists already: after an attempt whose end is unknown that is the proof that it ran.
    409: Shown(Outcome.REFUSED, "it conflicts with what is there"),
    # The request itself is at fault: the same bytes would meet the same answer.
    413: Shown(Outcome.REFUSED, "the request is too large"),
    414: Shown(Outcome.REFUSED, "the URL is too long; `parameters: form` may help"),
    422: Shown(Outcome.REFUSED, "a parameter is not valid"),
    431: Shown(Outcome.REFUSED, "the request's head is too large; `parameters: form` may help"),
    501: Shown(Outcome.REFUSED, "the method is not implemented there"),
    505: Shown(Outcome.REFUSED, "the HTTP version is not spoken there"),
}
# 400 405 406 411 415 and the statuses that nobody expects, by their hundreds; 5xx may have run.
FAMILIES: Final = {
    3: Shown(Outcome.REFUSED, "a redirect, not followed because the token is in the URL", pause_account=True),
    4: Shown(Outcome.REFUSED, "the request is not accepted"),
    5: Shown(Outcome.RETRY, "LeadConverter failed"),
}


def judge(
    seen: Seen,
    answer: Answer,
    account: Account,
    now: int,
    *,
    had_uncertain: bool = False,
    forced: bool = False,
) -> Shown:
    """What was seen, as delivery's table reads it. `now` is unix milliseconds, for dates in Retry-After.

    The status chooses the class, words only the sentence; in a 2xx words may refuse this one call.
    `had_uncertain`: an earlier attempt of the same call may have run. `forced`: the call was sent so.
    """
    if seen.phase in BEFORE_SENT:
        return unsent(seen)
    if seen.status is None:
        reason = f"all {seen.total} bytes were sent, then {seen.fault}; it may have run"
        return doubtful(reason, seen.cause or LOST)
    family = seen.status // 100
    if family == 2:
        shown = success(seen, answer, account, forced=forced)
    elif family == 5:
        shown = server_error(seen, answer, account)
    else:
        shown = definite(seen.status, message_of(answer), forced=forced)
    if seen.status == 409 and had_uncertain:
        return Shown(Outcome.DONE, "answered 409 after an attempt that may have run: it ran")
    return with_retry_after(shown, seen, now)


def unsent(seen: Seen) -> Shown:
    """The whole request was never handed over, so it cannot have run."""
    if seen.phase is Phase.BUILDING:
        return Shown(Outcome.REFUSED, f"it cannot be sent: {seen.fault}")
    if seen.bad_certificate:
        reason = f"nothing was sent: the server's certificate is not valid: {seen.fault}"
        return Shown(Outcome.PAUSE, reason, pause_account=True)
    if seen.sent:
        return Shown(Outcome.RETRY, f"only {seen.sent} of {seen.total} bytes were sent: {seen.fault}")
    return Shown(Outcome.RETRY, f"nothing was sent: {seen.fault}")


def success(seen: Seen, answer: Answer, account: Account, *, forced: bool) -> Shown:
    """A 2xx is success unless it says otherwise, is a page for people, or cannot be read to its end.

    The owner's `success` goes before all but a cut: where it holds, the call is done.
    """
    heading = f"answered {seen.status}"
    if seen.phase is not Phase.COMPLETE:
        return doubtful(f"probably done: {heading}, but {seen.fault}", CUT)
    unmet = "" if account.success is None else english(account.success(spoken(answer)))
    if account.success is not None and not unmet:
        return Shown(Outcome.DONE, heading)
    if doubt := strange(seen, answer, heading):
        return doubt
    found = complaint(answer, unmet if answer.is_json else "", forced=forced)
    if found is not None:
        return complained(heading, found)
    if unmet:
        reason = f"{heading}, but not with the JSON that `success` looks at; it may have run"
        return doubtful(reason, UNREADABLE)
    if not answer.is_json and answer.is_long:
        return doubtful(f"{heading} with a long text instead of the API's answer", UNREADABLE)
    return Shown(Outcome.DONE, heading)


def strange(seen: Seen, answer: Answer, heading: str) -> Shown | None:
    """A complete 2xx that is no answer of the API, or cannot be read; None for others."""
    if answer.is_html:
        reason = f"{heading} with {message_of(answer)} instead of the API's answer"
        return doubtful(reason, HTML, Streak.PAGE)
    if seen.oversized:
        reason = f"probably done: {heading} with an answer too long to be read whole"
        return doubtful(reason, UNREADABLE)
    if not answer.readable:
        return doubtful(f"{heading} with unreadable content", UNREADABLE)
    if answer.claims_json and not answer.is_json and (answer.text.strip() or not seen.framed):
        reason = f"probably done: {heading}, but its JSON is broken off or not JSON"
        return doubtful(reason, UNREADABLE)
    return None


def complained(heading: str, found: Complaint) -> Shown:
    """A 2xx that speaks of failure counts as the status it should have had."""
    if found.unmet:
        heading = f"{heading}, which is not what `success` asks for"
    elif found.by_words:
        heading = f"{heading}, refused by its words"
    else:
        heading = f"{heading} but says that it failed"
    return phrased(ROWS[found.like], heading, found.message, found.reach)


def server_error(seen: Seen, answer: Answer, account: Account) -> Shown:
    """A 5xx other than those in ROWS may come after the bot was started, so it leaves doubt."""
    status = seen.status or 500
    cause = http_cause(status)
    if seen.phase is not Phase.COMPLETE:
        return doubtful(f"answered {status}, but {seen.fault}; it may have run", cause)
    shown = definite(status, message_of(answer))
    if status in ROWS:
        return shown
    outcome = Outcome.UNCERTAIN if account.server_error == "hold" else Outcome.RETRY
    return replace(shown, outcome=outcome, reason=f"{shown.reason}; it may have run", cause=cause)


def doubtful(reason: str, cause: str, streak: Streak | None = None) -> Shown:
    """It may have run."""
    return Shown(Outcome.UNCERTAIN, reason, streak=streak, cause=cause)


def definite(status: int, message: str, *, forced: bool = False) -> Shown:
    """What a status other than 2xx decides, whatever the body says."""
    row = ROWS.get(status) or FAMILIES[status // 100]
    return phrased(row, f"answered {status}: {row.reason}", message, out_of_reach(message, forced=forced))


def phrased(row: Shown, heading: str, message: str, reach: Reach) -> Shown:
    """The row with its sentence; the two ways in which a subscriber is out of reach have their own."""
    reason = f"{heading}: {message}" if message else heading
    if reach and row.outcome is Outcome.REFUSED and not row.pause_account:
        reason = f"{SENTENCES[reach]} ({reason})"
    return replace(row, reason=reason)


def with_retry_after(shown: Shown, seen: Seen, now: int) -> Shown:
    if shown.outcome is not Outcome.RETRY:
        return shown
    return replace(shown, retry_after=retry_after(seen.headers.get("retry-after", ""), now))


def retry_after(text: str, now: int) -> float | None:
    """Seconds to wait, from a number or an HTTP date, kept between 1 s and 1 h; None if it is neither."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(min(max(int(text[:9]), 1), 3600))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment.timestamp() - now / 1000, 1.0), 3600.0)
