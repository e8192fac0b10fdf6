"""Redacts webhooks: hides each secret where it was read, and wherever else it occurs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl, urlencode

from bridge.jsonpath.path import Path, PathError, compile_path
from bridge.jsonpath.scope import Scope
from bridge.language.text import text_of
from bridge.model import Event, Json, Request
from bridge.webhook.decode.encodings import decode_bytes
from bridge.webhook.redaction.payload_readings import Reading, readings
from bridge.webhook.redaction.secrets import SecretPlace
from bridge.webhook.redaction.spellings import found

DOTS: Final = "••••••"
"""Replaces a secret."""
MOST_VALUES: Final = 100
"""The most secrets to search for; if a sender puts thousands in their place, everything is hidden."""
_MOST_SPELLED: Final = 5
"""The most values to search in the body in every spelling; each takes a pass over the body."""
_HIDDEN = re.compile(
    r"(?i)auth|cookie|token|secret|sign|hmac|digest|password|passwd|api-?key|access-?key|credential|session|csrf"
)
"""Names of headers and parameters that are always hidden."""
_NAMES = re.compile(r"[^.\[\]'\"$*]+")


@dataclass(frozen=True, slots=True)
class Redaction:
    """What to hide in one webhook, and in all data derived from it."""

    values: tuple[str, ...] = field(default=(), repr=False)
    names: frozenset[str] = frozenset()
    """Headers and parameters, in lower case, whose whole value is hidden."""
    payload: bool = False
    """Whether the whole body is hidden, because it cannot be searched for the secret."""
    everything: bool = False
    """Whether every value of the webhook is hidden, because the place of its secret is unknown."""

    def text(self, text: str) -> str:
        """The text without the secrets, in any spelling."""
        if text in self.values:
            return DOTS
        shown, at = "", 0
        for begin, end in found(text, self.values):
            shown, at = f"{shown}{text[at:begin]}{DOTS}", end
        return f"{shown}{text[at:]}" if at else text

    def json(self, node: Json) -> Json:
        """The document without the secrets, including numbers."""
        if isinstance(node, dict):
            return {self.text(name): self.json(child) for name, child in node.items()}
        if isinstance(node, list):
            return [self.json(child) for child in node]
        if node is None or isinstance(node, bool):
            return node
        return DOTS if self.everything else self._scalar(node)

    def _scalar(self, node: Json) -> Json:
        if isinstance(node, str):
            return self.text(node)
        return DOTS if text_of(node) in self.values else node

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Names and values of headers or a query, without the secrets."""
        return tuple((self.text(name), self._named(name, value)) for name, value in pairs)

    def _named(self, name: str, value: str) -> str:
        if self.everything or name.lower() in self.names or _HIDDEN.search(name):
            return _masked(value)
        return self.text(value)

    def request(self, request: Request) -> Request:
        """The request without the secrets; invalid UTF-8 in the body becomes a question mark."""
        pairs = parse_qsl(request.query, keep_blank_values=True, errors="replace")
        query = urlencode(self.pairs(pairs)) if pairs else self.text(request.query)
        hidden = (self.payload or self.everything) and bool(request.body)
        body = DOTS if hidden else self.text(request.body.decode("utf-8", "replace"))
        token = None if request.path_token is None else DOTS
        return replace(
            request, query=query, headers=self.pairs(request.headers), body=body.encode(), path_token=token
        )

    def event(self, event: Event) -> Event:
        """The event without the secrets."""
        query = event.query
        if isinstance(query, dict):
            query = {name: self._parameter(name, value) for name, value in query.items()}
        headers = dict(self.pairs(event.headers.items()))
        number, kind = self.text(event.id), self.text(event.type)
        document = self.json(event.document)
        return replace(event, id=number, type=kind, document=document, headers=headers, query=query)

    def _parameter(self, name: str, value: Json) -> Json:
        return self._named(name, value) if isinstance(value, str) else self._deep(name, value)

    def _deep(self, name: str, value: Json) -> Json:
        return DOTS if name.lower() in self.names or _HIDDEN.search(name) else self.json(value)


def _masked(value: str) -> str:
    """The value hidden, except for a word before it such as Bearer. The length is hidden, too."""
    scheme, blank, rest = value.partition(" ")
    return f"{scheme} {DOTS}" if blank and scheme.isalpha() and rest else DOTS


def either(*some: Redaction) -> Redaction:
    """A redaction that hides what any of these hide."""
    return Redaction(
        tuple(sorted({value for one in some for value in one.values}, key=len, reverse=True)),
        frozenset[str]().union(*(one.names for one in some)),
        payload=any(one.payload for one in some),
        everything=any(one.everything for one in some),
    )


def redaction(
    places: Iterable[SecretPlace], known: Iterable[str], request: Request | None, document: Json = None
) -> Redaction:
    """The redaction of what a request or its document has in these places, and of these secrets.

    A body that cannot be decoded, and may contain a place by its name, is hidden as a whole.
    """
    places = tuple(places)
    reading = readings(request, document)
    read = [(place, text) for place in places for text in _at(place, request, reading)]
    values = [*known, *(one for place, text in read for one in _parts(text, place))]
    names = frozenset(one.name.lower() for one in places if one.kind in ("header", "query"))
    text = request.body.decode("utf-8", "replace").replace("\0", "") if request and reading.obscure else ""
    unclear = any(one.kind in ("form", "json") and _may_hold(text, one) for one in places) if text else False
    found_values = {one for one in values if one}
    made = Redaction(
        tuple(sorted(found_values, key=len, reverse=True)[:MOST_VALUES]),
        names | ({"authorization"} if any(one.kind == "basic" for one in places) else frozenset()),
        payload=unclear or any(one.kind == "body" for one in places),
        everything=len(found_values) > MOST_VALUES,
    )
    inside = {text for place, text in read if place.kind in ("form", "json") and text}
    if made.payload or made.everything or request is None or not (request.body and inside):
        return made
    return replace(made, payload=_remains(made, request, places, inside))


def _remains(made: Redaction, request: Request, places: Iterable[SecretPlace], values: set[str]) -> bool:
    """Whether the redacted body still contains a value: in base64, or in pieces of CDATA."""
    if _unseen(values, request):
        return True
    body = made.text(request.body.decode("utf-8", "replace")).encode()
    left = replace(request, query="", body=body)
    reading = readings(left)
    return any(
        text in values
        for place in places
        if place.kind in ("form", "json")
        for text in _at(place, left, reading)
    )


def _unseen(values: Iterable[str], request: Request) -> bool:
    """Whether the body contains a value in a spelling that cannot be found, such as UTF-16."""
    text = f"{request.body.decode('utf-8', 'replace')}\n{request.query}"
    other = [one for one in values if one not in text]
    return len(other) > _MOST_SPELLED or not all(found(text, [one]) for one in other)


def _may_hold(text: str, place: SecretPlace) -> bool:
    """Whether the text contains the last name of the path or field; always for a path without names."""
    names = [name for name in _NAMES.findall(place.name) if not name.isdecimal()]
    return not names or bool(found(text, names[-1:]))


def _at(place: SecretPlace, request: Request | None, reading: Reading) -> Iterator[str]:
    """The texts in the place, in every decoded form of the body."""
    match place.kind:
        case "header":
            yield from _of_header(request, place.name)
        case "basic":
            yield from _of_header(request, "authorization")
        case "query":
            yield from (value for name, value in reading.query if name == place.name)
        case "form":
            pairs = (*reading.query, *reading.fields)
            yield from (value for name, value in pairs if name == place.name)
        case "body":
            yield request.body.decode("latin-1").strip() if request else ""
        case "json":
            path = _compiled(place.name)
            scopes = (Scope(one, {}, {}, {}) for one in reading.documents)
            yield from (
                text for scope in scopes if path for one in path.find(scope) for text in _scalars(one)
            )


def _of_header(request: Request | None, wanted: str) -> Iterator[str]:
    for name, value in request.headers if request else ():
        if name.lower() == wanted.lower():
            yield value


def _compiled(text: str) -> Path | None:
    try:
        return compile_path(text)
    except PathError:
        return None


def _scalars(node: Json) -> Iterator[str]:
    """Every value: a rejected sender may have sent a list instead of a text."""
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _scalars(child)
    elif isinstance(node, str | int | Decimal) and not isinstance(node, bool):
        yield text_of(node)


def _parts(text: str, place: SecretPlace) -> Iterator[str]:
    """The text, the secret in it after the prefix, and the rest after any other word."""
    yield text
    yield text.strip()
    yield text.removeprefix(place.prefix)
    scheme, _, rest = text.partition(" ")
    if rest and scheme.isalpha():
        yield rest.strip()
    if place.kind == "basic":
        plain = decode_bytes(rest.strip(), "base64") or b""
        yield plain.decode("utf-8", "replace").partition(":")[2]
