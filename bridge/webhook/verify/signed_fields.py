"""Compiles `join:`: a signed message made of selected, sorted and joined fields."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from bridge.jsonpath.exact_numbers import to_json
from bridge.jsonpath.path import Path
from bridge.language.reader import Fields
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext
from bridge.webhook.verify.locations import with_item
from bridge.webhook.verify.signed_message import Builder, Part, Signing, compile_text, field_repeated, scalar

Row = tuple[tuple[str, str], ...]

_ORDERS: dict[str, Callable[[tuple[str, str]], str]] = {
    "sorted": lambda pair: pair[0],
    "sorted_ignoring_case": lambda pair: pair[0].lower(),
}
_ORDER_WORDS = (*_ORDERS, "as_sent")


@dataclass(frozen=True, slots=True)
class _Name:
    """One of a fixed list of names: a field, a path, or a template such as `{secret}`."""

    name: str
    path: Path | None = None
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class _Join:
    origin: str
    at: Path | None
    sub: str | None
    order: str
    names: tuple[_Name, ...]
    drop: frozenset[str]
    only_prefix: tuple[str, ...]
    scalars_only: bool
    nested: str
    keep_empty: bool
    unique_values: bool
    insert: tuple[tuple[str, Part], ...]
    pair: str
    separator: str
    missing: str | None
    encode: str | None
    head: Part
    tail: Part

    def row(self, signing: Signing) -> Row:
        """The fields in signing order."""
        pairs = (*self._sent(signing), *((name, part(signing).decode()) for name, part in self.insert))
        if self.names:
            return tuple(self._fixed(signing, pairs))
        chosen = [pair for pair in pairs if self._wanted(pair)]
        if self.unique_values:
            chosen = sorted(set(chosen))
        if self.order in _ORDERS:
            chosen.sort(key=_ORDERS[self.order])
        return tuple(chosen)

    def texts(self, signing: Signing) -> list[str]:
        return [self._paired(name, value) for name, value in self.row(signing)]

    def _wanted(self, pair: tuple[str, str]) -> bool:
        name, value = pair
        if name in self.drop or not (value or self.keep_empty):
            return False
        return not self.only_prefix or name.lower().startswith(self.only_prefix)

    def _fixed(self, signing: Signing, pairs: Row) -> list[tuple[str, str]]:
        sent = dict(pairs)
        names = [name for name, _ in pairs]
        found: list[tuple[str, str]] = []
        for name in self.names:
            if (times := names.count(name.name)) > 1:
                raise field_repeated(name.name, times)
            value = self._value(name, signing, sent)
            if value is None:
                value = self.missing
            if value is not None and (value or self.keep_empty):
                found.append((name.name, value))
        return found

    def _value(self, name: _Name, signing: Signing, sent: dict[str, str]) -> str | None:
        if name.part is not None:
            return name.part(signing).decode()
        if name.path is None or name.name in sent:
            return sent.get(name.name)
        values = name.path.find(with_item(signing.incoming, signing.item))
        return None if not values or values[0] is None else self._text(values[0])

    def _sent(self, signing: Signing) -> Row:
        incoming = signing.incoming
        match self.origin:
            case "form":
                return _inside(incoming.fields, self.sub)
            case "query":
                return _inside(incoming.query_pairs, self.sub)
            case "params":
                form = () if incoming.kind == "query" else incoming.fields
                return _inside((*incoming.query_pairs, *form), self.sub)
        node = signing.item if self.origin == "item" else incoming.plain_document
        if self.at is not None:
            node = next(iter(self.at.find(with_item(incoming, signing.item))), None)
        if self.sub is not None and isinstance(node, dict):
            node = node.get(self.sub)
        return tuple(self._members(node)) if isinstance(node, dict) else ()

    def _members(self, node: dict[str, Json]) -> list[tuple[str, str]]:
        scalars_only = self.scalars_only or self.nested == "skip"
        members = _flat(node) if self.nested == "flatten" and not scalars_only else list(node.items())
        return [
            (name, self._text(value))
            for name, value in members
            if value is not None and not (scalars_only and isinstance(value, dict | list))
        ]

    def _text(self, value: Json) -> str:
        return to_json(value) if isinstance(value, dict | list) else scalar(value)

    def _paired(self, name: str, value: str) -> str:
        if self.encode == "base64":
            value = b64encode(value.encode()).decode()
        elif self.encode is not None:
            encode = quote_plus if self.encode == "form" else _rfc3986
            name, value = encode(name), encode(value)
        pair = self.pair.replace("{key}", "\0").replace("{length}", str(len(value.encode())))
        return pair.replace("{value}", value).replace("\0", name)


def compile_join(fields: Fields, context: CompileContext) -> Builder | None:
    """Compile `join:` with its optional `then:`. None after a finding."""
    first = _compile(fields, context)
    second = None if fields["then"] is None else _compile(fields["then"], context)
    if first is None or (second is None and fields["then"] is not None):
        return None
    join, uses = first

    def build(signing: Signing) -> bytes:
        texts = join.separator.join(join.texts(signing))
        if second is not None and (more := second[0].separator.join(second[0].texts(signing))):
            after = second[0].head(signing) + more.encode() + second[0].tail(signing)
            texts = f"{texts}{join.separator if texts else ''}{after.decode()}"
        return join.head(signing) + texts.encode() + join.tail(signing)

    return Builder(build, uses | (second[1] if second else frozenset()))


def _compile(fields: Fields, context: CompileContext) -> tuple[_Join, frozenset[str]] | None:
    order, names = _order(fields, context)
    if fields["from"] == "form":
        context.needs_form(fields.at("from"), Reason(WebhookCode.BAD_FIELDS_NEED_FORM))
    templates = {key: compile_text(fields.at(key), fields[key], context) for key in ("head", "tail")}
    insert = {
        name: compile_text(fields.at("insert"), text, context) for name, text in fields["insert"].items()
    }
    at = context.path(fields.at("at"), _root(fields)) if fields["at"] else None
    whole = {**templates, **insert}
    if order is None or names is None or None in whole.values() or (fields["at"] and at is None):
        return None
    builders = {key: builder for key, builder in whole.items() if builder is not None}
    join = _Join(
        fields["from"],
        at,
        fields["sub"],
        order,
        tuple(name for name, _ in names),
        frozenset(fields["drop"]),
        tuple(prefix.lower() for prefix in fields["only_prefix"]),
        fields["scalars_only"],
        fields["nested"],
        fields["empty"] == "keep",
        fields["unique_values"],
        tuple((name, builders[name].build) for name in insert),
        fields["pair"],
        fields["separator"],
        fields["missing"],
        fields["encode"],
        builders["head"].build,
        builders["tail"].build,
    )
    used = frozenset({"fields"}).union(
        *(builder.uses for builder in builders.values()), *(uses for _, uses in names)
    )
    return join, used


def _root(fields: Fields) -> str:
    at: str = fields["at"]
    if at.startswith("$"):
        return at
    return f"$item.{at}" if fields["from"] == "item" else f"$.{at}"


def _order(
    fields: Fields, context: CompileContext
) -> tuple[str | None, list[tuple[_Name, frozenset[str]]] | None]:
    keys = fields["keys"]
    if not keys:
        context.report.add(fields.node, "M402", Reason(WebhookCode.BAD_NO_KEYS))
        return None, None
    if len(keys) == 1 and keys[0] in _ORDER_WORDS:
        return keys[0], []
    names = [_name(key, fields, context) for key in keys]
    known = [name for name in names if name is not None]
    return "fixed", known if len(known) == len(names) else None


def _name(key: str, fields: Fields, context: CompileContext) -> tuple[_Name, frozenset[str]] | None:
    if "{" in key:
        builder = compile_text(fields.at("keys"), key, context)
        return None if builder is None else (_Name(key, part=builder.build), builder.uses)
    if fields["from"] not in ("json", "item"):
        return _Name(key), frozenset()
    root = "$item" if fields["from"] == "item" else "$"
    path = context.path(fields.at("keys"), key if key.startswith("$") else f"{root}.{key}")
    return None if path is None else (_Name(key, path), frozenset())


def _inside(pairs: Row, sub: str | None) -> Row:
    if sub is None:
        return pairs
    start = f"{sub}["
    return tuple(
        (name[len(start) : -1], value)
        for name, value in pairs
        if name.startswith(start) and name.endswith("]")
    )


def _flat(node: Json, prefix: str = "") -> list[tuple[str, Json]]:
    members = node.items() if isinstance(node, dict) else enumerate(node)
    found: list[tuple[str, Json]] = []
    for key, value in members:
        name = f"{prefix}[{key}]" if prefix else str(key)
        found += _flat(value, name) if isinstance(value, dict | list) else [(name, value)]
    return found


def _rfc3986(text: str) -> str:
    return quote(text, safe="-._~")
