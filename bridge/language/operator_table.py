"""Table of the operators of conditions: help, and how the argument is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.jsonpath.path import Path, is_path
from bridge.language.functions.figures import decimal_of
from bridge.language.nodes import Node, Report, Scalar, Sequence
from bridge.language.operands import Operand, compile_operand
from bridge.language.operators import (
    Bounds,
    Check,
    beginning,
    containing,
    emptiness,
    ending,
    equal,
    matching,
    unequal,
    within,
)
from bridge.language.schema import expected
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Param, Reason
from bridge.reasons.rules import RuleCode
from bridge.regex import ASCII_ONLY, RegexError, compile_regex

Wanted: TypeAlias = Callable[[Param], Param]
"""Makes the parameter `wanted` of reasons from what an operator compares with."""


@dataclass(frozen=True, slots=True)
class Part:
    """One operator of a question, compiled."""

    name: str
    check: Check | None
    wanted: Param
    paths: tuple[Path, ...] = ()
    literals: tuple[Json, ...] = ()
    """The literals that it compares with."""

    @property
    def values(self) -> tuple[Json, ...]:
        """The literals, one of which the value must equal, if the operator requires that."""
        return self.literals if self.name in ("eq", "in") else ()


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its help and how it is compiled. `build` returns None after reporting a finding."""

    name: str
    help: str
    build: Callable[[Node, bool, Report], Part | None]


def _compared(
    name: str, compare: Callable[[Operand, bool], Check], wanted: Wanted, many: bool
) -> Callable[[Node, bool, Report], Part | None]:
    """An operator that compares with one value or, with `many`, with several."""

    def build(node: Node, fold: bool, report: Report) -> Part | None:
        if isinstance(node, Sequence) and not many:
            _report_fault(name, node, Reason(FindingCode.ONE_VALUE, operator=_LIST_FORMS[name]), report)
            return None
        if name in _LIST_FORMS.values() and not isinstance(node, Sequence) and not _is_path(node):
            _report_fault(name, node, expected(FindingCode.LIST_OR_PATH, node), report)
            return None
        operand = compile_operand(node, report)
        if operand is None:
            return None
        check = compare(operand, fold)
        return Part(name, check, wanted(operand.wanted), operand.paths, operand.values)

    return build


def _report_fault(name: str, node: Node, fault: Reason, report: Report) -> None:
    """Report what is wrong with the operator's argument."""
    report.add(node, "M206", Reason(FindingCode.AT_NAME, name=name, fault=fault))


_LIST_FORMS = {"eq": "in", "ne": "not_in"}


def _is_path(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str) and is_path(node.value)


def _compared_number(
    name: str, bounds: Callable[[Operand], Bounds], wanted: Wanted
) -> Callable[[Node, bool, Report], Part | None]:
    def build(node: Node, _: bool, report: Report) -> Part | None:
        operand = _number_or_path(name, node, report)
        if operand is None:
            return None
        return Part(name, within(bounds(operand)), wanted(operand.wanted), operand.paths, operand.values)

    return build


def _number_or_path(name: str, node: Node, report: Report) -> Operand | None:
    """Compile a number or a path; None after a finding."""
    operand = compile_operand(node, report) if isinstance(node, Scalar) else None
    is_number = operand is not None and (operand.dynamic or _is_number(operand))
    if is_number:
        return operand
    if operand is not None or not isinstance(node, Scalar):
        _report_fault(name, node, expected(FindingCode.NUMBER_OR_PATH, node), report)
    return None


def _is_number(operand: Operand) -> bool:
    value = operand.values[0]
    return not isinstance(value, str) and decimal_of(value) is not None


def _between(node: Node, _: bool, report: Report) -> Part | None:
    if not isinstance(node, Sequence) or len(node.items) != 2:
        _report_fault("between", node, expected(FindingCode.TWO_NUMBERS, node), report)
        return None
    low, high = (_number_or_path("between", item, report) for item in node.items)
    if low is None or high is None:
        return None
    if not low.dynamic and not high.dynamic and low.values[0] > high.values[0]:
        _report_fault("between", node, Reason(FindingCode.BETWEEN_ORDER), report)
        return None
    wanted = Reason(RuleCode.WANTED_BETWEEN, low=low.wanted, high=high.wanted)
    check = within(Bounds(low, high))
    return Part("between", check, wanted, low.paths + high.paths, low.values + high.values)


def _true_or_false(name: str, yes: Reason, no: Reason) -> Callable[[Node, bool, Report], Part | None]:
    """An operator whose argument is true or false."""

    def build(node: Node, _: bool, report: Report) -> Part | None:
        if not isinstance(node, Scalar) or not isinstance(node.value, bool):
            _report_fault(name, node, expected(FindingCode.TRUE_OR_FALSE, node), report)
            return None
        check = emptiness(node.value) if name == "empty" else None
        return Part(name, check, yes if node.value else no)

    return build


def _matches(node: Node, fold: bool, report: Report) -> Part | None:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        _report_fault("matches", node, expected(FindingCode.A_PATTERN, node), report)
        return None
    try:
        regex = compile_regex(f"(?i){node.value}" if fold else node.value)
    except RegexError as error:
        report.add(node, "M207", error.whole)
        return None
    if regex.looks_foreign:
        report.add(node, "W502", ASCII_ONLY)
    return Part("matches", matching(regex), Reason(RuleCode.WANTED_MATCHING, pattern=node.value))


def _itself(wanted: Param) -> Param:
    return wanted


def _not(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_NOT, wanted=wanted)


def _over(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_OVER, wanted=wanted)


def _at_least(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_AT_LEAST, wanted=wanted)


def _under(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_UNDER, wanted=wanted)


def _at_most(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_AT_MOST, wanted=wanted)


def _containing(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_CONTAINING, wanted=wanted)


def _beginning(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_BEGINNING, wanted=wanted)


def _ending(wanted: Param) -> Param:
    return Reason(RuleCode.WANTED_ENDING, wanted=wanted)


FOLDING = ("eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "matches")

OPERATORS = {
    operator.name: operator
    for operator in (
        Operator("eq", "equals this value", _compared("eq", equal, _itself, False)),
        Operator("ne", "is present and does not equal this value", _compared("ne", unequal, _not, False)),
        Operator("in", "equals one of these values", _compared("in", equal, _itself, True)),
        Operator(
            "not_in", "is present and equals none of these values", _compared("not_in", unequal, _not, True)
        ),
        Operator(
            "gt",
            "is a number greater than this",
            _compared_number("gt", lambda at: Bounds(low=at, open=True), _over),
        ),
        Operator(
            "gte",
            "is a number of at least this",
            _compared_number("gte", lambda at: Bounds(low=at), _at_least),
        ),
        Operator(
            "lt",
            "is a number less than this",
            _compared_number("lt", lambda at: Bounds(high=at, open=True), _under),
        ),
        Operator(
            "lte",
            "is a number of at most this",
            _compared_number("lte", lambda at: Bounds(high=at), _at_most),
        ),
        Operator("between", "is a number from the first to the second, both included", _between),
        Operator(
            "exists",
            "is present, null included",
            _true_or_false("exists", Reason(RuleCode.WANTED_ANYTHING), Reason(RuleCode.WANTED_NOTHING)),
        ),
        Operator(
            "empty",
            "is null, empty or blank text, or a list or object without elements",
            _true_or_false("empty", Reason(RuleCode.WANTED_EMPTY), Reason(RuleCode.WANTED_NOT_EMPTY)),
        ),
        Operator(
            "contains",
            "is a text that contains this, or a list that has this element",
            _compared("contains", containing, _containing, True),
        ),
        Operator(
            "starts_with",
            "is a text that begins with this",
            _compared("starts_with", beginning, _beginning, True),
        ),
        Operator(
            "ends_with",
            "is a text that ends with this",
            _compared("ends_with", ending, _ending, True),
        ),
        Operator("matches", "is a text that contains a match of this RE2 pattern", _matches),
    )
}
"""Every operator by name. `ignore_case` modifies the operators next to it, `every` contains them."""
