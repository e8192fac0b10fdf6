"""What a function of a `pipe:` is, and how its arguments reach it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bridge.jsonpath.scope import ABSENT
from bridge.language.nodes import Node, Report
from bridge.language.schema import Fields, Key, Kind, Table
from bridge.language.text import Unusable
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.rules import RuleCode

MAX_TEXT = 65_536
"""Characters that one value may grow to: a start's variable is a message, not a file."""

Step: TypeAlias = Callable[[Json], Json]
"""One compiled function: takes a value, gives a value or ABSENT, raises Unusable where it cannot."""


class Many(list[Json]):
    """The values that a path with a wildcard or a filter found, as against a list of the document."""

    __slots__ = ()


class UnfitError(Exception):
    """An argument cannot be what the function needs; becomes a finding at the argument."""

    def __init__(self, reason: Reason, at: Node, code: str = "M204") -> None:
        super().__init__(code)
        self.reason = reason
        self.at = at
        self.code = code


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one function as written, checked for their kind, and where to point at them."""

    function: str
    fields: Fields
    report: Report

    @property
    def main(self) -> Any:
        """The value beside the function's own name; None where it stands alone."""
        return self.fields[self.function]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def unfit(self, name: str, reason: Reason) -> UnfitError:
        """For an option, or the argument under the function's own name."""
        return UnfitError(reason, self.fields.at(name))


@dataclass(frozen=True, slots=True)
class Function:
    """One function: what it does, what it takes and how it is compiled.

    `build` raises UnfitError for an argument it cannot take. A function that is not `whole` is given the
    elements of a list one by one. An absent or null value passes by every function that does not take it
    (`takes_absent`).
    """

    name: str
    help: str
    build: Callable[[Arguments], Step]
    argument: Kind | None = None
    required: bool = False
    options: tuple[Key, ...] = ()
    whole: bool = False
    takes_absent: bool = False

    @property
    def table(self) -> Table:
        """The declaration of the function's keys: its own name with the argument, then its options."""
        own = () if self.argument is None else (Key(self.name, self.argument, "the argument"),)
        return Table(Reason(FindingCode.NOUN_FUNCTION, name=self.name), own + self.options)


def always(step: Step) -> Callable[[Arguments], Step]:
    """Builds the same step whatever the arguments: for functions that take none."""

    def build(_: Arguments) -> Step:
        return step

    return build


def each(step: Step) -> Step:
    """The step for a value or, where that is a list, for each of its elements; nulls stay as they are."""

    def run(value: Json) -> Json:
        if not isinstance(value, list):
            return step(value)
        results = (element if element is None else step(element) for element in value)
        return type(value)(result for result in results if result is not ABSENT)

    return run


def quote(value: Json) -> str | Reason:
    """The value as reasons show it: texts in quotation marks, long ones cut; a list or object in a word."""
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return Reason(RuleCode.LIST)
    if isinstance(value, dict):
        return Reason(RuleCode.OBJECT)
    return "null" if value is None else str(value)[:60]


def shown_number(many: int) -> Reason:
    """A number as reasons show one of many digits."""
    return Reason(GeneralCode.NUMBER, count=many)


def unless_blank(step: Step) -> Step:
    """The step for values; a text of blanks alone is as good as absent: forms send empty fields so."""

    def run(value: Json) -> Json:
        return ABSENT if isinstance(value, str) and not value.strip() else step(value)

    return run


def bounded(text: str) -> str:
    """The text, unless it is longer than a value may be."""
    if len(text) > MAX_TEXT:
        raise Unusable(Reason(RuleCode.TEXT_TOO_LONG, count=len(text), most=shown_number(MAX_TEXT)))
    return text
