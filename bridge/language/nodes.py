"""Nodes of a YAML file with line and column, and the findings of one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from bridge.model import Finding, Json
from bridge.reasons.reason import Reason


class Scalar(NamedTuple):
    """A text, number, boolean or null. `text` is the source's spelling without quotes."""

    line: int
    column: int
    value: str | int | Decimal | bool | None
    text: str
    quoted: bool = False
    verbatim: bool = True
    """Whether the file has the text unescaped, on one line, so that each character has a column."""


@dataclass(frozen=True, slots=True)
class Sequence:
    line: int
    column: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    line: int
    column: int
    entries: tuple[tuple[Scalar, Node], ...]

    def get(self, name: str) -> Node | None:
        for key, node in self.entries:
            if key.text == name:
                return node
        return None

    def key(self, name: str) -> Scalar | None:
        return next((key for key, _ in self.entries if key.text == name), None)


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(slots=True)
class Report:
    """Collects the findings of one file."""

    path: str
    findings: list[Finding] = field(default_factory=list)

    def add(self, at: Node, code: str, reason: Reason, offset: int | None = None) -> None:
        """Add a finding at the node. `offset` is a position in the text of a scalar."""
        column = at.column
        if offset is not None and isinstance(at, Scalar) and at.verbatim:
            column += at.quoted + offset
        self.findings.append(Finding(self.path, at.line, column, code, reason))

    @property
    def failed(self) -> bool:
        return any(finding.is_error for finding in self.findings)


def plain(node: Node) -> Json:
    """The node as plain Python values, without positions."""
    match node:
        case Scalar(value=value):
            return value
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {key.text: plain(value) for key, value in entries}


def scalars(node: Node) -> list[Scalar]:
    """All scalars in the node, keys included, in the order of the text."""
    found: list[Scalar] = []
    _gather(node, found)
    return found


def _gather(node: Node, found: list[Scalar]) -> None:
    if isinstance(node, Scalar):
        found.append(node)
    elif isinstance(node, Sequence):
        for item in node.items:
            _gather(item, found)
    else:
        for key, value in node.entries:
            found.append(key)
            _gather(value, found)
