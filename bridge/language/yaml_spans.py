"""Start and end of each value of a YAML text, to change one value and keep the rest of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import yaml


@dataclass(frozen=True, slots=True)
class Placed:
    """A value and its span: `text[start:end]` is its text in the file, without comments around it."""

    kind: Literal["scalar", "list", "map"]
    start: int
    end: int
    inline: bool
    """Whether it is in brackets, or a scalar without line breaks."""
    quote: str = ""
    value: str = ""
    """Text of a scalar."""
    items: tuple[Placed, ...] = ()
    """Items of a list."""
    entries: tuple[tuple[Placed, Placed], ...] = ()
    """Entries of a map."""

    def get(self, name: str) -> Placed | None:
        """The value of a key of a map."""
        return next((value for key, value in self.entries if key.value == name), None)


def placed(text: str) -> Placed:
    """The spans of a text that `document.read` read without a finding."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    return Placed("scalar", 0, 0, inline=True) if root is None else _placed(root, text)


def comments(text: str, start: int, end: int) -> bool:
    """Whether this part of the text contains a comment."""
    covered = [
        (token.start_mark.index, token.end_mark.index)
        for token in yaml.scan(text, Loader=yaml.CSafeLoader)
        if isinstance(token, yaml.ScalarToken)
    ]
    return any(
        text[at] == "#" and not any(begin <= at < close for begin, close in covered)
        for at in range(start, end)
    )


def _placed(node: yaml.Node, text: str) -> Placed:
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.ScalarNode):
        end = start + len(text[start:end].rstrip())
        simple = node.style in (None, "", "'", '"') and "\n" not in text[start:end]
        return Placed("scalar", start, end, simple, node.style or "", node.value)
    if not isinstance(node, yaml.CollectionNode):
        raise TypeError(f"{type(node).__name__} is no node of a composed text")
    inline = bool(node.flow_style)
    if isinstance(node, yaml.SequenceNode):
        items = tuple(_placed(item, text) for item in node.value)
        return Placed("list", start, end if inline else _last(items, start), inline, items=items)
    entries = tuple((_placed(key, text), _placed(value, text)) for key, value in node.value)
    last = _last([value for _, value in entries], start)
    return Placed("map", start, end if inline else last, inline, entries=entries)


def _last(below: Sequence[Placed], start: int) -> int:
    """The end of a block: that of its last value, as the parser's mark is after the comments that follow."""
    return max((one.end for one in below), default=start)
