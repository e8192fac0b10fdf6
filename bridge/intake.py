"""The use case of a webhook: receive → match → store in one transaction → reply."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import StoreUnavailable
from bridge.mapping.rules import MappingFile, apply
from bridge.model import Application, Event, Reply, Request
from bridge.rulebook import Rulebook
from bridge.store.events import Delivery, Stored
from bridge.store.refusals import Refusal
from bridge.store.writer import Writer
from bridge.webhook.source import Accepted, Answered, Reception, Refused, Unreadable

log = logging.getLogger(__name__)

BUSY = Reply(503, b"try again later\n", headers=(("Retry-After", "5"),))
"""Not accepted: nothing was stored, and the sender is to send it again."""
UNKNOWN = Reply(404, b"no such source\n")

_REFUSED = {
    400: Reply(400, b"unreadable body\n"),
    401: Reply(401, b"not authorised\n"),
    405: Reply(405, b"method not allowed\n"),
    413: Reply(413, b"body too large\n"),
    415: Reply(415, b"unsupported content type\n"),
    503: BUSY,
}
_REFUSALS_KEPT_A_SECOND = 20


@dataclass(slots=True)
class Intake:
    """Takes webhooks in. Whatever `receive` answers with 2xx is on disk."""

    rulebook: Rulebook
    writer: Writer[Delivery | Refusal, tuple[Stored, ...]]
    heard_of: Callable[[str], bool]
    """Whether a source of that name sent anything in the last 30 days."""
    wake: Callable[[], None]
    """Tells the dispatchers that there are new calls."""
    clock: Callable[[], float] = time.time
    _window: int = 0
    _refused: int = 0

    def receive(self, name: str, request: Request) -> Reply:
        """Everything that one webhook causes, up to the answer to its sender."""
        if not self.rulebook.ready:
            return BUSY
        mapping = self.rulebook.current.sources.get(name)
        if mapping is None:
            return self._unknown(name)
        now = int(self.clock() * 1000)
        return self._take(mapping, request, mapping.source.receive(request, now), now)

    def _take(self, mapping: MappingFile, request: Request, reception: Reception, now: int) -> Reply:
        match reception:
            case Accepted(events=events, reply=reply, verified=verified):
                results = tuple((event, apply(mapping, event)) for event in events)
                delivery = _delivery(mapping, request, now, verified, results)
            case Unreadable(detail=detail, reply=reply, verified=verified):
                delivery = _delivery(mapping, request, now, verified, unreadable=detail)
            case Answered(kind=kind, reply=reply):
                delivery = _delivery(mapping, request, now, kind, ignored=kind)
            case Refused():
                return self._refuse(mapping, request, reception, now)
        return self._store(delivery, reply)

    def _store(self, delivery: Delivery, reply: Reply) -> Reply:
        try:
            stored = self.writer.submit(delivery)
        except StoreUnavailable as error:
            log.warning("not accepted from %s: %s", delivery.source, error)
            return BUSY
        if any(one.calls for one in stored):
            self.wake()
        return reply

    def _refuse(self, mapping: MappingFile, request: Request, refused: Refused, now: int) -> Reply:
        log.info("refused from %s: %s %s", mapping.source.name, refused.status, refused.detail)
        if self._may_keep(now):
            refusal = Refusal(mapping.source.name, now, refused.status, refused.code, refused.detail, request)
            self.writer.offer(refusal)
        return _REFUSED[refused.status]

    def _may_keep(self, now: int) -> bool:
        """A flood of forgeries must not crowd out honest webhooks at the writer."""
        if now // 1000 != self._window:
            self._window, self._refused = now // 1000, 0
        self._refused += 1
        return self._refused <= _REFUSALS_KEPT_A_SECOND

    def _unknown(self, name: str) -> Reply:
        try:
            return BUSY if self.heard_of(name) else UNKNOWN
        except StoreUnavailable:
            return BUSY


def _delivery(
    mapping: MappingFile,
    request: Request,
    now: int,
    verified: str,
    events: tuple[tuple[Event, Application], ...] = (),
    unreadable: str = "",
    ignored: str = "",
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
    )
