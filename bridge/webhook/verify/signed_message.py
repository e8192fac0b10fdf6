"""Builds signed messages: their input, and templates with placeholders."""

from __future__ import annotations

import hashlib
import re
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from bridge.did_you_mean import suggestion
from bridge.errors import DocumentError
from bridge.frozen import frozen
from bridge.jsonpath.path import Path
from bridge.language.keys_message import DIGESTS
from bridge.language.nodes import Node
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.decode.forms import unescape
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.locations import with_item


@frozen
class Signing:
    """The input for one message: a secret, one spelling of the URL, an item of a batch."""

    incoming: Incoming
    secret: str = field(default="", repr=False)
    timestamp: str = ""
    url: str = ""
    item: Json = None
    signature: str = ""


Part: TypeAlias = Callable[[Signing], bytes]


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds the signed bytes. `uses` are the placeholders in them."""

    build: Part
    uses: frozenset[str] = frozenset()


def digest_hex(algorithm: str, data: bytes) -> bytes:
    """The digest of the data in lower-case hexadecimal."""
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest().encode()


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_SIMPLE: dict[str, Part] = {
    "body": lambda signing: signing.incoming.request.body,
    "decoded_body": lambda signing: unescape(signing.incoming.request.body.replace(b"+", b" ")),
    "timestamp": lambda signing: signing.timestamp.encode(),
    "method": lambda signing: signing.incoming.request.method.encode(),
    "url": lambda signing: signing.url.encode(),
    "decoded_url": lambda signing: unescape(signing.url.encode()),
    "query": lambda signing: signing.incoming.request.query.encode("latin-1", "replace"),
    "secret": lambda signing: signing.secret.encode(),
    "path": lambda signing: _path_of(signing.url).encode(),
    "host": lambda signing: urlsplit(signing.url).netloc.encode(),
    "crc32": lambda signing: str(zlib.crc32(signing.incoming.request.body)).encode(),
}
_NAMED: dict[str, Callable[[str], Part]] = {
    "header": lambda name: (
        lambda signing: ", ".join(signing.incoming.header(name)).encode("latin-1", "replace")
    ),
    "query": lambda name: lambda signing: only_value(signing.incoming.query_pairs, name),
    "form": lambda name: lambda signing: only_value(signing.incoming.fields, name),
    "digest": lambda name: lambda signing: digest_hex(name, signing.incoming.request.body),
}
CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "lower": bytes.lower,
    "upper": bytes.upper,
    "base64": b64encode,
    "hex": lambda data: data.hex().encode(),
    "urlencode": lambda data: quote(data, safe="").encode(),
    "urldecode": lambda data: unescape(data.replace(b"+", b" ")),
    **{name: partial(digest_hex, name) for name in DIGESTS},
}
OF_URL = frozenset({"url", "decoded_url", "path", "host"})
PLACEHOLDERS = (*_SIMPLE, *(f"{name}:NAME" for name in (*_NAMED, "secret")))


def only_value(pairs: tuple[tuple[str, str], ...], name: str) -> bytes:
    """The value of a field by its name as sent; empty if there is none.

    Raises DeniedError if it is sent twice: one would be signed, and rules might read the other.
    """
    values = [value.encode() for key, value in pairs if key == name]
    if len(values) > 1:
        raise field_repeated(name, len(values))
    return values[0] if values else b""


def field_repeated(name: str, times: int) -> DeniedError:
    """The error for a signed field that is sent more than once."""
    return DeniedError("repeated", Reason(WebhookCode.FIELD_REPEATED, name=name, count=times))


def compile_text(node: Node, text: str, context: CompileContext) -> Builder | None:
    """Compile a template over the request: `{timestamp}.{body}`, `{header:X-Id}`, `{$.id}`, `{secret|md5}`.

    `{{` and `}}` are braces. A placeholder for a value that the request lacks is empty.
    """
    parts: list[Part] = []
    uses: set[str] = set()
    position = 0
    for match in _PLACEHOLDER.finditer(text):
        parts.append(constant(text[position : match.start()]))
        position = match.end()
        if match[1] is None:
            parts.append(constant(match[0][0]))
            continue
        part = _placeholder(node, match, context)
        if part is None:
            return None
        parts.append(part)
        uses.add(match[1].partition("|")[0].strip())
    parts.append(constant(text[position:]))
    return Builder(joined(parts), frozenset(uses))


def _placeholder(node: Node, match: re.Match[str], context: CompileContext) -> Part | None:
    text, offset = match[1], match.start()
    name, *changes = (piece.strip() for piece in text.split("|"))
    part = _source(node, name, context, offset)
    for change in changes:
        if change not in CHANGES:
            hint = suggestion(change, [*CHANGES])
            reason = Reason(WebhookCode.BAD_CHANGE, change=change, text=match[0], hint=hint)
            context.report.add(node, "M405", reason, offset)
            return None
        part = None if part is None else _changed(part, CHANGES[change])
    return part


def _source(node: Node, name: str, context: CompileContext, offset: int) -> Part | None:
    if name.startswith("$"):
        path = context.path(node, name, offset + 1)
        return None if path is None else _at(path)
    if name in _SIMPLE:
        return _SIMPLE[name]
    kind, _, argument = name.partition(":")
    if kind == "secret" and (context.given(argument) or context.broken_secrets):
        return constant(context.named.get(argument, ("",))[0])
    if argument and kind in _NAMED and (kind != "digest" or argument in DIGESTS):
        return _NAMED[kind](argument)
    known = [*_SIMPLE, *_NAMED]
    hint = suggestion(kind, known) or Reason(WebhookCode.BAD_PLACEHOLDER_HINT, names=PLACEHOLDERS)
    reason = Reason(WebhookCode.BAD_PLACEHOLDER, placeholder=f"{{{name}}}", hint=hint)
    context.report.add(node, "M405", reason, offset)
    return None


def _at(path: Path) -> Part:
    def value(signing: Signing) -> bytes:
        found = path.find(with_item(signing.incoming, signing.item))
        return scalar(found[0]).encode() if found else b""

    return value


def scalar(value: Json) -> str:
    """A single value as text; null is empty. Raises DocumentError for lists and objects."""
    if value is None:
        return ""
    try:
        return text_of(value)
    except Unusable as error:
        raise DocumentError(Reason(WebhookCode.FIELD_NOT_SINGLE, why=error.reason)) from None


def _changed(part: Part, change: Callable[[bytes], bytes]) -> Part:
    return lambda signing: change(part(signing))


def constant(text: str) -> Part:
    data = text.encode()
    return lambda _: data


def joined(parts: list[Part]) -> Part:
    return lambda signing: b"".join([part(signing) for part in parts])


def encoded(part: Part, encoding: str | None) -> Part:
    """A part whose bytes are encoded in base64 or hexadecimal, or replaced by their digest in hexadecimal."""
    if encoding is None:
        return part
    change = CHANGES[encoding]
    return lambda signing: change(part(signing))
