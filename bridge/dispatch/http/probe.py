"""What a probe of LeadConverter found: whether calls may be tried again after an outage. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.http.token_redaction import masked
from bridge.dispatch.policy.answer import decode
from bridge.dispatch.policy.outcome import judge
from bridge.model import Account, Outcome
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe."""

    passed: bool
    """The first trial call may go."""
    status: int | None = None
    """Of the answer; None where none came, or none was asked for."""
    fault: Reason | None = None
    """Why there was no connection or no whole answer, the token masked."""

    @property
    def found(self) -> Reason:
        """What came: `answered 502`."""
        if self.status is None:
            return self.fault or Reason(CallCode.CONNECTED)
        if self.fault is None:
            return Reason(CallCode.ANSWERED, status=self.status)
        return Reason(CallCode.ANSWERED_BUT, status=self.status, fault=self.fault)


def judged(seen: Exchange, account: Account, now: int) -> Probe:
    """Passed when a call that saw the same would neither be in doubt nor wait for a connection.

    A 4xx passes: the API is there, and a call finds out what a wrong token or a high pace means. A 5xx never
    does, nor does a page in place of the API's answer. An invalid certificate passes, for the call that meets
    it sends nothing and pauses the account. The owner's `success` speaks of bot starts, so it is not asked.
    `now` is unix milliseconds.
    """
    shown = judge(seen, decode(seen, account.token), replace(account, success=None), now)
    answered = seen.status is not None and seen.status < 500
    passed = not shown.cause and (answered or shown.outcome is Outcome.PAUSE)
    return Probe(passed, seen.status, _masked(seen.fault, account))


def connected(seen: Exchange, account: Account) -> Probe:
    """A probe that only connects."""
    passed = seen.phase is Phase.COMPLETE or seen.bad_certificate
    return Probe(passed, fault=_masked(seen.fault, account))


def _masked(fault: Reason | None, account: Account) -> Reason | None:
    return fault and masked(fault, account.token)
