"""Decodes a stored request in every possible way, to search it for secrets. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bridge.errors import DocumentError
from bridge.model import Json, Request
from bridge.webhook.decode.decode import BodyKind, Decoder, opened, sniff
from bridge.webhook.decode.forms import Pairs, build_document, read_pairs

_KINDS: Final[tuple[BodyKind, ...]] = ("json", "form", "multipart", "xml", "jwt")
_CHARSETS: Final = ("utf-8", "cp1251", "latin-1")
_DEPTH: Final = 3
_WIDE: Final = 4
"""The first bytes of a body, of which one is 0 in UTF-16 or UTF-32."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All decoded forms of a request. The source that chose one of them may have changed since."""

    documents: tuple[Json, ...] = ()
    """With JSON inside of fields decoded; each part that a source may unwrap is another document."""
    query: Pairs = ()
    fields: Pairs = ()
    obscure: bool = False
    """Whether the body cannot be decoded as the kind that it looks like."""


def readings(request: Request | None, document: Json = None) -> Reading:
    """Decode the request and its document, as far as they are not purged."""
    if request is None:
        return Reading(tuple(_variants(document)))
    query = _pairs(request.query.encode("latin-1", "replace"))
    content_type = next((value for name, value in request.headers if name.lower() == "content-type"), "")
    read = {kind: one for kind in _KINDS for one in _read(kind, content_type, request.body)}
    whole = (document, _built(query), *(one for _, one in read.values()))
    fields = tuple(pair for pairs, _ in read.values() for pair in pairs)
    clear = _looks(request.body, content_type) in read and b"\0" not in request.body[:_WIDE]
    obscure = bool(request.body.strip()) and not clear
    return Reading(tuple(one for node in whole for one in _variants(node)), query, fields, obscure)


def _read(kind: BodyKind, content_type: str, body: bytes) -> Iterator[tuple[Pairs, Json]]:
    """The fields and the document, by the first character set that can decode them."""
    for charset in _CHARSETS:
        decoder = Decoder((kind,), charset)
        try:
            pairs = decoder.pairs(kind, content_type, body)
            yield pairs, decoder.plain(kind, body, pairs)
        except DocumentError:
            continue
        return


def _looks(body: bytes, content_type: str) -> BodyKind:
    """The kind of the body by its first characters, since its Content-Type may be wrong."""
    kind = sniff(body)
    if kind not in ("json", "xml") and "multipart/" in content_type.lower():
        return "multipart"
    return kind or "form"


def _pairs(text: bytes) -> Pairs:
    for charset in _CHARSETS:
        try:
            return read_pairs(text, charset)
        except DocumentError:
            continue
    return ()


def _built(pairs: Pairs) -> Json:
    try:
        return build_document(pairs)
    except DocumentError:
        return None


def _variants(document: Json) -> Iterator[Json]:
    """The document, also with JSON inside of its fields decoded, and each part that a source may unwrap."""
    if not isinstance(document, dict | list):
        return
    yield document
    whole = _opened(document, _DEPTH)
    yield whole
    if isinstance(whole, dict):
        yield from (child for child in whole.values() if isinstance(child, dict | list))


def _opened(node: Json, depth: int) -> Json:
    if isinstance(node, dict):
        return {name: _opened(child, depth) for name, child in node.items()}
    if isinstance(node, list):
        return [_opened(child, depth) for child in node]
    inner = opened(node) if depth and isinstance(node, str) else None
    return node if inner is None else _opened(inner, depth - 1)
