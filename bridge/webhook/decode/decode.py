"""Decodes a request's body into a JSON-like document, as the source is configured."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from bridge.errors import DocumentError
from bridge.jsonpath.brackets import marked
from bridge.model import Json
from bridge.webhook.decode.forms import Pairs, build_document, read_pairs, split_name
from bridge.webhook.decode.json_body import check_limits, parse_json, read_json
from bridge.webhook.decode.multipart import read_multipart
from bridge.webhook.decode.xml_body import read_xml
from bridge.webhook.verify.jwt import read_claims, read_token

BodyKind: TypeAlias = Literal["json", "form", "multipart", "xml", "query", "jwt"]

_FIELDS = frozenset({"form", "multipart", "query"})
"""Kinds whose documents are built from names with brackets."""
_FORM = "application/x-www-form-urlencoded"
_NEVER = {
    "json": ("multipart", "xml"),
    "form": ("multipart", "xml", "json"),
    "multipart": ("xml", "json"),
    "xml": ("multipart", "json"),
    "query": (),
    "jwt": ("multipart", "xml"),
}
"""Content types that each kind rejects with 415. A source of JSON accepts a form's Content-Type: many clients
send JSON with it."""


@dataclass(frozen=True, slots=True)
class JsonField:
    """A field with JSON text, plain or encoded. Any other text is left as it is."""

    name: tuple[str, ...]
    encoding: str = "text"


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes the bodies of one source. Pure; raises only DocumentError."""

    kinds: tuple[BodyKind, ...] = ("json",)
    charset: str = "utf-8"
    json_fields: tuple[JsonField, ...] = ()
    unwrap: tuple[str, ...] | None = None
    lists: frozenset[str] = frozenset()
    """XML elements that are lists even if there is only one."""

    def kind_of(self, method: str, content_type: str, body: bytes) -> BodyKind | None:
        """The kind of a request's body; None if its Content-Type excludes all of the source's kinds."""
        if "query" in self.kinds and (method == "GET" or not body):
            return "query"
        declared = _declared(content_type)
        if declared in self.kinds:
            return declared
        possible = [kind for kind in self.kinds if declared not in _NEVER[kind]]
        if not possible:
            return None
        sniffed = sniff(body)
        return sniffed if not content_type and sniffed in possible else possible[0]

    def pairs(self, kind: BodyKind, content_type: str, body: bytes) -> Pairs:
        """The fields of a form body as sent; none for other kinds."""
        if kind == "form":
            return read_pairs(body, self.charset)
        if kind == "multipart":
            return read_multipart(body, content_type, self.charset)
        return ()

    def plain(self, kind: BodyKind, body: bytes, fields: Pairs) -> Json:
        """The document as sent, with JSON inside fields as text. Signed messages are built from this."""
        match kind:
            case "json":
                return read_json(body, self.charset)
            case "xml":
                return read_xml(body, self.charset, self.lists)
            case "jwt":
                return read_claims(read_token(body.decode("latin-1").strip()))
        return build_document(fields)

    def expanded(self, document: Json) -> Json:
        """The document with JSON inside its fields decoded, and unwrapped."""
        for one in self.json_fields:
            document = _expand(document, one.name, one.encoding)
        if self.json_fields:
            check_limits(document)
        return self._unwrapped(document)

    def with_marks(self, document: Json, content_type: str) -> Json:
        """A stored document with maps marked that a form's brackets made: JSON loses the mark.

        Nothing inside of `json_fields` is marked. A marked document stays as it is.
        """
        if type(document) is not dict or not document or not self._was_form(content_type):
            return document
        return marked(document, tuple(one.name for one in self.json_fields))

    def _was_form(self, content_type: str) -> bool:
        """Whether such a document was sent as form fields, by its Content-Type."""
        if _FIELDS.isdisjoint(self.kinds) or any(one.name == self.unwrap for one in self.json_fields):
            return False
        method = "POST" if content_type else "GET"
        return self.kind_of(method, content_type, b"-") in _FIELDS

    def _unwrapped(self, document: Json) -> Json:
        if self.unwrap is None:
            return document
        inner = document
        for name in self.unwrap:
            if not isinstance(inner, dict) or name not in inner:
                return document
            inner = inner[name]
        return inner if isinstance(inner, dict | list) else document


def field_path(name: str) -> tuple[str, ...]:
    """The path of a form field in the document: `payment`, `data[json]` or `$.data.json`."""
    if name.startswith("$."):
        return tuple(name[2:].split("."))
    return tuple(split_name(name))


@lru_cache(maxsize=64)
def _declared(content_type: str) -> BodyKind | None:
    media = content_type.partition(";")[0].strip().lower()
    if media == _FORM:
        return "form"
    if media.startswith("multipart/"):
        return "multipart"
    if media in ("application/json", "text/json") or media.endswith("+json"):
        return "json"
    if media in ("application/jwt", "application/jose"):
        return "jwt"
    if media in ("text/xml", "application/xml") or media.endswith("+xml"):
        return "xml"
    return None


def sniff(body: bytes) -> BodyKind | None:
    """The kind of a body by its first characters; None if they show none."""
    start = body[:64].lstrip()
    if start.startswith((b"{", b"[")):
        return "json"
    if start.startswith(b"<"):
        return "xml"
    if start.startswith(b"eyJ"):
        return "jwt"
    if start.startswith(b"--"):
        return "multipart"
    return "form" if b"=" in body else None


def _expand(node: Json, names: tuple[str, ...], encoding: str) -> Json:
    if not isinstance(node, dict) or names[0] not in node:
        return node
    child = node[names[0]]
    if names[1:]:
        return _with(node, names[0], _expand(child, names[1:], encoding))
    inner = _inside(child, encoding) if isinstance(child, str) else None
    return node if inner is None else _with(node, names[0], inner)


def _with(node: dict[str, Json], name: str, child: Json) -> dict[str, Json]:
    """A copy with another child; the type keeps the mark of brackets."""
    return type(node)({**node, name: child})


def opened(text: str) -> Json:
    """The object or list in a text, in any encoding of `json_fields`; None if there is none."""
    inside = (_inside(text, encoding) for encoding in ("text", "base64", "jwt"))
    return next((inner for inner in inside if inner is not None), None)


def _inside(text: str, encoding: str) -> Json:
    """The object or list in a field's text; None if there is none."""
    try:
        if encoding == "jwt":
            return read_claims(read_token(text))
        plain = _plain(text) if encoding == "base64" else text
        return parse_json(plain) if plain.lstrip()[:1] in ("{", "[") else None
    except DocumentError:
        return None


def _plain(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
