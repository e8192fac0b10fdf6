"""Conditions of a `when:`: compiled once, asked of every event, each answer with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Literal, NamedTuple

from bridge.language.flow import entry_text
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.operators import Check
from bridge.language.paths import Path, PathError, compile_path
from bridge.language.questions import Question, compile_question
from bridge.language.schema import describe
from bridge.language.scope import ABSENT, Scope
from bridge.language.values import report_path
from bridge.model import Json

MAX_FOUND = 200
"""Characters of a found text that a decision keeps."""

MAX_CONDITION = 500
"""Characters of a condition that a decision names it by."""


class Decision(NamedTuple):
    """Whether a condition holds and, where not, which part decided on what. A tuple: made per event."""

    holds: bool
    code: str = ""
    """Why not: one of `operators.CODES`."""
    found: Json = None
    """The value looked at, texts cut; of a list or object the number of its elements."""
    condition: str = ""
    """The part that decided, as the owner wrote it."""
    line: int = 0


HOLDS = Decision(True)

_decision: Callable[[tuple[bool, str, Json, str, int]], Decision] = partial(tuple.__new__, Decision)
"""Makes a decision at half the cost of the class's own constructor."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a `when:`, or a group of them."""

    kind: Literal["path", "any", "all", "not"]
    text: str
    """As the owner wrote it, on one line: `$.status: paid`."""
    line: int
    column: int
    test: Callable[[Scope], Decision]
    paths: tuple[Path, ...]
    """Every path that it looks at, those of its parts among them."""
    path: Path | None = None
    wanted: str = ""
    """What is asked of the value at the path, in words; of a group nothing."""
    parts: tuple[tuple[Condition, ...], ...] = ()
    """Of a group: its alternatives, each a list of conditions that all must hold."""
    equality: tuple[Path, frozenset[str]] | None = None
    """Where it asks no more than that a text is one of these: the path and the texts, for an index."""

    @property
    def uses_item(self) -> bool:
        """Whether it looks at the element of `for_each`."""
        return any(path.root == "$item" for path in self.paths)


def compile_conditions(node: Node, report: Report) -> tuple[Condition, ...]:
    """The conditions of a mapping, all of which must hold; those with errors are reported and left out."""
    if not isinstance(node, Mapping):
        report.add(node, "M103", f"expected conditions such as $.status: paid, found {describe(node)}")
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


def shown(value: Json) -> Json:
    """A found value as decisions keep it: short, whatever the payload holds."""
    if isinstance(value, str):
        return value if len(value) <= MAX_FOUND else value[: MAX_FOUND - 1] + "…"
    if isinstance(value, list | dict):
        return len(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and len(str(value)) > MAX_FOUND:
        return str(value)[: MAX_FOUND - 1] + "…"
    return None if value is ABSENT else value


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
        _tester(path, question, text, key.line),
        (path, *question.paths),
        path,
        question.wanted,
        equality=(path, question.texts) if question.texts is not None and path.definite else None,
    )


def _key_path(key: Scalar, report: Report) -> Path | None:
    if not key.text.startswith("$"):
        report.add(key, "M210", f'expected a path, any, all or not, found "{key.text}"; write $.{key.text}')
        return None
    try:
        return compile_path(key.text)
    except PathError as error:
        report_path(report, key, error)
        return None


def _text(key: Scalar, node: Node) -> str:
    text = entry_text(key, node)
    return text if len(text) <= MAX_CONDITION else text[: MAX_CONDITION - 1] + "…"


def _tester(path: Path, question: Question, text: str, line: int) -> Callable[[Scope], Decision]:
    no = _Refusal(text, line)
    if question.exists is False:
        return _nothing(path, no)
    check = _all_of(question.checks)
    if question.every:
        return _every_value(path, check, no)
    return _one_value(path, check, no) if path.definite else _any_value(path, check, no)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Makes the decisions against a condition."""

    text: str
    line: int

    def because(self, code: str, found: Json) -> Decision:
        return Decision(False, code, shown(found), self.text, self.line)


def _all_of(checks: tuple[Check, ...]) -> Check:
    """One check of one value: its operators must all hold for the same value."""
    if len(checks) == 1:
        return checks[0]

    def check(found: Json, scope: Scope) -> str:
        for each in checks:
            if code := each(found, scope):
                return code
        return ""

    return check


def _one_value(path: Path, check: Check, no: _Refusal) -> Callable[[Scope], Decision]:
    first, text, line = path.first, no.text, no.line
    absent = no.because("absent", None)

    def test(scope: Scope) -> Decision:
        found = first(scope)
        if found is ABSENT:
            return absent
        code = check(found, scope)
        return _decision((False, code, shown(found), text, line)) if code else HOLDS

    return test


def _any_value(path: Path, check: Check, no: _Refusal) -> Callable[[Scope], Decision]:
    find, absent = path.find, no.because("absent", None)

    def test(scope: Scope) -> Decision:
        decision = absent
        for found in find(scope):
            code = check(found, scope)
            if not code:
                return HOLDS
            if decision is absent or decision.code == "differs":
                decision = no.because(code, found)
        return decision

    return test


def _every_value(path: Path, check: Check, no: _Refusal) -> Callable[[Scope], Decision]:
    """A definite path to a list asks its elements, any other path all values that it finds."""

    def test(scope: Scope) -> Decision:
        values = path.find(scope)
        if path.definite and values and isinstance(values[0], list):
            values = values[0]
        for found in values:
            if code := check(found, scope):
                return no.because(code, found)
        return HOLDS if values else no.because("absent", None)

    return test


def _nothing(path: Path, no: _Refusal) -> Callable[[Scope], Decision]:
    def test(scope: Scope) -> Decision:
        values = path.find(scope)
        return no.because("present", values[0]) if values else HOLDS

    return test


def _group(key: Scalar, node: Node, report: Report) -> Condition | None:
    """`any` and `all`: a list of mappings of conditions."""
    if not isinstance(node, Sequence) or not node.items:
        report.add(node, "M103", f"{key.text}: expected a list of conditions, found {describe(node)}")
        return None
    parts = tuple(_part(item, report) for item in node.items)
    text = _text(key, node)
    test = _any_part(parts, _Refusal(text, key.line)) if key.text == "any" else _every_part(parts)
    return _of_parts("any" if key.text == "any" else "all", key, text, test, parts)


def _negation(key: Scalar, node: Node, report: Report) -> Condition | None:
    part = _part(node, report)
    text = _text(key, node)
    return _of_parts("not", key, text, _not_part(part, _Refusal(text, key.line)), (part,))


def _part(node: Node, report: Report) -> tuple[Condition, ...]:
    """One alternative. An empty one would hold always, which nobody means."""
    if isinstance(node, Mapping) and not node.entries:
        report.add(node, "M103", "expected conditions such as $.status: paid, found an empty mapping")
    return compile_conditions(node, report)


def _of_parts(
    kind: Literal["any", "all", "not"],
    key: Scalar,
    text: str,
    test: Callable[[Scope], Decision],
    parts: tuple[tuple[Condition, ...], ...],
) -> Condition:
    paths = tuple(path for part in parts for condition in part for path in condition.paths)
    return Condition(kind, text, key.line, key.column, test, paths, parts=parts)


def _every_part(parts: tuple[tuple[Condition, ...], ...]) -> Callable[[Scope], Decision]:
    conditions = tuple(condition for part in parts for condition in part)
    return lambda scope: decide(conditions, scope)


def _any_part(parts: tuple[tuple[Condition, ...], ...], no: _Refusal) -> Callable[[Scope], Decision]:
    none_held = no.because("none_held", None)

    def test(scope: Scope) -> Decision:
        held = any(decide(part, scope).holds for part in parts)
        return HOLDS if held else none_held

    return test


def _not_part(part: tuple[Condition, ...], no: _Refusal) -> Callable[[Scope], Decision]:
    path = part[0].path if len(part) == 1 else None

    def test(scope: Scope) -> Decision:
        if not decide(part, scope).holds:
            return HOLDS
        return no.because("held", path.first(scope) if path else None)

    return test
