"""The places in a request where a source reads secrets, and its configured secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.language.reader import Fields
from bridge.reasons.reason import Reason

PlaceKind: TypeAlias = Literal["header", "query", "form", "json", "basic", "path", "body"]
"""`json` is a path into the decoded body of any kind; `body` is the whole body."""
_KINDS = frozenset(get_args(PlaceKind))


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """A place in a request where a check reads a secret."""

    kind: PlaceKind
    name: str = ""
    """The name of a header, parameter or field, or a path; empty for kinds with a single place."""
    prefix: str = ""
    """The text before the secret: `Bearer `."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets in a source's webhooks, which must not be shown."""

    places: tuple[SecretPlace, ...] = ()
    values: tuple[str, ...] = field(default=(), repr=False)
    """The secrets as they are set now: a sender may put one where no check reads it."""
    proofs: frozenset[Reason] = frozenset()
    """All values of an event's `verified` with these `places`."""
    text: str = "[]"
    """The places as they are stored with an event."""


def secret_places(fields: Fields) -> tuple[SecretPlace, ...]:
    """The places where a table of `token` or `jwt` reads its secret."""
    kinds = [kind for kind in (*_KINDS, "xml") if kind in fields and fields[kind] is not None]
    return tuple(place for kind in sorted(kinds) for place in _places(kind, fields))


def _places(kind: str, fields: Fields) -> Iterator[SecretPlace]:
    value, prefix = fields[kind], fields["prefix"]
    match kind:
        case "header":
            yield from (SecretPlace("header", name, prefix) for name in value)
        case "query" | "form":
            yield SecretPlace("query" if kind == "query" else "form", value, prefix)
        case "json" | "xml":
            yield SecretPlace("json", value if value.startswith("$") else f"$.{value}", prefix)
        case "basic":
            yield SecretPlace("basic")
        case "path":
            yield SecretPlace("path")
        case "body":
            yield SecretPlace("body")


def places_text(places: Iterable[SecretPlace]) -> str:
    """The places as JSON: a list of fields per place."""
    return to_json([[one.kind, one.name, one.prefix] for one in dict.fromkeys(places)])


def read_places(stored: str) -> tuple[SecretPlace, ...]:
    """The places that `places_text` has written. Kinds of later versions are skipped."""
    return tuple(SecretPlace(*one) for one in from_json(stored) if one[0] in _KINDS)
