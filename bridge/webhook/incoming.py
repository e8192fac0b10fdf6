"""A request while a source handles it: the raw bytes, and decoded parts on first use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from bridge.errors import DocumentError
from bridge.jsonpath.scope import Scope
from bridge.model import Json, Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.decode.decode import BodyKind, Decoder
from bridge.webhook.decode.forms import Pairs, build_document, read_pairs
from bridge.webhook.verify.errors import DeniedError

One = TypeVar("One")
Fetch: TypeAlias = Callable[[str], bytes | None]
"""Downloads PEM certificates from a URL whose host is allowed; None if they are not available."""


def no_network(_: str) -> None:
    """Fetches nothing: certificates are never available."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How to fetch certificates, and the authorities (PEM) to check them against. By default neither."""

    fetch: Fetch = no_network
    roots: Callable[[], bytes] = bytes


NO_TRUST = Trust()


class once(Generic[One]):  # noqa: N801 (used like functools.cached_property)
    """A property that is worked out once: `functools.cached_property` without the lock of Python 3.11.

    One thread deals with a request. The lock took 5 of 150 µs a webhook.
    """

    def __init__(self, work: Callable[[Any], One]) -> None:
        self.work = work
        self.__doc__ = work.__doc__

    def __get__(self, instance: object, owner: type) -> One:
        # Called only the first time: from then on the value is found in the instance.
        value = instance.__dict__[self.work.__name__] = self.work(instance)
        return value


class Incoming:
    """A request with everything decoded from it, each once. Its properties may raise DocumentError."""

    def __init__(
        self, request: Request, now_ms: int, source: str, decoder: Decoder, trust: Trust = NO_TRUST
    ) -> None:
        self.request = request
        self.now_ms = now_ms
        self.source = source
        self.trust = trust
        self._decoder = decoder

    @once
    def _by_name(self) -> dict[str, list[str]]:
        by_name: dict[str, list[str]] = {}
        for name, value in self.request.headers:
            by_name.setdefault(name.lower(), []).append(value)
        return by_name

    def header(self, name: str) -> tuple[str, ...]:
        """All values of a header; its name in any case."""
        return tuple(self._by_name.get(name.lower(), ()))

    @once
    def headers(self) -> Mapping[str, str]:
        """Headers with names in lower case; repeated values are joined."""
        return {name: ", ".join(values) for name, values in self._by_name.items()}

    @once
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @once
    def kind(self) -> BodyKind | None:
        """The kind of the body; None if the source does not accept its Content-Type."""
        return self._decoder.kind_of(self.request.method, self.content_type, self.request.body)

    @once
    def query_pairs(self) -> Pairs:
        return read_pairs(self.request.query.encode("latin-1", "replace"), self._query_charset)

    @property
    def _query_charset(self) -> str:
        charset = self._decoder.charset
        return "utf-8" if charset.startswith("utf-") else charset

    @once
    def query(self) -> Json:
        return build_document(self.query_pairs)

    @once
    def fields(self) -> Pairs:
        """The fields of the document: of the form, or of the URL if the source reads events from there.

        Raises DeniedError for other kinds of bodies: as no fields, they would match a signature of no fields.
        """
        if self._readable_kind not in ("form", "multipart", "query"):
            raise DeniedError("kind", Reason(WebhookCode.BODY_NOT_FORM, kind=self.kind))
        return self._fields

    @once
    def _fields(self) -> Pairs:
        if self.kind == "query":
            return self.query_pairs
        return self._decoder.pairs(self._readable_kind, self.content_type, self.request.body)

    def require_body(self) -> None:
        """Raise DeniedError if the event is read from the URL, which a signed body does not cover."""
        if self.kind == "query":
            raise DeniedError("kind", Reason(WebhookCode.EVENT_FROM_URL))

    @once
    def plain_document(self) -> Json:
        """The document as sent, with JSON inside its fields as text."""
        return self._decoder.plain(self._readable_kind, self.request.body, self._fields)

    @once
    def document(self) -> Json:
        return self._decoder.expanded(self.plain_document)

    @property
    def _readable_kind(self) -> BodyKind:
        if self.kind is None:
            raise DocumentError(self.wrong_content_type)
        return self.kind

    @property
    def wrong_content_type(self) -> Reason:
        """The reason for a body of none of the source's kinds."""
        return Reason(WebhookCode.WRONG_CONTENT_TYPE, content_type=repr(self.content_type[:80]))

    @once
    def scope(self) -> Scope:
        """The roots for paths, before the event has its id and type."""
        event = {"source": self.source, "received_at": self.now_ms}
        return Scope(self.document, self.headers, self.query, event)
