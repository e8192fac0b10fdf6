"""Decodes forms and query strings into pairs, and builds documents from names with PHP's brackets.

`leads[add][0][id]=7` is `{"leads": {"add": {"0": {"id": "7"}}}}`: only maps, with keys as sent, so that a
huge number is a key and never a list's length; they are marked as `Bracketed`. `a[]` continues from the
largest number so far. The values of a repeated name are a list. A name with both a value and children keeps
both: the value at `note.type`, the children in a map at `note['type[]']`. Names keep their dots and blanks;
a name with unbalanced brackets is a plain name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bridge.errors import DocumentError
from bridge.jsonpath.brackets import Bracketed
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.webhook.decode.json_body import check_text

MAX_PAIRS = 5_000
MAX_DEPTH = 32

Pairs = tuple[tuple[str, str], ...]

_BRACKETED = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_PERCENT = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


def read_pairs(text: bytes, charset: str = "utf-8") -> Pairs:
    """Names and values in the order sent, percent-decoded, `+` as a blank. Raises DocumentError."""
    parts = [part for part in text.split(b"&") if part]
    if len(parts) > MAX_PAIRS:
        raise DocumentError(Reason(WebhookCode.TOO_MANY_FIELDS, limit=MAX_PAIRS))
    split = (part.partition(b"=") for part in parts)
    return tuple((_decode(name, charset), _decode(value, charset)) for name, _, value in split)


def unescape(part: bytes) -> bytes:
    """Decode percent sequences; anything else is unchanged. Linear, unlike a split at every `%`."""
    return _PERCENT.sub(lambda match: bytes.fromhex(match[0].replace(b"%", b"").decode()), part)


def _decode(part: bytes, charset: str) -> str:
    try:
        text = unescape(part.replace(b"+", b" ")).decode(charset)
    except UnicodeDecodeError:
        fault = Reason(WebhookCode.FIELD_NOT_CHARSET, charset=charset)
        raise DocumentError(fault, Reason(WebhookCode.CURE_CHARSET)) from None
    check_text(text)
    return text


@dataclass(slots=True)
class _Node:
    values: list[str] = field(default_factory=list)
    children: dict[str, _Node] = field(default_factory=dict)
    next_index: int = 0

    def child(self, key: str) -> _Node:
        if key == "":
            key = str(self.next_index)
        if is_number(key):
            self.next_index = max(self.next_index, int(key) + 1)
        return self.children.setdefault(key, _Node())


def is_number(key: str) -> bool:
    """Whether PHP treats a key as a number: digits without a leading zero that fit 64 bits."""
    return _NUMBER.fullmatch(key) is not None


def build_document(pairs: Pairs) -> Bracketed:
    """Build the document from the pairs. Raises DocumentError beyond 32 levels."""
    root = _Node()
    for name, value in pairs:
        node = root
        for depth, key in enumerate(split_name(name)):
            node = node.child(key) if depth else node.children.setdefault(key, _Node())
        node.values.append(value)
    return _document(root)


def split_name(name: str) -> list[str]:
    """`a[b][]` as `a`, `b`, `` ; a name with unbalanced brackets is one part."""
    match = _BRACKETED.fullmatch(name)
    if match is None:
        return [name]
    if match[2].count("[") >= MAX_DEPTH:
        raise DocumentError(Reason(WebhookCode.FIELD_TOO_DEEP, limit=MAX_DEPTH))
    return [match[1], *match[2][1:-1].split("][")]


def _document(node: _Node) -> Bracketed:
    document = Bracketed()
    for key, child in node.children.items():
        if child.values:
            document[key] = child.values[0] if len(child.values) == 1 else child.values
        if child.children:
            document[f"{key}[]" if child.values else key] = _document(child)
    return document
