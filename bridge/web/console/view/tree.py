"""A document as a tree to look at: every value with its path as mapping files write it. Pure.

Large documents are cut: what is left out is counted, and the raw body has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from bridge.mapping.author.suggest_path import Steps, spell
from bridge.model import Json

Kind: TypeAlias = Literal["object", "list", "text", "number", "boolean", "null"]

MOST_NODES: Final = 2_000
MOST_TEXT: Final = 200_000
"""Characters of all values together."""
SHORT: Final = 160
"""Characters of a text that show without asking."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the document, or a branch of them."""

    name: str
    """Its key or index; empty for the root."""
    path: str
    kind: Kind
    text: str = ""
    """A leaf's value, a long one's beginning."""
    rest: str = ""
    """What of a long text does not show at once."""
    children: tuple[Node, ...] = ()
    size: int = 0
    """How many children a branch has in the document."""
    depth: int = 0

    @property
    def branch(self) -> bool:
        return self.kind in ("object", "list")

    @property
    def hidden(self) -> int:
        """How many children are left out."""
        return self.size - len(self.children)


@dataclass(slots=True)
class _Budget:
    nodes: int
    text: int


def tree(document: Json, root: str = "$", most: int = MOST_NODES) -> Node:
    """The document from its root; at most so many nodes of it."""
    return _node(document, root, (), _Budget(most, MOST_TEXT))


def nodes(node: Node) -> int:
    """How many nodes a tree shows."""
    return 1 + sum(nodes(child) for child in node.children)


def _node(value: Json, root: str, steps: Steps, budget: _Budget) -> Node:
    budget.nodes -= 1
    name = str(steps[-1]) if steps else ""
    path = spell(root, steps)
    if isinstance(value, dict | list):
        kind: Kind = "object" if isinstance(value, dict) else "list"
        children = []
        for step, child in _items(value):
            if budget.nodes <= 0 or budget.text <= 0:
                break
            children.append(_node(child, root, (*steps, step), budget))
        return Node(name, path, kind, children=tuple(children), size=len(value), depth=len(steps))
    kind, text = _leaf(value)
    shown = text[:SHORT]
    rest = text[SHORT : max(SHORT, budget.text)]
    budget.text -= len(shown) + len(rest)
    return Node(name, path, kind, shown, rest, depth=len(steps))


def _items(value: Json) -> Iterator[tuple[str | int, Json]]:
    yield from value.items() if isinstance(value, dict) else enumerate(value)


def _leaf(value: Json) -> tuple[Kind, str]:
    if value is None:
        return "null", "null"
    if isinstance(value, bool):
        return "boolean", str(value).lower()
    if isinstance(value, int | float | Decimal):
        return "number", str(value)
    return "text", str(value)
