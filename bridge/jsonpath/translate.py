"""Translates jsonpath-ng's tree to ours, with an allow-list of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self, TypeAlias

from jsonpath_ng import Child, Descendants, Fields, Index, JSONPath, Root, Slice, This, Wildcard
from jsonpath_ng.ext.filter import And, Expression, Filter, Or

from bridge.jsonpath.ast import (
    All,
    AnyOf,
    Call,
    Compare,
    Constant,
    Every,
    Exists,
    Holds,
    Name,
    Not,
    Operand,
    PathError,
    Position,
    Query,
    Segment,
    Selector,
    Span,
    Test,
    Where,
)
from bridge.jsonpath.typecheck import check_holding, check_operand
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

Part: TypeAlias = "Operand | Test | tuple[Selector, ...]"


class Carrier(str):
    """A name in jsonpath-ng's tokens that replaces a part which its grammar does not support."""

    part: Part
    offset: int

    def __new__(cls, part: Part, offset: int) -> Self:
        carrier = super().__new__(cls, "part")
        carrier.part, carrier.offset = part, offset
        return carrier


class Operator(str):
    """A comparison operator with its position in the path."""

    offset: int

    def __new__(cls, text: str, offset: int) -> Self:
        operator = super().__new__(cls, text)
        operator.offset = offset
        return operator


def all_of(conditions: Sequence[Any]) -> Test:
    tests = tuple(_test(condition) for condition in conditions)
    return tests[0] if len(tests) == 1 else All(tests)


def _test(node: Any) -> Test:
    match node:
        case And(operands=operands):
            return all_of(operands)
        case Or(operands=operands):
            return AnyOf(tuple(_test(operand) for operand in operands))
        case Expression(target=target, op="!"):
            return Not(_test(target))
        case Expression(target=target, op=None):
            return _test(target)
        case Expression(target=target, op=Operator() as operator, value=value):
            left, right = _operand(target, operator), _operand(value, operator)
            return Compare(left, str(operator), right)
        case _:
            return _test_alone(node)


def _test_alone(node: Any) -> Test:
    """A condition without comparison: a path that must find a value, or a function like match."""
    match part_of(node), _offset(node):
        case Query() as query, _:
            return Exists(query)
        case Call() as call, offset:
            return Holds(check_holding(call, offset))
        case ((Constant() | tuple()), offset):
            raise PathError(Reason(FindingCode.PATH_VALUE_ALONE), offset=offset)
        case test, _:
            return test


def _offset(node: Any) -> int:
    """The position of the carried part; 0 if jsonpath-ng parsed everything."""
    match node:
        case Child(right=Fields(fields=(Carrier(offset=offset),))):
            return offset
        case _:
            return 0


def _operand(node: Any, operator: Operator) -> Operand:
    part = part_of(node) if isinstance(node, JSONPath) else Constant(node)
    return check_operand(part, operator.offset)


def query_of(node: Any) -> Query:
    part = part_of(node)
    if not isinstance(part, Query):
        raise PathError(Reason(FindingCode.NO_PATH))
    return part


def part_of(node: Any) -> Part:
    """A chain of jsonpath-ng's nodes as a query, or the part of a carrier."""
    root, *steps = _flat(node)
    segments = [step for step in steps if isinstance(step, Segment)]
    if steps and isinstance(steps[0], Carrier):
        part = steps[0].part
        if not isinstance(part, Query):
            return part
        root = part.root
    return Query(str(root), tuple(segments))


def _flat(node: Any) -> list[Any]:
    """The root and steps of a chain, in any nesting that jsonpath-ng makes."""
    match node:
        case Root():
            return ["$"]
        case This():
            return ["@"]
        case Child(left=left, right=right):
            return _flat(left) + _flat(right)
        case Descendants(left=left, right=right):
            first, *rest = _flat(right)
            return [*_flat(left), replace(first, descendant=True), *rest]
        case Fields(fields=(Carrier(part=tuple() as selectors),)):
            return [Segment(selectors)]
        case Fields(fields=(Carrier() as carrier,)):
            return [carrier]
        case _:
            return [Segment((_selector(node),))]


def _selector(node: Any) -> Selector:
    match node:
        case Fields(fields=(str() as name,)):
            return Name(name)
        case Index(indices=(int() as index,)):
            return Position(index)
        case Slice(start=start, end=end, step=step):
            return Span(start, end, step)
        case Wildcard():
            return Every()
        case Filter(expressions=expressions):
            return Where(all_of(expressions))
        case _:
            raise PathError(Reason(FindingCode.PATH_NOT_READ, node=type(node).__name__), "M202")
