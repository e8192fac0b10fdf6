"""Compiles how the id and type of an event are read: paths, templates and literals, joined or alternative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bridge.frozen import frozen
from bridge.jsonpath.path import Path, PathError, is_path
from bridge.jsonpath.scope import Scope
from bridge.language.keys_source import IDENTITY
from bridge.language.nodes import Mapping, Node, Scalar, Sequence
from bridge.language.reader import Fields
from bridge.language.templates import compile_template, is_template
from bridge.language.text import Unusable, text_of
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.compile_context import CompileContext

SEPARATOR = ":"


@frozen
class IdentityInput:
    """What an identity is read from: the event's roots, and the names on the path to it in its batch."""

    scope: Scope
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Reads an id or type."""

    read: Callable[[IdentityInput], str | None]
    """The text; None if the event lacks it."""
    lacks: Callable[[IdentityInput], Reason | None]
    """What the event lacks for it: `$.id is absent`; None if nothing."""
    line: int = 0
    column: int = 0


def compile_identity(node: Node | None, context: CompileContext) -> Identity | None:
    """Compile an id or type; None if nothing is declared, or after a finding."""
    made = _compiled(node, context)
    return None if made is None or node is None else replace(made, line=node.line, column=node.column)


def _compiled(node: Node | None, context: CompileContext) -> Identity | None:
    match node:
        case None | Scalar(value=None):
            return None
        case Scalar():
            return _scalar(node, context)
        case Sequence(items=items):
            return _row([compile_identity(item, context) for item in items])
        case Mapping():
            fields = context.reader.table(node, IDENTITY)
            return None if fields is None else _mapping(fields, context)


def _scalar(node: Scalar, context: CompileContext) -> Identity | None:
    if is_path(node.text):
        path = context.path(node, node.text)
        return None if path is None else _path(path)
    if not is_template(node.text):
        text = node.text
        return Identity(lambda _: text, lambda _: None)
    try:
        template = compile_template(node.text)
    except PathError as error:
        context.report.add(node, error.code, error.reason, error.offset)
        return None

    def render(given: IdentityInput) -> str | None:
        try:
            return template.render(given.scope) or None
        except Unusable:
            return None

    return Identity(render, _lacking(render, Reason(WebhookCode.LACKS_VALUE, template=node.text)))


def _lacking(
    read: Callable[[IdentityInput], str | None], reason: Reason
) -> Callable[[IdentityInput], Reason | None]:
    return lambda given: reason if read(given) is None else None


def _path(path: Path, default: str | None = None, passed_over: frozenset[str] = frozenset()) -> Identity:
    def read(given: IdentityInput) -> str | None:
        found = path.find(given.scope)
        try:
            text = text_of(found[0]) if found else ""
        except Unusable:
            return default
        return text if text and text not in passed_over else default

    def lacks(given: IdentityInput) -> Reason | None:
        return None if read(given) is not None else Reason(_unusable(path.find(given.scope)), path=path.text)

    return Identity(read, lacks)


def _unusable(found: list[Json]) -> WebhookCode:
    """Why the values at a path are no id or type."""
    if not found:
        return WebhookCode.LACKS_ABSENT
    match found[0]:
        case list():
            return WebhookCode.LACKS_LIST
        case dict():
            return WebhookCode.LACKS_OBJECT
        case None:
            return WebhookCode.LACKS_NULL
        case "":
            return WebhookCode.LACKS_EMPTY
    return WebhookCode.LACKS_EXCEPTED


def _row(parts: list[Identity | None]) -> Identity | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None

    def read(given: IdentityInput) -> str | None:
        texts = [part.read(given) for part in known]
        present = [text for text in texts if text is not None]
        return SEPARATOR.join(present) if len(present) == len(texts) else None

    def lacks(given: IdentityInput) -> Reason | None:
        return next((reason for part in known if (reason := part.lacks(given))), None)

    return Identity(read, lacks)


def _mapping(fields: Fields, context: CompileContext) -> Identity | None:
    kind = context.one_of(fields, ("first_of", "path", "key", "split"), Reason(WebhookCode.BAD_OF_IDENTITY))
    match kind:
        case "first_of":
            return _first([compile_identity(node, context) for node in fields["first_of"] or ()])
        case "path":
            path = context.path(fields.at("path"), fields["path"] or "")
            return None if path is None else _path(path, fields["default"], frozenset(fields["except"]))
        case "key":
            path = context.path(fields.at("key"), fields["key"] or "")
            return None if path is None else _key(path, frozenset(fields["except"]))
        case "split":
            return Identity(_names, _lacking(_names, Reason(WebhookCode.LACKS_NAMES)))
    return None


def _names(given: IdentityInput) -> str | None:
    return ".".join(given.names) or None


def _first(parts: list[Identity | None]) -> Identity | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or not known:
        return None

    def read(given: IdentityInput) -> str | None:
        return next((text for part in known if (text := part.read(given)) is not None), None)

    def lacks(given: IdentityInput) -> Reason | None:
        if read(given) is not None:
            return None
        return Reason(WebhookCode.LACKS_ALL, reasons=tuple(part.lacks(given) for part in known))

    return Identity(read, lacks)


def _key(path: Path, passed_over: frozenset[str]) -> Identity:
    def read(given: IdentityInput) -> str | None:
        found = path.find(given.scope)
        members = found[0] if found and isinstance(found[0], dict) else {}
        return next((name for name in members if name not in passed_over), None)

    return Identity(read, _lacking(read, Reason(WebhookCode.LACKS_NAME, path=path.text)))
