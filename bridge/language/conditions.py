"""Conditions of a `when:`: compiled once, evaluated for every event, each decision with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bridge.jsonpath.path import Path, PathError, compile_path
from bridge.jsonpath.scope import Scope
from bridge.language.condition_parser import Question, compile_question
from bridge.language.evaluate import HOLDS, Decision, FailedCondition, Test, tester
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.schema import expected
from bridge.language.values import report_path
from bridge.language.yaml_dump import entry_text
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Param, Reason

__all__ = ["HOLDS", "Condition", "Decision", "compile_conditions", "decide", "leaves"]

MAX_CONDITION = 500
"""Maximum length of a condition's text in a decision."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a `when:`, or a group of them."""

    kind: Literal["path", "any", "all", "not"]
    text: str
    """As the owner wrote it, on one line: `$.status: paid`."""
    line: int
    column: int
    test: Test
    paths: tuple[Path, ...]
    """Every path that it reads, including those of its parts."""
    path: Path | None = None
    question: Question | None = None
    """The question about the value at the path; None for a group."""
    parts: tuple[tuple[Condition, ...], ...] = ()
    """Alternatives of a group. All conditions of an alternative must hold."""
    equality: tuple[Path, tuple[Json, ...]] | None = None
    """For an index: it can hold only if a value at this path is one of these literals."""

    @property
    def wanted(self) -> Param:
        """What is asked of the value at the path, for reasons; of a group nothing."""
        return self.question.wanted if self.question else None

    @property
    def uses_item(self) -> bool:
        """Whether it reads the element of `for_each`."""
        return any(path.root == "$item" for path in self.paths)


def compile_conditions(node: Node, report: Report) -> tuple[Condition, ...]:
    """Compile conditions, all of which must hold. Those with errors are reported and left out."""
    if not isinstance(node, Mapping):
        report.add(node, "M103", expected(FindingCode.SOME_CONDITIONS, node))
        return ()
    compiled = (_condition(key, child, report) for key, child in node.entries)
    return tuple(condition for condition in compiled if condition is not None)


def decide(conditions: tuple[Condition, ...], scope: Scope) -> Decision:
    """The first condition that does not hold, or HOLDS."""
    for condition in conditions:
        decision = condition.test(scope)
        if decision is not HOLDS:
            return decision
    return HOLDS


def leaves(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """The conditions on paths, at any depth of groups."""
    for condition in conditions:
        if condition.kind == "path":
            yield condition
        for part in condition.parts:
            yield from leaves(part)


def _condition(key: Scalar, node: Node, report: Report) -> Condition | None:
    if key.text in ("any", "all"):
        return _group(key, node, report)
    if key.text == "not":
        return _negation(key, node, report)
    return _of_path(key, node, report)


def _of_path(key: Scalar, node: Node, report: Report) -> Condition | None:
    path = _key_path(key, report)
    question = compile_question(node, report)
    if path is None or question is None:
        return None
    text = _text(key, node)
    return Condition(
        "path",
        text,
        key.line,
        key.column,
        tester(path, question, FailedCondition(text, key.line)),
        (path, *question.paths),
        path,
        question,
        equality=(path, question.values) if question.values and not question.every else None,
    )


def _key_path(key: Scalar, report: Report) -> Path | None:
    if not key.text.startswith("$"):
        report.add(key, "M210", Reason(FindingCode.NO_CONDITION, key=key.text))
        return None
    try:
        return compile_path(key.text)
    except PathError as error:
        report_path(report, key, error)
        return None


def _text(key: Scalar, node: Node) -> str:
    text = entry_text(key, node)
    return text if len(text) <= MAX_CONDITION else text[: MAX_CONDITION - 1] + "…"


def _group(key: Scalar, node: Node, report: Report) -> Condition | None:
    """`any` and `all`: a list of mappings of conditions."""
    if not isinstance(node, Sequence) or not node.items:
        fault = expected(FindingCode.LIST_OF_CONDITIONS, node)
        report.add(node, "M103", Reason(FindingCode.AT_NAME, name=key.text, fault=fault))
        return None
    parts = tuple(_part(item, report) for item in node.items)
    text = _text(key, node)
    test = _any_part(parts, FailedCondition(text, key.line)) if key.text == "any" else _every_part(parts)
    return _of_parts("any" if key.text == "any" else "all", key, text, test, parts)


def _negation(key: Scalar, node: Node, report: Report) -> Condition | None:
    part = _part(node, report)
    text = _text(key, node)
    return _of_parts("not", key, text, _not_part(part, FailedCondition(text, key.line)), (part,))


def _part(node: Node, report: Report) -> tuple[Condition, ...]:
    """Compile one alternative. Reject an empty one, which would always hold."""
    if isinstance(node, Mapping) and not node.entries:
        report.add(node, "M103", expected(FindingCode.SOME_CONDITIONS, FindingCode.EMPTY_MAPPING))
    return compile_conditions(node, report)


def _of_parts(
    kind: Literal["any", "all", "not"],
    key: Scalar,
    text: str,
    test: Test,
    parts: tuple[tuple[Condition, ...], ...],
) -> Condition:
    paths = tuple(path for part in parts for condition in part for path in condition.paths)
    return Condition(kind, text, key.line, key.column, test, paths, parts=parts)


def _every_part(parts: tuple[tuple[Condition, ...], ...]) -> Test:
    conditions = tuple(condition for part in parts for condition in part)
    return lambda scope: decide(conditions, scope)


def _any_part(parts: tuple[tuple[Condition, ...], ...], failed: FailedCondition) -> Test:
    none_held = failed.because("none_held", None)

    def test(scope: Scope) -> Decision:
        held = any(decide(part, scope).holds for part in parts)
        return HOLDS if held else none_held

    return test


def _not_part(part: tuple[Condition, ...], failed: FailedCondition) -> Test:
    path = part[0].path if len(part) == 1 else None

    def test(scope: Scope) -> Decision:
        if not decide(part, scope).holds:
            return HOLDS
        return failed.because("held", path.first(scope) if path else None)

    return test
