"""Handles a webhook: receive → match → store in one transaction → reply."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple, TypeAlias

from bridge.errors import BridgeError, Overloaded, StoreUnavailable
from bridge.logs import RateLimitedLog
from bridge.mapping.rules.apply import MappingFile
from bridge.mapping.rules.comparison import difference, is_same, with_content_digests
from bridge.mapping.rules.webhook import apply_to_webhook
from bridge.mapping_loader import MappingLoader
from bridge.model import Application, Event, Reply, Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.store.db.writer import Writer
from bridge.store.inbox.events import Delivery, Stored
from bridge.store.inbox.refusals import Refusal
from bridge.text.render import english
from bridge.webhook.budget import OverBudgetError
from bridge.webhook.incoming import NO_TRUST, Trust
from bridge.webhook.source import Accepted, Answered, Reception, Refused, Source, Unreadable

log = logging.getLogger(__name__)

BUSY = Reply(503, b"try again later\n", headers=(("Retry-After", "5"),))
"""Not accepted: nothing was stored, and the sender should retry."""
UNKNOWN = Reply(404, b"no such source\n")

_REFUSED = {
    400: Reply(400, b"unreadable body\n"),
    401: Reply(401, b"not authorised\n"),
    405: Reply(405, b"method not allowed\n"),
    413: Reply(413, b"body too large\n"),
    415: Reply(415, b"unsupported content type\n"),
    503: BUSY,
}
_ANSWERED = {"handshake": Reason(WebhookCode.HANDSHAKE), "ping": Reason(WebhookCode.PING)}
_UNVERIFIED_KEPT_A_SECOND = 20

ObserveWebhook: TypeAlias = Callable[[str, int, tuple[str, ...], float | None], None]
"""Called for each webhook with its source ("" if unknown), the status of the reply, the results of its
events (`Stored.result`) or why it was not accepted, and the seconds it took (None if it was rejected before
it was complete)."""


class Outcome(NamedTuple):
    """The reply to a webhook's sender, and what happened, as for `ObserveWebhook`."""

    reply: Reply
    source: str
    results: tuple[str, ...] = ()


@dataclass(slots=True)
class Intake:
    """Receives webhooks. Every webhook that `receive` answers with 2xx is on disk."""

    mapping_loader: MappingLoader
    writer: Writer[Delivery | Refusal, tuple[Stored, ...]]
    is_known_source: Callable[[str], bool | None]
    """Whether a source of that name sent anything in the last 30 days; None if that is not known yet."""
    wake: Callable[[], None]
    """Notifies the dispatchers of new calls."""
    no_room: Callable[[], Reason | None]
    """Why the disk has too little space; None if it has enough."""
    trust: Trust = NO_TRUST
    """How senders' certificates are fetched and checked."""
    former: Callable[[Source, int], tuple[Source, ...]] = field(default=lambda *_: ())
    """The former identities of a source whose `event:` has changed, while repeats may arrive; raises
    StoreUnavailable if that is not known yet."""
    observe: ObserveWebhook = field(default=lambda *_: None)
    clock: Callable[[], float] = time.time
    log_limited: RateLimitedLog = field(default_factory=lambda: RateLimitedLog(log.warning))
    _second: int = 0
    _kept: int = 0

    async def receive(self, name: str, request: Request) -> Reply:
        """Handle one webhook, and return the reply to its sender."""
        began = time.perf_counter()
        outcome = await self._receive(name, request)
        self._report(outcome.source, outcome.reply.status, outcome.results, time.perf_counter() - began)
        return outcome.reply

    def reject(self, name: str, status: int, why: Reason, request: Request) -> None:
        """Count a webhook that was rejected before it was complete, and store it if its source is known.

        `why` is for the owner, and contains nothing that was sent. A 503 makes the sender retry, so it is not
        stored.
        """
        source = name if name in self.mapping_loader.current.sources else ""
        self._report(source, status, ("overload",), None)
        if not source or status == BUSY.status:
            self.log_limited(
                "rejected", f"rejected{' from ' if source else ''}{source}: {status} {english(why)}"
            )
            return
        self._keep(source, int(self.clock() * 1000), Refused(status, "http", why), request)

    def _report(self, source: str, status: int, results: tuple[str, ...], seconds: float | None) -> None:
        """Call the observer. Its failure must not change the reply: what was stored would be sent again."""
        try:
            self.observe(source, status, results, seconds)
        except Exception as error:
            self.log_limited("observe", f"a webhook could not be counted: {type(error).__name__}")

    async def _receive(self, name: str, request: Request) -> Outcome:
        if not self.mapping_loader.ready:
            return self._busy("", "mappings", "no valid mappings")
        mapping = self.mapping_loader.current.sources.get(name)
        if mapping is None:
            return self._unknown(name)
        if mapping.unset:
            return self._busy(name, "closed", f"{', '.join(mapping.unset)} not set")
        full = self.no_room()
        if full:
            return self._busy(name, "disk", english(full))
        now = int(self.clock() * 1000)
        return await self._take(mapping, request, await self._reception(mapping.source, request, now), now)

    async def _reception(self, source: Source, request: Request, now: int) -> Reception:
        """What the source makes of the request; on a thread if it may wait for a certificate."""
        if source.check.waits:
            return await asyncio.to_thread(source.receive, request, now, self.trust)
        return source.receive(request, now, self.trust)

    async def _take(self, mapping: MappingFile, request: Request, reception: Reception, now: int) -> Outcome:
        match reception:
            case Accepted(events=events, reply=reply, verified=verified):
                try:
                    events = self._with_former(
                        mapping.source, with_content_digests(mapping, events), request, now
                    )
                    results = apply_to_webhook(mapping, events, request)
                    delivery = _delivery(mapping, request, now, verified, results)
                    if mapping.source.answer.varies:
                        delivery = replace(delivery, reply=reply)
                except OverBudgetError as error:
                    reply = mapping.source.answer.render(None)
                    delivery = _delivery(mapping, request, now, verified, unreadable=error.whole)
                except StoreUnavailable as error:
                    return self._busy(mapping.source.name, "database", error.message)
            case Unreadable(detail=detail, reply=reply, verified=verified):
                delivery = _delivery(mapping, request, now, verified, unreadable=detail)
            case Answered(kind=kind, reply=reply):
                if kind == "handshake" and not self._may_keep(now):
                    return Outcome(reply, mapping.source.name, ("ignored",))
                delivery = _delivery(mapping, request, now, _ANSWERED[kind], ignored=_ANSWERED[kind])
            case Refused():
                return self._refuse(mapping, request, reception, now)
        return await self._store(delivery, reply)

    def _with_former(
        self, current: Source, events: tuple[Event, ...], request: Request, now: int
    ) -> tuple[Event, ...]:
        for source in self.former(current, now):
            before = source.events(request, now)
            events = tuple(
                replace(one, former=(*one.former, (old.id, old.type, old.dedup_within)))
                for one, old in zip(events, before, strict=True)
            )
        return events

    async def _store(self, delivery: Delivery, reply: Reply) -> Outcome:
        try:
            stored = await self.writer.submit(delivery)
        except Overloaded as error:
            return self._busy(delivery.source, "overload", error.message)
        except BridgeError as error:
            return self._busy(delivery.source, "database", error.message)
        if any(one.calls for one in stored):
            self.wake()
        if all(one.duplicate for one in stored):
            reply = stored[0].reply or reply
        return Outcome(reply, delivery.source, tuple([one.result for one in stored]))

    def _refuse(self, mapping: MappingFile, request: Request, refused: Refused, now: int) -> Outcome:
        self._keep(mapping.source.name, now, refused, request)
        return Outcome(_REFUSED[refused.status], mapping.source.name, ("refused",))

    def _keep(self, source: str, now: int, refused: Refused, request: Request) -> None:
        if self._may_keep(now):
            log.info("refused from %s: %s %s", source, refused.status, english(refused.detail))
            mapping = self.mapping_loader.current.sources.get(source)
            secrets = mapping.source.secrets.text if mapping else None
            facts = (refused.status, refused.code, refused.detail)
            self.writer.offer(Refusal(source, now, *facts, request, secrets))

    def _may_keep(self, now: int) -> bool:
        """Limit unverified webhooks per second: a flood must not displace others, or fill log and disk."""
        if now // 1000 != self._second:
            self._second, self._kept = now // 1000, 0
        self._kept += 1
        return self._kept <= _UNVERIFIED_KEPT_A_SECOND

    def _busy(self, source: str, cause: str, text: str) -> Outcome:
        self.log_limited(cause, f"not accepted{' from ' if source else ''}{source}: {text}")
        return Outcome(BUSY, source, (cause,))

    def _unknown(self, name: str) -> Outcome:
        return Outcome(UNKNOWN if self.is_known_source(name) is False else BUSY, "", ("unknown",))


def _delivery(
    mapping: MappingFile,
    request: Request,
    now: int,
    verified: Reason,
    events: tuple[tuple[Event, Application], ...] = (),
    unreadable: Reason | None = None,
    ignored: Reason | None = None,
) -> Delivery:
    return Delivery(
        source=mapping.source.name,
        request=request,
        received_at=now,
        verified=verified,
        rules_version=mapping.version,
        events=events,
        unreadable=unreadable,
        ignored=ignored,
        same=partial(is_same, mapping),
        compare=partial(difference, mapping),
        secrets=mapping.source.secrets.text,
    )
