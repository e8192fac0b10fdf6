"""Serializes documents in canonical forms that are signed: canonical JSON, PHP's serialize."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from bridge.jsonpath.path import Path
from bridge.language.reader import Fields
from bridge.model import Json
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.decode.forms import build_document, is_number
from bridge.webhook.verify.locations import with_item
from bridge.webhook.verify.signed_message import Builder, Signing, encoded, scalar


@dataclass(frozen=True, slots=True)
class _Style:
    sort: bool
    sort_inner: bool
    strings: bool
    escape_slashes: bool
    escape_unicode: bool
    spaces: bool

    def text(self, value: Json, *, inner: bool = False) -> str:
        """The value as JSON."""
        if isinstance(value, dict):
            sort = self.sort and (self.sort_inner or not inner) and not _numeric(value)
            members = self._comma.join(
                f"{self._string(key)}{self._colon}{self.text(one, inner=True)}"
                for key, one in (sorted(value.items()) if sort else value.items())
            )
            return f"{{{members}}}"
        if isinstance(value, list):
            return f"[{self._comma.join(self.text(one, inner=True) for one in value)}]"
        if isinstance(value, str) or self.strings:
            return self._string(scalar(value))
        if isinstance(value, bool) or value is None:
            return {True: "true", False: "false", None: "null"}[value]
        return str(value)

    @property
    def _comma(self) -> str:
        return ", " if self.spaces else ","

    @property
    def _colon(self) -> str:
        return ": " if self.spaces else ":"

    def _string(self, text: str) -> str:
        written = json.dumps(text, ensure_ascii=self.escape_unicode)
        return written.replace("/", "\\/") if self.escape_slashes else written


def compile_canonical(fields: Fields, context: CompileContext) -> Builder | None:
    """Compile `canonical_json:`. None after a finding."""
    style = _Style(
        fields["sort"],
        fields["sort_inner"],
        fields["strings"],
        fields["escape_slashes"],
        fields["escape_unicode"],
        fields["spaces"],
    )
    return _compile(fields, context, lambda document: style.text(document).encode())


def compile_php(fields: Fields, context: CompileContext) -> Builder | None:
    """Compile `php_serialize:`. None after a finding."""
    sort: bool = fields["sort"]
    return _compile(fields, context, lambda document: _php(document, sort))


def _compile(fields: Fields, context: CompileContext, write: Callable[[Json], bytes]) -> Builder | None:
    path = context.path(fields.at("at"), fields["at"]) if fields["at"] else None
    if fields["at"] and path is None:
        return None
    origin, dropped, sort = fields["from"], frozenset(fields["drop"]), fields["sort"]

    def build(signing: Signing) -> bytes:
        document = _document(origin, path, signing)
        if dropped and isinstance(document, dict):
            document = {key: value for key, value in document.items() if key not in dropped}
        typed = origin == "item" or (origin in ("body", "json") and signing.incoming.kind == "json")
        return write(document if typed else as_php(document, sort=sort))

    uses = {"body"} if origin in ("body", "json") else {"fields"}
    return Builder(encoded(build, fields["encode"]), frozenset(uses))


def _document(origin: str, path: Path | None, signing: Signing) -> Json:
    incoming = signing.incoming
    if path is not None:
        return next(iter(path.find(with_item(incoming, signing.item))), None)
    match origin:
        case "item":
            return signing.item
        case "query":
            return incoming.query
        case "form":
            return build_document(incoming.fields)
    return incoming.plain_document


def as_php(value: Json, *, sort: bool) -> Json:
    """A form's document as in PHP: numeric keys in numeric order, and 0, 1, 2 … as a list."""
    if isinstance(value, list):
        return [as_php(one, sort=sort) for one in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if sort:
        keys.sort(key=int if _numeric(value) else None)
    if keys and keys == [str(index) for index in range(len(keys))]:
        return [as_php(value[key], sort=sort) for key in keys]
    return {key: as_php(value[key], sort=sort) for key in keys}


def _numeric(value: dict[str, Json]) -> bool:
    """Whether all keys are numbers, which PHP sorts numerically."""
    return all(is_number(key) for key in value)


def _php(value: Json, sort: bool) -> bytes:
    if isinstance(value, dict):
        members = sorted(value.items()) if sort and not _numeric(value) else list(value.items())
        inner = b"".join(_php(key, sort) + _php(one, sort) for key, one in members)
        return b"a:%d:{%s}" % (len(members), inner)
    if isinstance(value, list):
        inner = b"".join(b"i:%d;%s" % (index, _php(one, sort)) for index, one in enumerate(value))
        return b"a:%d:{%s}" % (len(value), inner)
    if isinstance(value, bool):
        return b"b:%d;" % value
    if value is None:
        return b"N;"
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, Decimal):
        return b"d:%s;" % str(value).encode()
    data = str(value).encode()
    return b's:%d:"%s";' % (len(data), data)
