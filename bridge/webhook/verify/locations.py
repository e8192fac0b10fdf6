"""Where in a request a signature, a token or a timestamp stands, and how it is written there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.schema import Fields
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.webhook.compile_context import Setup
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.errors import DeniedError

PLACES = ("header", "query", "form", "json", "xml")

_MAX_TEXT = 16_384


@dataclass(frozen=True, slots=True)
class Place:
    """`find` gives the values that stand there; `words` name the place to the owner."""

    words: str
    find: Callable[[Incoming, Json], tuple[str, ...]]
    once: bool = True
    """Whether a second value is a contradiction, or another candidate."""

    def all(self, incoming: Incoming, item: Json = None) -> tuple[str, ...]:
        """The values; DeniedError where there are none, or more than the place may have."""
        values = self.find(incoming, item)
        if not values or not any(values):
            raise DeniedError("missing", f"{self.words} is missing")
        if self.once and len(values) > 1:
            raise DeniedError("repeated", f"{self.words} is given {len(values)} times")
        if any(len(value) > _MAX_TEXT for value in values):
            raise DeniedError("too_long", f"{self.words} is longer than {_MAX_TEXT} characters")
        return values

    def one(self, incoming: Incoming, item: Json = None) -> str:
        """The single value; DeniedError otherwise."""
        values = self.all(incoming, item)
        if len(values) > 1:
            raise DeniedError("repeated", f"{self.words} is given {len(values)} times")
        return values[0]


def compile_place(
    fields: Fields, setup: Setup, what: str, also: tuple[str, ...] = (), *, as_sent: bool = False
) -> Place | None:
    """The one place that a table of PLACES names; `also` are further keys that may stand instead.

    Paths go into the decoded body; `as_sent`, before the JSON inside its fields is read.
    """
    kind = setup.one_of(fields, (*PLACES, *also), what)
    if kind is None or not fields[kind]:
        return None
    name = fields[kind]
    match kind:
        case "header":
            return Place(f"header {' or '.join(name)}", _headers(name), once=len(name) == 1)
        case "query":
            return Place(f"parameter {name}", lambda incoming, _: _values(incoming.query_pairs, name))
        case "form":
            setup.needs_form(fields.at(kind), f"{what} is asked for in a form field")
            return Place(f"field {name}", lambda incoming, _: _values(incoming.fields, name))
        case "item":
            path = setup.path(fields.at(kind), item_path(name))
            return None if path is None else Place(f"{name} of an item", _in_item(path))
        case "json" | "xml":
            path = setup.path(fields.at(kind), name if name.startswith("$") else f"$.{name}")
            if path is not None:
                return Place(name, in_document(path, as_sent=as_sent), once=path.definite)
    return None


def item_path(name: str) -> str:
    """A name inside a batch item as a path: `a.b` is `$item.a.b`."""
    if name.startswith("$item"):
        return name
    return f"$item{name}" if name.startswith("[") else f"$item.{name.removeprefix('$.')}"


def _headers(names: tuple[str, ...]) -> Callable[[Incoming, Json], tuple[str, ...]]:
    def find(incoming: Incoming, _: Json) -> tuple[str, ...]:
        found = [incoming.header(name) for name in names]
        if len(names) > 1 and any(len(values) > 1 for values in found):
            raise DeniedError("repeated", f"one of the headers {', '.join(names)} is given twice")
        return tuple(value for values in found for value in values)

    return find


def _values(pairs: tuple[tuple[str, str], ...], name: str) -> tuple[str, ...]:
    return tuple(value for key, value in pairs if key == name)


def in_document(path: Path, *, as_sent: bool = False) -> Callable[[Incoming, Json], tuple[str, ...]]:
    """The texts at a path of the decoded body; `as_sent`, before the JSON inside its fields is read."""

    def find(incoming: Incoming, _: Json) -> tuple[str, ...]:
        scope = incoming.scope
        return _scalars(path.find(replace(scope, body=incoming.plain_document) if as_sent else scope))

    return find


def _in_item(path: Path) -> Callable[[Incoming, Json], tuple[str, ...]]:
    return lambda incoming, item: _scalars(path.find(with_item(incoming, item)))


def with_item(incoming: Incoming, item: Json) -> Scope:
    """The roots of paths with one element of a batch as `$item`."""
    scope = incoming.scope
    return Scope(scope.body, scope.headers, scope.query, scope.event, item)


def _scalars(values: list[Json]) -> tuple[str, ...]:
    try:
        return tuple(text_of(value) for value in values)
    except Unusable:
        raise DeniedError("kind", "a list or object stands where a text is expected") from None
