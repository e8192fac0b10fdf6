"""Operands of conditions: literals of the file, or values from another part of the event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.functions.base import quote
from bridge.language.functions.figures import decimal_of
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.schema import expected
from bridge.language.text import Unusable
from bridge.language.values import Value, compile_value
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Param, Reason
from bridge.reasons.rules import RuleCode


@dataclass(frozen=True, slots=True)
class Operand:
    """The values to compare with. A comparison holds if it holds for at least one of them."""

    find: Callable[[Scope], tuple[Json, ...]]
    values: tuple[Json, ...]
    """All values, if `dynamic` is false."""
    dynamic: bool
    paths: tuple[Path, ...]
    wanted: Param
    """For reasons: `"paid"`, one of 1, 2, the value of `$.total`."""


def compile_operand(node: Node, report: Report) -> Operand | None:
    """Compile one value or a list of values; None after an error in the report."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    if not nodes:
        report.add(node, "M206", expected(FindingCode.AT_LEAST_ONE_VALUE, FindingCode.EMPTY_LIST))
        return None
    values = [_value(item, report) for item in nodes]
    compiled = tuple(value for value in values if value is not None)
    return _operand(compiled) if len(compiled) == len(values) else None


def _value(node: Node, report: Report) -> Value | None:
    if isinstance(node, Scalar) or (isinstance(node, Mapping) and node.get("value") is not None):
        return compile_value(node, report)
    report.add(node, "M206", expected(FindingCode.VALUE_TO_COMPARE, node))
    return None


def _operand(values: tuple[Value, ...]) -> Operand:
    literals = tuple(value.literal for value in values)
    paths = tuple(path for value in values for path in value.paths)
    shown = tuple(map(_shown, values))
    wanted = shown[0] if len(shown) == 1 else Reason(RuleCode.WANTED_ONE_OF, values=shown)
    if ABSENT not in literals:
        return Operand(lambda _: literals, literals, False, paths, wanted)
    finders = tuple(map(_finder, values))
    return Operand(
        lambda scope: tuple(found for find in finders for found in find(scope)), (), True, paths, wanted
    )


def _shown(value: Value) -> str | Reason:
    if value.literal is ABSENT:
        return Reason(RuleCode.WANTED_VALUE_OF, path=value.text)
    return quote(value.literal)


def _finder(value: Value) -> Callable[[Scope], tuple[Json, ...]]:
    """Finds all values of a path or the elements of its list, a template's text, or a literal."""
    if len(value.paths) == 1 and value.text == value.paths[0].text:
        return _path_finder(value.paths[0])

    def find(scope: Scope) -> tuple[Json, ...]:
        try:
            found = value.render(scope)
        except Unusable:
            return ()
        return () if found is ABSENT else (found,)

    return find


def _path_finder(path: Path) -> Callable[[Scope], tuple[Json, ...]]:
    def find(scope: Scope) -> tuple[Json, ...]:
        found = path.find(scope)
        if path.definite and found and isinstance(found[0], list):
            return tuple(found[0])
        return tuple(found)

    return find


def same(found: Json, wanted: Json, fold: bool = False) -> bool:
    """Whether a value equals the wanted one. Numbers compare as decimals, even if sent as text."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    if isinstance(wanted, int | Decimal):
        number = decimal_of(found)
        return number is not None and number == wanted
    if fold and isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    return bool(found == wanted)
