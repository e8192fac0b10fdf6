"""What an attempt showed: from what was seen to an outcome and its reason. Pure.

The rule above all rows: a call is repeated by itself only when LeadConverter cannot have run it, or said
that it failed. The phase decides what may have run; an exception's type does not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from bridge.dispatch.http.exchange import BEFORE_SENT, Exchange, Phase
from bridge.dispatch.policy.answer import Answer, message_of, words_of
from bridge.dispatch.policy.answer_words import Complaint, Reach, complaint, out_of_reach, spoken
from bridge.frozen import frozen
from bridge.model import CUT, HTML, LOST, UNREADABLE, Account, Outcome, http_cause
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason

OUT_OF_REACH: Final = {"unsubscribed": CallCode.UNSUBSCRIBED, "blocked": CallCode.BLOCKED}


@frozen
class Shown:
    """The outcome of one attempt, why, and what it means for the account's other calls."""

    outcome: Outcome
    reason: Reason
    retry_after: float | None = None
    """Seconds, between one and 3,600."""
    pause_account: bool = False
    slow_down: bool = False
    denied: bool = False
    """Pauses the account once several come in a row."""
    cause: str = ""
    """Why it may have run: one of `model.CAUSES` or `http_NNN`."""


# What a status alone decides. The meaning comes before the answer's own message.
ROWS: Final = {
    # The token is not accepted: no call of this account can succeed, none is used up on it.
    401: Shown(Outcome.PAUSE, Reason(CallCode.UNAUTHENTICATED), pause_account=True),
    # Denied or not there: the call's fault, or a wrong token's, or an unpaid project's. Several in a row
    # pause the account, with any message (account_errors.py).
    402: Shown(Outcome.REFUSED, Reason(CallCode.UNPAID), denied=True),
    403: Shown(Outcome.REFUSED, Reason(CallCode.ACCESS_DENIED), denied=True),
    404: Shown(Outcome.REFUSED, Reason(CallCode.NOT_FOUND), denied=True),
    410: Shown(Outcome.REFUSED, Reason(CallCode.GONE), denied=True),
    # Not run because of the moment, not because of the call.
    408: Shown(Outcome.RETRY, Reason(CallCode.GAVE_UP)),
    421: Shown(Outcome.RETRY, Reason(CallCode.WRONG_SERVER)),
    425: Shown(Outcome.RETRY, Reason(CallCode.TOO_EARLY)),
    429: Shown(Outcome.RETRY, Reason(CallCode.TOO_MANY), slow_down=True),
    503: Shown(Outcome.RETRY, Reason(CallCode.UNAVAILABLE)),
    # It exists already: after an attempt whose end is unknown that is the proof that it ran.
    409: Shown(Outcome.REFUSED, Reason(CallCode.CONFLICT)),
    # The request itself is at fault: the same bytes would meet the same answer.
    413: Shown(Outcome.REFUSED, Reason(CallCode.TOO_LARGE)),
    414: Shown(Outcome.REFUSED, Reason(CallCode.URL_REFUSED)),
    422: Shown(Outcome.REFUSED, Reason(CallCode.BAD_PARAMETER)),
    431: Shown(Outcome.REFUSED, Reason(CallCode.HEAD_REFUSED)),
    501: Shown(Outcome.REFUSED, Reason(CallCode.NO_SUCH_METHOD)),
    505: Shown(Outcome.REFUSED, Reason(CallCode.HTTP_VERSION)),
}
# 400 405 406 411 415 and the statuses that nobody expects, by their hundreds; 5xx may have run.
FAMILIES: Final = {
    3: Shown(Outcome.REFUSED, Reason(CallCode.REDIRECT), pause_account=True),
    4: Shown(Outcome.REFUSED, Reason(CallCode.NOT_ACCEPTED)),
    5: Shown(Outcome.RETRY, Reason(CallCode.FAILED)),
}


def judge(
    seen: Exchange,
    answer: Answer,
    account: Account,
    now: int,
    *,
    had_uncertain: bool = False,
    forced: bool = False,
) -> Shown:
    """What was seen, as delivery's table reads it. `now` is unix milliseconds, for dates in Retry-After.

    The status chooses the class, words only the reason; in a 2xx words may refuse this one call.
    `had_uncertain`: an earlier attempt of the same call may have run. `forced`: the call was sent so.
    """
    if seen.phase in BEFORE_SENT:
        return unsent(seen)
    if seen.status is None:
        silent = Reason(CallCode.ALL_SENT_THEN, total=seen.total, fault=seen.fault)
        return doubtful(may_have_run(silent), seen.cause or LOST)
    family = seen.status // 100
    if family == 2:
        shown = success(seen.status, seen, answer, account, forced=forced)
    elif family == 5:
        shown = server_error(seen, answer, account)
    else:
        shown = definite(seen.status, answer, forced=forced)
    if seen.status == 409 and had_uncertain:
        return Shown(Outcome.DONE, Reason(CallCode.RAN))
    return with_retry_after(shown, seen, now)


def unsent(seen: Exchange) -> Shown:
    """The whole request was never handed over, so it cannot have run."""
    if seen.phase is Phase.BUILDING:
        return Shown(Outcome.REFUSED, Reason(CallCode.UNSENDABLE, fault=seen.fault))
    if seen.bad_certificate:
        certificate = Reason(CallCode.BAD_CERTIFICATE, fault=seen.fault)
        return Shown(Outcome.PAUSE, Reason(CallCode.UNSENT, fault=certificate), pause_account=True)
    if seen.sent:
        partly = Reason(CallCode.PARTLY_SENT, sent=seen.sent, total=seen.total, fault=seen.fault)
        return Shown(Outcome.RETRY, partly)
    return Shown(Outcome.RETRY, Reason(CallCode.UNSENT, fault=seen.fault))


def success(status: int, seen: Exchange, answer: Answer, account: Account, *, forced: bool) -> Shown:
    """A 2xx is success unless it says otherwise, is a page for people, or cannot be read to its end.

    The owner's `success` goes before all but a cut: where it holds, the call is done.
    """
    if seen.phase is not Phase.COMPLETE:
        return doubtful(probably(Reason(CallCode.ANSWERED_BUT, status=status, fault=seen.fault)), CUT)
    unmet = None if account.success is None else account.success(spoken(answer))
    if account.success is not None and not unmet:
        return Shown(Outcome.DONE, Reason(CallCode.ANSWERED, status=status))
    if doubt := strange(status, seen, answer):
        return doubt
    found = complaint(answer, unmet if answer.is_json else None, forced=forced)
    if found is not None:
        return complained(status, found)
    if unmet:
        return doubtful(may_have_run(Reason(CallCode.NOT_THE_JSON, status=status)), UNREADABLE)
    if not answer.is_json and answer.is_long:
        long = Reason(CallCode.LONG_TEXT)
        return doubtful(Reason(CallCode.INSTEAD, status=status, content=long), UNREADABLE)
    return Shown(Outcome.DONE, Reason(CallCode.ANSWERED, status=status))


def strange(status: int, seen: Exchange, answer: Answer) -> Shown | None:
    """A complete 2xx that is no answer of the API, or cannot be read; None for others."""
    if answer.is_html:
        return doubtful(Reason(CallCode.INSTEAD, status=status, content=message_of(answer)), HTML)
    if seen.oversized:
        return doubtful(probably(Reason(CallCode.TOO_LONG, status=status)), UNREADABLE)
    if not answer.readable:
        return doubtful(Reason(CallCode.UNREADABLE, status=status), UNREADABLE)
    if answer.claims_json and not answer.is_json and (answer.text.strip() or not seen.framed):
        return doubtful(probably(Reason(CallCode.BROKEN_JSON, status=status)), UNREADABLE)
    return None


def complained(status: int, found: Complaint) -> Shown:
    """A 2xx that speaks of failure counts as the status it should have had."""
    if found.unmet:
        reason = Reason(CallCode.UNMET, status=status, why=found.message)
    else:
        code = CallCode.BY_WORDS if found.by_words else CallCode.COMPLAINT
        reason = Reason(code, status=status, message=found.message)
    return because(ROWS[found.like], reason, found.reach)


def server_error(seen: Exchange, answer: Answer, account: Account) -> Shown:
    """A 5xx other than those in ROWS may come after the bot was started, so it leaves doubt."""
    status = seen.status or 500
    cause = http_cause(status)
    if seen.phase is not Phase.COMPLETE:
        cut = Reason(CallCode.ANSWERED_BUT, status=status, fault=seen.fault)
        return doubtful(may_have_run(cut), cause)
    shown = definite(status, answer)
    if status in ROWS:
        return shown
    outcome = Outcome.UNCERTAIN if account.server_error == "hold" else Outcome.RETRY
    return replace(shown, outcome=outcome, reason=may_have_run(shown.reason), cause=cause)


def doubtful(reason: Reason, cause: str) -> Shown:
    """It may have run."""
    return Shown(Outcome.UNCERTAIN, reason, cause=cause)


def may_have_run(reason: Reason) -> Reason:
    return Reason(CallCode.MAY_HAVE_RUN, reason=reason)


def probably(reason: Reason) -> Reason:
    """It was answered with success, but the answer could not be read to its end."""
    return Reason(CallCode.PROBABLY_DONE, reason=reason)


def definite(status: int, answer: Answer, *, forced: bool = False) -> Shown:
    """What a status other than 2xx decides, with any body."""
    row, message = ROWS.get(status) or FAMILIES[status // 100], message_of(answer)
    reason = Reason(
        CallCode.ANSWERED_MEANING,
        status=status,
        meaning=row.reason,
        message=Reason(CallCode.ADDED, text=message) if message else None,
    )
    return because(row, reason, out_of_reach(words_of(answer), forced=forced))


def because(row: Shown, reason: Reason, reach: Reach) -> Shown:
    """The row with its reason; the two ways in which a subscriber is out of reach have their own."""
    if reach and row.outcome is Outcome.REFUSED and not row.pause_account:
        reason = Reason(OUT_OF_REACH[reach], answer=reason)
    return replace(row, reason=reason)


def with_retry_after(shown: Shown, seen: Exchange, now: int) -> Shown:
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
