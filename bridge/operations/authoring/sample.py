"""Makes a redacted sample from a received webhook."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from bridge.errors import BridgeError, DocumentError
from bridge.jsonpath.exact_numbers import from_json
from bridge.mapping.author.redact import Redactor
from bridge.model import Json, Request
from bridge.operations.words import document_lines
from bridge.webhook.decode.forms import read_pairs
from bridge.webhook.source import Source

FORM = "application/x-www-form-urlencoded"
_UNWANTED = (
    "sign",
    "token",
    "auth",
    "cookie",
    "hmac",
    "forward",
    "ip",
    "key",
    "secret",
    "hash",
    "host",
    "agent",
)
_KEPT = "content-type"


@dataclass(frozen=True, slots=True)
class Sample:
    """A redacted sample for a test of a mapping file."""

    headers: tuple[tuple[str, str], ...]
    query: str
    raw: bytes | None
    """The body as it would be received; None if it can only be shown decoded."""
    ending: str
    """The ending of the name of a file with the raw body."""
    document: Json
    """The document that the source decodes from it."""


def kind_of(request: Request) -> str:
    """The name of the generic profile that reads the request: json, form or query."""
    if not request.body.strip():
        return "query"
    return "json" if _json(request.body) is not None else "form"


def sample_of(
    request: Request, source: Source, kept: Collection[str] = (), secrets: Collection[str] = ()
) -> Sample:
    """Redact a request to this source; raises DocumentError.

    Values with which conditions compare are `kept`, and the types of events: with made-up ones the rule would
    not match. None of the `secrets` is kept.
    """
    redactor = Redactor({*kept, *(event.type for event in source.events(request, 0))}, secrets)
    whole = source.decode(request.body, request.headers, request.query, request.method)
    document = redactor.document(whole)
    query = urlencode(redactor.pairs(parse_qsl(request.query, keep_blank_values=True)))
    headers = tuple(
        (name.lower(), value)
        for name, value in redactor.pairs([one for one in request.headers if _is_wanted(one[0])])
    )
    raw, ending = _raw(request, redactor)
    if raw is not None and not _decodes(source, replace(request, body=raw, query=query, headers=headers)):
        raw = None
    return Sample(headers, query, raw, ending, document)


def _is_wanted(header: str) -> bool:
    name = header.lower()
    return name == _KEPT or (name.startswith("x-") and not any(word in name for word in _UNWANTED))


def _raw(request: Request, redactor: Redactor) -> tuple[bytes | None, str]:
    found = _json(request.body)
    if found is not None:
        lines = document_lines(redactor.document(found))
        return "".join(f"{line}\n" for line in lines).encode(), "json"
    kinds = [
        value.partition(";")[0].strip().lower() for name, value in request.headers if name.lower() == _KEPT
    ]
    if (kinds and kinds[0] != FORM) or not request.body or b"=" not in request.body:
        return None, ""
    try:
        pairs = read_pairs(request.body)
    except DocumentError:
        return None, ""
    return urlencode(redactor.pairs(pairs)).encode(), "form"


def _json(body: bytes) -> Json:
    try:
        text = body.decode().strip()
        return from_json(text) if text.startswith(("{", "[")) else None
    except (ValueError, BridgeError):
        return None


def _decodes(source: Source, request: Request) -> bool:
    try:
        return bool(source.events(request, 0))
    except DocumentError:
        return False
