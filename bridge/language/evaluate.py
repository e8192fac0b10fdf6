"""Evaluates a condition for an event: for one value, any value or every value of a path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple, TypeAlias

from bridge.jsonpath.path import Path
from bridge.jsonpath.scope import ABSENT, Scope
from bridge.language.condition_parser import Question
from bridge.language.operators import Check
from bridge.model import Json

MAX_FOUND = 200
"""Maximum length of a found text in a decision."""


class Decision(NamedTuple):
    """Whether a condition holds and, if not, which part failed on which value. A tuple, for speed."""

    holds: bool
    code: str = ""
    """Why it does not hold: one of `operators.CODES`."""
    found: Json = None
    """The value that was checked. Texts are cut; a list or object is given as the number of its elements."""
    condition: str = ""
    """The text of the part that failed, as written in the file."""
    line: int = 0


HOLDS = Decision(True)

Test: TypeAlias = Callable[[Scope], Decision]

_decision: Callable[[tuple[bool, str, Json, str, int]], Decision] = partial(tuple.__new__, Decision)
"""Makes a decision at half the cost of the class's constructor."""


def shown(value: Json) -> Json:
    """A found value as decisions store it, with its length limited."""
    if isinstance(value, str):
        return value if len(value) <= MAX_FOUND else value[: MAX_FOUND - 1] + "…"
    if isinstance(value, list | dict):
        return len(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and len(str(value)) > MAX_FOUND:
        return str(value)[: MAX_FOUND - 1] + "…"
    return None if value is ABSENT else value


@dataclass(frozen=True, slots=True)
class FailedCondition:
    """Makes the negative decisions of a condition."""

    text: str
    line: int

    def because(self, code: str, found: Json) -> Decision:
        return Decision(False, code, shown(found), self.text, self.line)


def _all_of(checks: tuple[Check, ...]) -> Check:
    """Combine checks: all of them must hold for the same value."""
    if len(checks) == 1:
        return checks[0]

    def check(found: Json, scope: Scope) -> str:
        for each in checks:
            if code := each(found, scope):
                return code
        return ""

    return check


def _one_value(path: Path, check: Check, failed: FailedCondition) -> Test:
    first, text, line = path.first, failed.text, failed.line
    absent = failed.because("absent", None)

    def test(scope: Scope) -> Decision:
        found = first(scope)
        if found is ABSENT:
            return absent
        code = check(found, scope)
        return _decision((False, code, shown(found), text, line)) if code else HOLDS

    return test


def _any_value(path: Path, check: Check, failed: FailedCondition) -> Test:
    find, absent = path.find, failed.because("absent", None)

    def test(scope: Scope) -> Decision:
        decision = absent
        for found in find(scope):
            code = check(found, scope)
            if not code:
                return HOLDS
            if decision is absent or decision.code == "differs":
                decision = failed.because(code, found)
        return decision

    return test


def _every_value(path: Path, check: Check, failed: FailedCondition) -> Test:
    """Check every value of a path, or every element if a definite path finds a list."""

    def test(scope: Scope) -> Decision:
        values = path.find(scope)
        if path.definite and values and isinstance(values[0], list):
            values = values[0]
        for found in values:
            if code := check(found, scope):
                return failed.because(code, found)
        return HOLDS if values else failed.because("absent", None)

    return test


def _nothing(path: Path, failed: FailedCondition) -> Test:
    def test(scope: Scope) -> Decision:
        values = path.find(scope)
        return failed.because("present", values[0]) if values else HOLDS

    return test


def tester(path: Path, question: Question, failed: FailedCondition) -> Test:
    """Compile a question about a path to a test. `failed` makes the decision if it does not hold."""
    if question.exists is False:
        return _nothing(path, failed)
    check = _all_of(question.checks)
    if question.every:
        return _every_value(path, check, failed)
    return _one_value(path, check, failed) if path.definite else _any_value(path, check, failed)
