"""Calls go out to LeadConverter, and an attempt comes back, whatever happens in between.

The token stands in the path of every URL. It is masked in each text that leaves this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict

from bridge import __version__
from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.http.probe import Probe, connected, judged
from bridge.dispatch.http.token_redaction import mask, masked
from bridge.dispatch.http.transport import BrokenError, Transport
from bridge.dispatch.policy.answer import KEPT, Answer, decode
from bridge.dispatch.policy.answer_shape import shape_of
from bridge.dispatch.policy.outcome import Shown, judge
from bridge.dispatch.policy.request import Outgoing, UnsendableError, build, empty, method_url
from bridge.model import Account, Attempt, Call, Outcome
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason

DEADLINE: Final = 20.0
"""Seconds for one attempt in all, from the name's resolution to the answer's last byte."""


POST_DEADLINE: Final = 10.0
"""Seconds for posting an alert."""


def wall_clock() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Client:
    """The only way out. Safe to be shared by threads.

    `now` gives unix milliseconds, for the attempts' times; `deadline` is in seconds.
    """

    def __init__(
        self, transport: Transport, *, deadline: float = DEADLINE, now: Callable[[], int] = wall_clock
    ) -> None:
        self.transport = transport
        self.deadline = deadline
        self.now = now

    def send(self, account: Account, call: Call) -> Attempt:
        """One attempt of one call. Never raises for anything that the network or LeadConverter do."""
        started = self.now()
        seen = self.see(account, call)
        ended = self.now()
        answer = decode(seen, account.token)
        shown = judge(
            seen, answer, account, ended, had_uncertain=call.had_uncertain, forced=call.start.forced
        )
        asked = shown.outcome is Outcome.DONE and seen.status != 409 and account.success is None
        shape = shape_of(seen, answer) if asked else ""
        return replace(attempt_of(seen, answer, shown, account.token, started, ended), shape=shape)

    def see(self, account: Account, call: Call) -> Exchange:
        try:
            outgoing = build(call.start, account, call.id)
        except UnsendableError as fault:
            return Exchange(Phase.BUILDING, fault.whole)
        return self.exchange(outgoing)

    def exchange(self, outgoing: Outgoing) -> Exchange:
        try:
            return self.transport.send(prepared(outgoing), timeout=self.deadline).seen
        except BrokenError as broken:
            return broken.seen

    def probe(self, account: Account) -> Probe:
        """Ask LeadConverter for nothing: no probe can start a bot. Never raises for what the network does."""
        if account.probe == "connect":
            return connected(self.transport.probe(method_url(account), self.deadline), account)
        return judged(self.exchange(empty(account)), account, self.now())

    def post(self, url: str, body: bytes) -> Reason | None:
        """Post JSON to an address of the owner's; None when it was taken, else why not. Never raises.

        The address may hold a secret, so that it stands in no text.
        """
        request = PreparedRequest()
        request.method, request.body = "POST", body
        bare = urlsplit(url)
        request.url = urlunsplit(bare._replace(path=bare.path or "/", fragment=""))
        request.headers = CaseInsensitiveDict(
            {
                "Content-Type": "application/json; charset=utf-8",
                "Content-Length": str(len(body)),
                "Accept-Encoding": "identity",
                "User-Agent": f"leadbridge/{__version__}",
            }
        )
        try:
            status = self.transport.send(request, timeout=min(self.deadline, POST_DEADLINE)).status_code
        except BrokenError as broken:
            return broken.seen.fault
        return None if 200 <= status < 300 else Reason(CallCode.ANSWERED, status=status)

    def close(self) -> None:
        """Drop the idle connections."""
        self.transport.close()


def prepared(outgoing: Outgoing) -> PreparedRequest:
    """As requests would prepare it, without parsing and quoting again what is encoded already."""
    request = PreparedRequest()
    request.method = outgoing.method
    request.url = outgoing.url
    request.body = outgoing.body
    request.headers = CaseInsensitiveDict(outgoing.headers)
    request.headers["Accept-Encoding"] = "identity"
    request.headers["User-Agent"] = f"leadbridge/{__version__}"
    return request


def attempt_of(seen: Exchange, answer: Answer, shown: Shown, token: str, started: int, ended: int) -> Attempt:
    """The attempt as it may be kept and shown: every text from outside masked and cut."""
    return Attempt(
        started_at=started,
        ended_at=ended,
        outcome=shown.outcome,
        reason=masked(shown.reason, token),
        phase=seen.phase.value,
        status=seen.status,
        content_type=mask(seen.headers.get("content-type", ""), token)[:200],
        answer=answer.text.encode()[:KEPT].decode("utf-8", errors="ignore"),
        retry_after=shown.retry_after,
        pause_account=shown.pause_account,
        slow_down=shown.slow_down,
        denied=shown.denied,
        cause=shown.cause,
    )
