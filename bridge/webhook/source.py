"""A compiled source: turns a request into events, a refusal or an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bridge.errors import DocumentError
from bridge.frozen import frozen
from bridge.jsonpath.brackets import marked
from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.conditions import Condition
from bridge.model import Event, Json, Reply, Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.budget import size_of
from bridge.webhook.decode.decode import Decoder
from bridge.webhook.handshake import Handshakes
from bridge.webhook.identity import Identity, IdentityInput
from bridge.webhook.incoming import NO_TRUST, Incoming, Trust
from bridge.webhook.redaction.secrets import Secrets
from bridge.webhook.reply import ReplyTemplate
from bridge.webhook.split import Part, Split
from bridge.webhook.verify.check import Check
from bridge.webhook.verify.errors import DeniedError

WITH_ID = 30 * 86400
"""Seconds for which a known id is a repeat, unless the owner or the sender needs more."""
WITHOUT_ID = 600
"""Seconds for which an identical body without an id is a repeat, if the sender's retry window is unknown."""
MAX_ID = 500
BY_BODY = "body:"
"""The prefix of the id of an event that is identified by its body."""


@frozen
class Accepted:
    """Verified and decoded: at least one event."""

    events: tuple[Event, ...]
    reply: Reply
    verified: Reason
    """How its sender was verified: `hmac sha256`, `path token`, `open`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Rejected. The detail is for the owner; the sender gets a generic text."""

    status: int
    code: str
    detail: Reason


@dataclass(frozen=True, slots=True)
class Answered:
    """No event: a handshake or ping, with the answer to it."""

    kind: Literal["handshake", "ping"]
    reply: Reply
    document: Json


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Verified, but not decodable as the source is configured: stored for the owner."""

    detail: Reason
    reply: Reply
    verified: Reason


Reception: TypeAlias = Accepted | Refused | Answered | Unreadable


@dataclass(frozen=True, slots=True)
class Dedup:
    """Seconds for which an event is a repeat of an earlier one; 0: never."""

    with_id: int = WITH_ID
    without_id: int = WITHOUT_ID
    changed_is_new: bool = False
    """Whether an event with a known id is new if its content leads to another outcome."""
    ignore: tuple[Path, ...] = ()
    """Paths that are ignored when the content of two events is compared."""


@dataclass(frozen=True, slots=True)
class Source:
    """One sender of webhooks: verifies, decodes, identifies and answers them. Pure."""

    name: str
    methods: tuple[str, ...]
    decoder: Decoder
    check: Check
    handshakes: Handshakes
    ignore: tuple[tuple[Condition, ...], ...]
    split: Split | None
    event_id: Identity | None
    event_type: Identity | None
    answer: ReplyTemplate
    dedup: Dedup
    takes_path_token: bool
    secrets: Secrets
    """What to hide in its webhooks."""
    event: str = ""
    """The key `event:`, which defines ids and types, as text."""

    def receive(self, request: Request, now_ms: int, trust: Trust = NO_TRUST) -> Reception:
        """Handle a request. `trust` fetches certificates for senders that sign with them."""
        incoming = Incoming(request, now_ms, self.name, self.decoder, trust)
        try:
            early = self.handshakes.before(incoming)
            if early is not None:
                return Answered("handshake", early, None)
            rejected = self._rejection(incoming)
            return rejected or self._verified(incoming, self.check.run(incoming))
        except DeniedError as error:
            return Refused(error.status, error.code, error.reason)
        except DocumentError as error:
            return Refused(400, "unreadable", error.whole)

    def decode(
        self, body: bytes, headers: tuple[tuple[str, str], ...] = (), query: str = "", method: str = "POST"
    ) -> Json:
        """Decode a body, for tests and `leadbridge try`. Raises DocumentError."""
        request = Request(method, query, headers, body, "")
        return Incoming(request, 0, self.name, self.decoder).document

    def default_method(self, body: bytes) -> str:
        """The method of a webhook with this body, if it is not given: one with a body is not GET."""
        with_body = [one for one in self.methods if one not in ("GET", "HEAD")]
        return with_body[0] if body and with_body else self.methods[0]

    def events(self, request: Request, now_ms: int) -> tuple[Event, ...]:
        """The events of a request, without verification. Raises DocumentError."""
        return self._events(Incoming(request, now_ms, self.name, self.decoder))

    def events_of(
        self,
        document: Json,
        now_ms: int = 0,
        headers: Mapping[str, str] | None = None,
        query: Json = None,
    ) -> tuple[Event, ...]:
        """The events of a document that was decoded elsewhere, such as one in a mapping file's tests."""
        known = headers or {}
        document = self.decoder.with_marks(document, known.get("content-type", ""))
        scope = Scope(document, known, query or {}, {"source": self.name, "received_at": now_ms})
        return self._split_events(scope, now_ms, "", size_of(document))

    def scope_of(self, event: Event, looked_at: Callable[[int], None] | None = None) -> Scope:
        """The roots for paths into an event, with a form's maps marked as after decoding."""
        scope = scope_of(event)
        document = self.decoder.with_marks(event.document, event.headers.get("content-type", ""))
        query = marked(event.query) if event.query and type(event.query) is dict else event.query
        return Scope(
            document, scope.headers, query, scope.event, looked_at=looked_at, counts_from=scope.counts_from
        )

    def reread(self, stored: Event, found: Sequence[Event] = ()) -> Event:
        """A stored event as this source reads it now.

        If it is not among those `found` in its webhook now, its stored document is used, and id and type are
        read from that.
        """
        return same_event(stored, found) or self._identified(stored)

    def _identified(self, stored: Event) -> Event:
        scope = self.scope_of(stored)
        own, kind = self._identity(self._part(scope.body), scope)
        return replace(stored, id=own or stored.id, type=kind)

    def lacks_id(self, event: Event) -> Reason | None:
        """What the event lacks for the source's id: `$.id is absent`; None if it has one."""
        if self.event_id is None:
            return None
        scope = self.scope_of(event)
        return self.event_id.lacks(_identity_input(self._part(scope.body), scope))

    def _part(self, document: Json) -> Part:
        """A stored document with its item and the names on the path to it, as far as it contains them."""
        if self.split is None:
            return Part(document)
        if not self.split.envelope:
            return Part(document, document)
        try:
            parts = self.split.parts(document, size_of(document)).all
        except DocumentError:
            return Part(document)
        return parts[0] if len(parts) == 1 else Part(document)

    def _rejection(self, incoming: Incoming) -> Refused | None:
        request = incoming.request
        if request.method not in self.methods:
            reason = Reason(WebhookCode.WRONG_METHOD, method=request.method[:20], methods=self.methods)
            return Refused(405, "method", reason)
        if request.path_token and not self.takes_path_token:
            return Refused(401, "path", Reason(WebhookCode.UNEXPECTED_PATH))
        if incoming.kind is None:
            return Refused(415, "content_type", incoming.wrong_content_type)
        return None

    def _verified(self, incoming: Incoming, verified: Reason) -> Reception:
        try:
            late = self.handshakes.after(incoming)
            if late is not None:
                return Answered("handshake", late, incoming.document)
            if any(all(one.test(incoming.scope).holds for one in ping) for ping in self.ignore):
                return Answered("ping", self._reply(self._events(incoming), incoming), incoming.document)
            events = self._events(incoming)
        except DocumentError as error:
            return Unreadable(error.whole, self.answer.render(None), verified)
        return Accepted(events, self._reply(events, incoming), verified)

    def _reply(self, events: tuple[Event, ...], incoming: Incoming) -> Reply:
        return self.answer.render(scope_of(events[0]), incoming)

    def _events(self, incoming: Incoming) -> tuple[Event, ...]:
        request = incoming.request
        digest = hashlib.sha256(b"\0".join((request.method.encode(), request.query.encode(), request.body)))
        return self._split_events(incoming.scope, incoming.now_ms, digest.hexdigest()[:32], len(request.body))

    def _split_events(self, scope: Scope, now_ms: int, digest: str, size: int) -> tuple[Event, ...]:
        if self.split is None:
            return (self._event(Part(scope.body), 0, scope, now_ms, digest),)
        parts = self.split.parts(scope.body, size)
        events = (self._event(part, index, scope, now_ms, digest) for index, part in enumerate(parts.all))
        return (replace(next(events), note=parts.note), *events) if parts.note else tuple(events)

    def _event(self, part: Part, index: int, scope: Scope, now_ms: int, digest: str) -> Event:
        own, kind = self._identity(part, scope)
        return Event(
            source=self.name,
            id=own or f"{BY_BODY}{digest}:{index}",
            type=kind,
            received_at=now_ms,
            document=part.document,
            headers=scope.headers,
            query=scope.query,
            dedup_within=self.dedup.with_id if own else self.dedup.without_id,
            size=part.size,
        )

    def _identity(self, part: Part, scope: Scope) -> tuple[str, str]:
        """The event's own id and its type; empty if it has none."""
        facts = _identity_input(part, scope)
        own = self.event_id.read(facts) if self.event_id else None
        kind = self.event_type.read(facts) if self.event_type else None
        return _short(own or ""), _short(kind or "")


def _identity_input(part: Part, scope: Scope) -> IdentityInput:
    """The input for the identity of one part of a webhook."""
    return IdentityInput(Scope(part.document, scope.headers, scope.query, scope.event, part.item), part.names)


def same_event(stored: Event, found: Sequence[Event]) -> Event | None:
    """The event in a webhook that is the stored one: by its document, or else by the sender's id.

    Its index in the batch is not used: if `split` has changed, it may be another part's.
    """
    same_id = [one for one in found if one.id == stored.id]
    same = next((one for one in (*same_id, *found) if one.document == stored.document), None)
    if same is not None:
        return same
    return same_id[0] if len(same_id) == 1 and not stored.id.startswith(BY_BODY) else None


def scope_of(event: Event) -> Scope:
    """The roots for paths into an event."""
    facts = {"id": event.id, "type": event.type, "source": event.source, "received_at": event.received_at}
    return Scope(event.document, event.headers, event.query, facts, counts_from=event.counts_from)


def _short(text: str) -> str:
    if len(text) <= MAX_ID:
        return text
    return f"{text[: MAX_ID - 65]}:{hashlib.sha256(text.encode()).hexdigest()}"
