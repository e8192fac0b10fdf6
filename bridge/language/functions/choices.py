"""Functions that replace one value by another."""

from __future__ import annotations

from bridge.jsonpath.scope import ABSENT
from bridge.language.functions.base import Arguments, Function, Step, UnfitError
from bridge.language.nodes import Mapping, Node, Scalar
from bridge.language.schema import FLAG, Key, Raw, expected
from bridge.language.text import text_of
from bridge.model import Json
from bridge.reasons.findings import FindingCode


def table_of(node: Node) -> dict[str, Json]:
    """Read the table of a `map`: a result for each text. Raises UnfitError."""
    if not isinstance(node, Mapping):
        raise UnfitError(expected(FindingCode.MAPPING_OF_VALUES, node), node)
    return {key.text: scalar_of(value) for key, value in node.entries}


def scalar_of(node: Node) -> Json:
    """Read a literal scalar of the file. Raises UnfitError."""
    if not isinstance(node, Scalar):
        raise UnfitError(expected(FindingCode.ANY_LITERAL, node), node)
    return node.value


def look_up(table: dict[str, Json]) -> Step:
    """Return a step that looks up the value's text in the table; ABSENT if there is no entry."""

    def step(value: Json) -> Json:
        return table.get(text_of(value), ABSENT)

    return step


def _map(arguments: Arguments) -> Step:
    return look_up(table_of(arguments.main))


def _default(arguments: Arguments) -> Step:
    replacement = scalar_of(arguments.main)
    empty_too = arguments["empty"]

    def step(value: Json) -> Json:
        if value is None or value is ABSENT or (empty_too and value in ("", [], {})):
            return replacement
        return value

    return step


CHOICES = (
    Function(
        "map",
        "looks the value up in a table; absent if the table has no entry",
        _map,
        argument=Raw("a table"),
        required=True,
    ),
    Function(
        "default",
        "replaces an absent or null value",
        _default,
        argument=Raw("a text, number, true or false"),
        required=True,
        options=(Key("empty", FLAG, "replace an empty text, list or object, too", default=False),),
        whole=True,
        takes_absent=True,
    ),
)
