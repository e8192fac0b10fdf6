"""Where a source reads secrets in a request, and which it knows: what is to be hidden, as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.language.schema import Fields
from bridge.reasons.reason import Reason

PlaceKind: TypeAlias = Literal["header", "query", "form", "json", "basic", "path", "body"]
"""`json` is a path into the decoded body, of whatever kind that is; `body`: the whole of it."""
_KINDS = frozenset(get_args(PlaceKind))


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """One place of a request in which a check reads a secret."""

    kind: PlaceKind
    name: str = ""
    """Of a header, parameter or field, or a path; empty for kinds that have one place."""
    prefix: str = ""
    """What precedes the secret there: `Bearer `."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not be shown of a source's webhooks."""

    places: tuple[SecretPlace, ...] = ()
    values: tuple[str, ...] = field(default=(), repr=False)
    """The secrets as they are set now: a sender may put one where no check looks."""
    proofs: frozenset[Reason] = frozenset()
    """What `verified` of an event can say while `places` are these."""
    text: str = "[]"
    """The places as they are stored with an event."""


def secret_places(fields: Fields) -> tuple[SecretPlace, ...]:
    """Where a table of `token` or `jwt` reads its secret."""
    kinds = [kind for kind in (*_KINDS, "xml") if kind in fields and fields[kind] is not None]
    return tuple(place for kind in sorted(kinds) for place in _places(kind, fields))


def _places(kind: str, fields: Fields) -> Iterator[SecretPlace]:
    said, prefix = fields[kind], fields["prefix"]
    match kind:
        case "header":
            yield from (SecretPlace("header", name, prefix) for name in said)
        case "query" | "form":
            yield SecretPlace("query" if kind == "query" else "form", said, prefix)
        case "json" | "xml":
            yield SecretPlace("json", said if said.startswith("$") else f"$.{said}", prefix)
        case "basic":
            yield SecretPlace("basic")
        case "path":
            yield SecretPlace("path")
        case "body":
            yield SecretPlace("body")


def places_text(places: Iterable[SecretPlace]) -> str:
    """As stored: a list per place, fields in their order."""
    return to_json([[one.kind, one.name, one.prefix] for one in dict.fromkeys(places)])


def read_places(stored: str) -> tuple[SecretPlace, ...]:
    """What `places_text` wrote. A kind of a later version is left out."""
    return tuple(SecretPlace(*one) for one in from_json(stored) if one[0] in _KINDS)
