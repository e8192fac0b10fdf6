"""A webhook as it may be shown: the token by which its sender was known is hidden everywhere. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus

from bridge.errors import DocumentError
from bridge.mapping.rules import MappingFile
from bridge.model import Event, Json, Request
from bridge.store.event_views import StoredEvent
from bridge.web.console.masking import DOTS, masked, masked_query
from bridge.webhook.json_body import parse_json

BODY_SHOWN: Final = 64 * 1024
"""Bytes of a body that a page shows."""
_TOKEN = re.compile(r"token in (?:(header|parameter|field) )?(\S+(?: or \S+)*)")
"""As schemes say it of themselves: `token in header X-Token + ip`."""
_SHORTEST = 4
"""Characters of a token that is worth looking for in a body."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The request and the document of an event, the proof hidden."""

    document: Json
    headers: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    body: str = ""
    """Its beginning; bytes that are no text show as a question mark."""
    size: int = 0
    """Of the whole body, in bytes."""

    @property
    def cut(self) -> bool:
        return self.size > BODY_SHOWN


def shown(stored: StoredEvent, words: Iterable[str]) -> Shown:
    """The event, where `words` are those in which its source's `verify` was or is told."""
    names = [one for text in words for one in _names(text)]
    document = stored.event.document if stored.event else None
    tokens = {token for kind, name in names if kind in ("", "field") for token in _found(document, name)}
    veiled_document = _without_fields(document, names)
    return _with_request(veiled_document, stored.request, [name for _, name in names], tokens)


def told(sources: Mapping[str, MappingFile], stored: StoredEvent) -> tuple[str, str]:
    """The words in which the source's `verify` was told when the event came, and is told now."""
    mapping = sources.get(stored.line.source)
    return stored.line.verified, mapping.source.check.words if mapping else ""


def veiled(event: Event, words: Iterable[str]) -> Event:
    """The event as rules see it, the proof hidden."""
    names = [one for text in words for one in _names(text)]
    plain = [name for _, name in names]
    query = event.query
    if isinstance(query, dict):
        secret = {name for name, _ in query.items() if masked([(name, "")], plain)[0][1]}
        query = {name: DOTS if name in secret else value for name, value in query.items()}
    headers = dict(masked(event.headers.items(), plain))
    return replace(event, document=_without_fields(event.document, names), headers=headers, query=query)


def _without_fields(document: Json, names: Sequence[tuple[str, str]]) -> Json:
    for kind, name in names:
        if kind in ("", "field"):
            document = _hidden(document, _steps(name))
    return document


def turned_away(request: Request, words: str) -> Shown:
    """A webhook that was not believed: its token may be the right one of another day, or nearly so."""
    names = [*_names(words)]
    text = request.body.decode("utf-8", "replace")
    document = _parsed(text)
    tokens = {token for kind, name in names if kind in ("", "field") for token in _found(document, name)}
    return _with_request(document, request, [name for _, name in names], tokens)


def _parsed(text: str) -> Json:
    """JSON, or what a form's fields are."""
    try:
        return parse_json(text)
    except DocumentError:
        return dict(parse_qsl(text))


def _with_request(document: Json, request: Request | None, names: Sequence[str], tokens: set[str]) -> Shown:
    if request is None:
        return Shown(document)
    return Shown(
        document,
        masked(request.headers, names),
        masked_query(request.query, names),
        _without(request.body[:BODY_SHOWN].decode("utf-8", "replace"), tokens),
        len(request.body),
    )


def _names(words: str) -> Iterator[tuple[str, str]]:
    for kind, names in _TOKEN.findall(words):
        yield from ((kind, name) for name in names.split(" or "))


def _steps(name: str) -> list[str]:
    return re.findall(r"[^.\[\]'\"]+", name.removeprefix("$"))


def _found(document: Json, name: str) -> Iterator[str]:
    for step in _steps(name):
        document = document.get(step) if isinstance(document, dict) else None
    if isinstance(document, str) and len(document) >= _SHORTEST:
        yield document


def _hidden(node: Json, steps: list[str]) -> Json:
    """A copy in which the value at the steps is hidden."""
    if not steps:
        return DOTS
    if not isinstance(node, dict) or steps[0] not in node:
        return node
    return {**node, steps[0]: _hidden(node[steps[0]], steps[1:])}


def _without(text: str, tokens: Iterable[str]) -> str:
    for token in tokens:
        for spelled in _spellings(token):
            text = text.replace(spelled, DOTS)
    return text


def _spellings(token: str) -> set[str]:
    """As bodies of JSON and of forms may write it; PHP escapes slashes."""
    escaped = {json.dumps(token, ensure_ascii=only_ascii)[1:-1] for only_ascii in (True, False)}
    slashed = {one.replace("/", "\\/") for one in escaped}
    return {token, *escaped, *slashed, quote(token, safe=""), quote_plus(token)}
