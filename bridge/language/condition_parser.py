"""Compiles what a condition asks of a path: a value, a list of values, or operators."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.did_you_mean import suggestion
from bridge.jsonpath.path import Path
from bridge.language.nodes import Mapping, Node, Report, Scalar
from bridge.language.operands import compile_operand
from bridge.language.operator_table import FOLDING, OPERATORS, Part
from bridge.language.operators import Check, equal
from bridge.language.schema import expected
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Param, Reason
from bridge.reasons.rules import RuleCode

IGNORE_CASE = "ignore_case"


@dataclass(frozen=True, slots=True)
class Question:
    """The question that a condition asks of the values at a path."""

    checks: tuple[Check, ...]
    wanted: Param
    """For reasons: `"paid"`, a number over 1000."""
    paths: tuple[Path, ...] = ()
    exists: bool | None = None
    """The value of the operator `exists`; None if it is not used."""
    every: bool = False
    values: tuple[Json, ...] = ()
    """The literals, one of which the value must equal; empty if there is no such requirement."""
    operators: tuple[str, ...] = ("eq",)
    """Names of the operators; for a plain value or list, `eq`."""
    literals: tuple[Json, ...] = ()
    """All literals that it compares with."""
    fold: bool = False
    """Whether case is ignored."""


def compile_question(node: Node, report: Report) -> Question | None:
    """The question of a condition; None after an error in the report."""
    if not isinstance(node, Mapping):
        return _any_of(node, report)
    names = [key.text for key, _ in node.entries]
    if names == ["value"]:
        return _any_of(node, report)
    if "every" in names:
        return _every(node, report)
    return _operators(node, report)


def _any_of(node: Node, report: Report) -> Question | None:
    operand = compile_operand(node, report)
    if operand is None:
        return None
    check = equal(operand, False)
    return Question((check,), operand.wanted, operand.paths, values=operand.values, literals=operand.values)


def _every(node: Mapping, report: Report) -> Question | None:
    key, inner = node.entries[0]
    if len(node.entries) != 1:
        report.add(key, "M206", Reason(FindingCode.EVERY_ALONE))
        return None
    question = compile_question(inner, report)
    if question is None:
        return None
    if question.every or question.exists is not None:
        report.add(inner, "M206", Reason(FindingCode.EVERY_INSIDE))
        return None
    return replace(question, wanted=Reason(RuleCode.WANTED_EVERY, wanted=question.wanted), every=True)


def _operators(node: Mapping, report: Report) -> Question | None:
    if not node.entries:
        report.add(node, "M206", expected(FindingCode.AN_OPERATOR, FindingCode.EMPTY_MAPPING))
        return None
    fold = _ignores_case(node, report)
    parts = [_part(key, child, fold, report) for key, child in node.entries if key.text != IGNORE_CASE]
    if any(part is None for part in parts):
        return None
    compiled = [part for part in parts if part is not None]
    exists = node.get("exists")
    return _joined(compiled, exists, node, fold, report)


def _joined(
    parts: list[Part], exists: Node | None, node: Mapping, fold: bool, report: Report
) -> Question | None:
    if not parts:
        report.add(node, "M206", Reason(FindingCode.IGNORE_CASE_ALONE))
        return None
    present = exists.value if isinstance(exists, Scalar) else None
    if present is False and len(parts) > 1:
        report.add(node, "M206", Reason(FindingCode.EXISTS_FALSE))
        return None
    wanted = _wanted(parts)
    checks = tuple(part.check for part in parts if part.check is not None)
    paths = tuple(path for part in parts for path in part.paths)
    values = next((part.values for part in parts if part.values), ())
    return Question(
        checks,
        Reason(RuleCode.WANTED_IN_ANY_CASE, wanted=wanted) if fold else wanted,
        paths,
        None if present is None else bool(present),
        values=values,
        operators=tuple(part.name for part in parts),
        literals=tuple(literal for part in parts for literal in part.literals),
        fold=fold,
    )


def _wanted(parts: list[Part]) -> Param:
    if len(parts) == 1:
        return parts[0].wanted
    return Reason(RuleCode.WANTED_ALL, all=tuple(part.wanted for part in parts))


def _part(key: Scalar, node: Node, fold: bool, report: Report) -> Part | None:
    operator = OPERATORS.get(key.text)
    if operator is None:
        names = [*OPERATORS, IGNORE_CASE, "every"]
        hint = suggestion(key.text, names)
        report.add(key, "M205", Reason(FindingCode.UNKNOWN_OPERATOR, name=key.text, hint=hint))
        return None
    if fold and key.text not in FOLDING:
        report.add(key, "M206", Reason(FindingCode.NO_CASE, operator=key.text))
        return None
    return operator.build(node, fold, report)


def _ignores_case(node: Mapping, report: Report) -> bool:
    child = node.get(IGNORE_CASE)
    if child is None:
        return False
    if isinstance(child, Scalar) and isinstance(child.value, bool):
        return child.value
    fault = expected(FindingCode.TRUE_OR_FALSE, child)
    report.add(child, "M206", Reason(FindingCode.AT_NAME, name=IGNORE_CASE, fault=fault))
    return False
