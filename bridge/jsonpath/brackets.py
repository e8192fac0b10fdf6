"""Values that have items: lists, and the maps that brackets of a form make in place of lists."""

from __future__ import annotations

from collections.abc import Collection

from bridge.model import Json


class Bracketed(dict[str, Json]):
    """A map made from brackets: `leads[add][0][id]=7` means a list, but is decoded to maps."""

    __slots__ = ()


class NotAListError(Exception):
    """A step that selects items found a map of `size` members, which has no items."""

    def __init__(self, size: int) -> None:
        super().__init__(f"a map of {size}")
        self.size = size


def items_in(node: Json) -> Collection[Json]:
    """The items of a list, or of a map made from brackets. Raises NotAListError for any other map.

    A map of names and texts, such as `customer[name]=Anna`, is one object and not a list.
    """
    if isinstance(node, list):
        return node
    if not isinstance(node, dict) or not node:
        return ()
    if is_list(node):
        return node.values()
    raise NotAListError(len(node))


def is_list(node: Json) -> bool:
    """Whether a value has items: it is a list, or a map made from brackets in place of a list."""
    if not isinstance(node, Bracketed):
        return isinstance(node, list)
    return all(isinstance(child, dict | list) for child in node.values()) or is_numbered(node)


def is_numbered(node: Json) -> bool:
    """Whether the map was made from brackets with only numbers, as PHP sends a list."""
    return isinstance(node, Bracketed) and all(key.isdecimal() for key in node)


def marked(node: Json, except_in: tuple[tuple[str, ...], ...] = ()) -> Json:
    """A copy of a document with its maps as Bracketed, except below the names in `except_in`."""
    if isinstance(node, list):
        return [marked(child) for child in node]
    if not isinstance(node, dict) or () in except_in:
        return node
    below = {name: tuple(names[1:] for names in except_in if names[:1] == (name,)) for name in node}
    return Bracketed({name: marked(child, below[name]) for name, child in node.items()})
