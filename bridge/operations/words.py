"""Formats JSON for the screen: safe on a terminal, numbers with their original digits."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.jsonpath.exact_numbers import to_json
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode


def json_text(document: Json) -> str:
    """Compact JSON that is safe on a terminal, every number with its original digits."""
    return _json_safe(to_json(document))


def document_lines(document: Json) -> Iterator[str]:
    """The document as indented JSON, safe on a terminal, every number with its original digits."""
    yield from _indented(document, "", "")


def _indented(node: Json, indent: str, comma: str) -> Iterator[str]:
    """The lines. The first has no indent: the caller adds the indent or a key."""
    if not isinstance(node, dict | list) or not node:
        yield json_text(node) + comma
        return
    inner = indent + "  "
    is_list = isinstance(node, list)
    children = [("", child) for child in node] if is_list else [(f"{json_text(k)}: ", node[k]) for k in node]
    yield "[" if is_list else "{"
    for number, (key, child) in enumerate(children, 1):
        first, *rest = _indented(child, inner, "," if number < len(children) else "")
        yield inner + key + first
        yield from rest
    yield f"{indent}{']' if is_list else '}'}{comma}"


def _json_safe(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _json_escape(char) for char in text)


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def known_by_body(lacks: Reason) -> Reason:
    """Says that an event without the declared id is identified by its body."""
    return Reason(WebhookCode.KNOWN_BY_BODY, lacks=lacks)
