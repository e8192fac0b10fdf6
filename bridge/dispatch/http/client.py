"""Calls go out to LeadConverter, and an attempt comes back, whatever happens in between.

The token stands in the path of every URL. It is masked in each text that leaves this module.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
ASK_DEADLINE: Final = 10.0
"""Seconds for what is not a call: posting an alert, fetching a certificate."""


def wall_clock() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Client:
    """The only way out, for one event loop.

    `now` gives unix milliseconds, for the attempts' times; `deadline` is in seconds.
    """

    def __init__(
        self, transport: Transport, *, deadline: float = DEADLINE, now: Callable[[], int] = wall_clock
    ) -> None:
        self.transport = transport
        self.deadline = deadline
        self.now = now

    async def send(self, account: Account, call: Call) -> Attempt:
        """One attempt of one call. Never raises for anything that the network or LeadConverter do."""
        started = self.now()
        seen = await self.see(account, call)
        ended = self.now()
        answer = decode(seen, account.token)
        shown = judge(
            seen, answer, account, ended, had_uncertain=call.had_uncertain, forced=call.start.forced
        )
        asked = shown.outcome is Outcome.DONE and seen.status != 409 and account.success is None
        shape = shape_of(seen, answer) if asked else ""
        return attempt_of(seen, answer, shown, shape, account.token, started, ended)

    async def see(self, account: Account, call: Call) -> Exchange:
        try:
            outgoing = build(call.start, account, call.id)
        except UnsendableError as fault:
            return Exchange(Phase.BUILDING, fault.whole)
        return await self.exchange(outgoing)

    async def exchange(self, outgoing: Outgoing) -> Exchange:
        try:
            request = prepared(outgoing.method, outgoing.url, outgoing.headers, outgoing.body)
            return (await self.transport.send(request, self.deadline)).seen
        except BrokenError as broken:
            return broken.seen

    async def probe(self, account: Account) -> Probe:
        """Ask LeadConverter for nothing: no probe can start a bot. Never raises for what the network does."""
        if account.probe == "connect":
            return connected(await self.transport.probe(method_url(account), self.deadline), account)
        return judged(await self.exchange(empty(account)), account, self.now())

    async def post(self, url: str, body: bytes) -> Reason | None:
        """Post JSON to an address of the owner's; None when it was taken, else why not. Never raises.

        The address may hold a secret, so that it stands in no text.
        """
        headers = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body))}
        found = await self.ask(prepared("POST", without_fragment(url), headers, body))
        return found if isinstance(found, Reason) else None

    async def get(self, url: str) -> bytes | Reason:
        """What is at an address, or why it cannot be fetched. Never raises."""
        found = await self.ask(prepared("GET", without_fragment(url), {}))
        if isinstance(found, Reason):
            return found
        return Reason(CallCode.TOO_LONG, status=found.status) if found.oversized else found.body

    async def ask(self, request: PreparedRequest) -> Exchange | Reason:
        """A complete answer with a status of success, or what came instead."""
        try:
            seen = (await self.transport.send(request, min(self.deadline, ASK_DEADLINE))).seen
        except BrokenError as broken:
            return broken.seen.fault or Reason(CallCode.CONNECTION_FAILED)
        fine = seen.status is not None and 200 <= seen.status < 300
        return seen if fine else Reason(CallCode.ANSWERED, status=seen.status)

    def close(self) -> None:
        """Drop the idle connections."""
        self.transport.close()


def prepared(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> PreparedRequest:
    """As requests would prepare it, without parsing and quoting again what is encoded already."""
    request = PreparedRequest()
    request.method = method
    request.url = url
    request.body = body
    own = {"Accept-Encoding": "identity", "User-Agent": f"leadbridge/{__version__}"}
    request.headers = CaseInsensitiveDict({**headers, **own})
    return request


def without_fragment(url: str) -> str:
    """The address as it is asked for."""
    bare = urlsplit(url)
    return urlunsplit(bare._replace(path=bare.path or "/", fragment=""))


def attempt_of(
    seen: Exchange, answer: Answer, shown: Shown, shape: str, token: str, started: int, ended: int
) -> Attempt:
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
        shape=shape,
    )
