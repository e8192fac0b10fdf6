"""Compiles and reads the places of signatures, tokens and timestamps in requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import Scope
from bridge.language.reader import Fields
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.incoming import Incoming
from bridge.webhook.verify.errors import DeniedError

PLACES = ("header", "query", "form", "json", "xml")

_MAX_TEXT = 16_384


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a request; `find` returns its values, `name` is shown to the owner."""

    name: Reason | str
    """A path is shown as it is written."""
    find: Callable[[Incoming, Json], tuple[str, ...]]
    once: bool = True
    """Whether a second value is an error, or another candidate."""

    def all(self, incoming: Incoming, item: Json = None) -> tuple[str, ...]:
        """The values; raises DeniedError if there are none, or more than allowed."""
        values = self.find(incoming, item)
        if not values or not any(values):
            raise DeniedError("missing", Reason(WebhookCode.MISSING, place=self.name))
        if self.once and len(values) > 1:
            raise self._repeated(len(values))
        if any(len(value) > _MAX_TEXT for value in values):
            raise DeniedError("too_long", Reason(WebhookCode.TOO_LONG, place=self.name, limit=_MAX_TEXT))
        return values

    def one(self, incoming: Incoming, item: Json = None) -> str:
        """The only value; raises DeniedError for none or several."""
        values = self.all(incoming, item)
        if len(values) > 1:
            raise self._repeated(len(values))
        return values[0]

    def _repeated(self, times: int) -> DeniedError:
        return DeniedError("repeated", Reason(WebhookCode.REPEATED, place=self.name, count=times))


def compile_place(
    fields: Fields, context: CompileContext, what: str, also: tuple[str, ...] = (), *, as_sent: bool = False
) -> Place | None:
    """Compile the only place in a table of PLACES; `also` are other keys that are allowed instead.

    Paths are looked up in the decoded body; with `as_sent`, before JSON inside its fields is decoded.
    """
    kind = context.one_of(fields, (*PLACES, *also), what)
    if kind is None or not fields[kind]:
        return None
    name = fields[kind]
    match kind:
        case "header":
            return Place(header_place(name), _headers(name), once=len(name) == 1)
        case "query":
            place = Reason(WebhookCode.PLACE_QUERY, name=name)
            return Place(place, lambda incoming, _: _values(incoming.query_pairs, name))
        case "form":
            context.needs_form(fields.at(kind), Reason(WebhookCode.BAD_PLACE_NEEDS_FORM, key=what))
            place = Reason(WebhookCode.PLACE_FORM, name=name)
            return Place(place, lambda incoming, _: _values(incoming.fields, name))
        case "item":
            path = context.path(fields.at(kind), item_path(name))
            place = Reason(WebhookCode.PLACE_ITEM, name=name)
            return None if path is None else Place(place, _in_item(path))
        case "json" | "xml":
            path = context.path(fields.at(kind), name if name.startswith("$") else f"$.{name}")
            if path is not None:
                return Place(name, in_document(path, as_sent=as_sent), once=path.definite)
    return None


def header_place(names: tuple[str, ...]) -> Reason:
    """The name of a header, or of several of which one has the value."""
    return Reason(WebhookCode.PLACE_HEADER, names=names)


def item_path(name: str) -> str:
    """The path of a name in a batch item: `a.b` is `$item.a.b`."""
    if name.startswith("$item"):
        return name
    return f"$item{name}" if name.startswith("[") else f"$item.{name.removeprefix('$.')}"


def _headers(names: tuple[str, ...]) -> Callable[[Incoming, Json], tuple[str, ...]]:
    def find(incoming: Incoming, _: Json) -> tuple[str, ...]:
        found = [incoming.header(name) for name in names]
        if len(names) > 1 and any(len(values) > 1 for values in found):
            raise DeniedError("repeated", Reason(WebhookCode.ONE_HEADER_TWICE, names=names))
        return tuple(value for values in found for value in values)

    return find


def _values(pairs: tuple[tuple[str, str], ...], name: str) -> tuple[str, ...]:
    return tuple(value for key, value in pairs if key == name)


def in_document(path: Path, *, as_sent: bool = False) -> Callable[[Incoming, Json], tuple[str, ...]]:
    """The texts at a path of the decoded body; with `as_sent`, before JSON inside its fields is decoded."""

    def find(incoming: Incoming, _: Json) -> tuple[str, ...]:
        scope = incoming.scope
        return _scalars(path.find(replace(scope, body=incoming.plain_document) if as_sent else scope))

    return find


def _in_item(path: Path) -> Callable[[Incoming, Json], tuple[str, ...]]:
    return lambda incoming, item: _scalars(path.find(with_item(incoming, item)))


def with_item(incoming: Incoming, item: Json) -> Scope:
    """The roots for paths, with one item of a batch as `$item`."""
    scope = incoming.scope
    return Scope(scope.body, scope.headers, scope.query, scope.event, item)


def _scalars(values: list[Json]) -> tuple[str, ...]:
    try:
        return tuple(text_of(value) for value in values)
    except Unusable:
        raise DeniedError("kind", Reason(WebhookCode.NOT_A_TEXT)) from None
