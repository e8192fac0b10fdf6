"""What the builders of a signed message can draw on, and the placeholders of its templates."""

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
from bridge.jsonpath.path import Path
from bridge.language.document import Node
from bridge.language.keys_message import DIGESTS
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import Setup
from bridge.webhook.decode.forms import unescape
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.errors import DeniedError
from bridge.webhook.verify.locations import with_item


@dataclass(frozen=True, slots=True)
class Signing:
    """One message being rebuilt: for one secret, one spelling of the URL, one item of a batch."""

    incoming: Incoming
    secret: str = field(default="", repr=False)
    timestamp: str = ""
    url: str = ""
    item: Json = None
    signature: str = ""


Part: TypeAlias = Callable[[Signing], bytes]


@dataclass(frozen=True, slots=True)
class Builder:
    """Rebuilds the signed bytes. `uses` are the placeholders that went into it."""

    build: Part
    uses: frozenset[str] = frozenset()


def digest_hex(algorithm: str, data: bytes) -> bytes:
    """The digest of some bytes, in small hexadecimal letters."""
    return hashlib.new(algorithm, data, usedforsecurity=False).hexdigest().encode()


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


_HOLE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
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
    """The value of a field by its name as sent; nothing where there is none.

    DeniedError where it is sent twice: one of them would be signed, and rules might go by the other.
    """
    values = [value.encode() for key, value in pairs if key == name]
    if len(values) > 1:
        raise field_repeated(name, len(values))
    return values[0] if values else b""


def field_repeated(name: str, times: int) -> DeniedError:
    """For a signed field that is sent more than once."""
    return DeniedError("repeated", Reason(WebhookCode.FIELD_REPEATED, name=name, count=times))


def compile_text(node: Node, text: str, setup: Setup) -> Builder | None:
    """A template over the request: `{timestamp}.{body}`, `{header:X-Id}`, `{$.data.id}`, `{secret|md5}`.

    `{{` and `}}` are braces. What a placeholder names but the request lacks counts as nothing.
    """
    parts: list[Part] = []
    uses: set[str] = set()
    position = 0
    for match in _HOLE.finditer(text):
        parts.append(constant(text[position : match.start()]))
        position = match.end()
        if match[1] is None:
            parts.append(constant(match[0][0]))
            continue
        part = _hole(node, match, setup)
        if part is None:
            return None
        parts.append(part)
        uses.add(match[1].partition("|")[0].strip())
    parts.append(constant(text[position:]))
    return Builder(joined(parts), frozenset(uses))


def _hole(node: Node, hole: re.Match[str], setup: Setup) -> Part | None:
    text, offset = hole[1], hole.start()
    name, *changes = (piece.strip() for piece in text.split("|"))
    part = _source(node, name, setup, offset)
    for change in changes:
        if change not in CHANGES:
            hint = suggestion(change, [*CHANGES])
            reason = Reason(WebhookCode.BAD_CHANGE, change=change, text=hole[0], hint=hint)
            setup.report.add(node, "M405", reason, offset)
            return None
        part = None if part is None else _changed(part, CHANGES[change])
    return part


def _source(node: Node, name: str, setup: Setup, offset: int) -> Part | None:
    if name.startswith("$"):
        path = setup.path(node, name, offset + 1)
        return None if path is None else _at(path)
    if name in _SIMPLE:
        return _SIMPLE[name]
    kind, _, argument = name.partition(":")
    if kind == "secret" and (setup.given(argument) or setup.broken_secrets):
        return constant(setup.named.get(argument, ("",))[0])
    if argument and kind in _NAMED and (kind != "digest" or argument in DIGESTS):
        return _NAMED[kind](argument)
    known = [*_SIMPLE, *_NAMED]
    hint = suggestion(kind, known) or Reason(WebhookCode.BAD_PLACEHOLDER_HINT, names=PLACEHOLDERS)
    reason = Reason(WebhookCode.BAD_PLACEHOLDER, placeholder=f"{{{name}}}", hint=hint)
    setup.report.add(node, "M405", reason, offset)
    return None


def _at(path: Path) -> Part:
    def value(signing: Signing) -> bytes:
        found = path.find(with_item(signing.incoming, signing.item))
        return scalar(found[0]).encode() if found else b""

    return value


def scalar(value: Json) -> str:
    """A single value as text; null is nothing. Raises DocumentError for lists and objects."""
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
    """The part's bytes in base64 or hexadecimal, or their digest in hexadecimal."""
    if encoding is None:
        return part
    change = CHANGES[encoding]
    return lambda signing: change(part(signing))
