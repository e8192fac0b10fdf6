"""Definition of a function of a `pipe:`, and of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bridge.jsonpath.scope import ABSENT
from bridge.language.nodes import Node, Report
from bridge.language.reader import Fields
from bridge.language.schema import Key, Kind, Table
from bridge.language.text import Unusable
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.rules import RuleCode

MAX_TEXT = 65_536
"""Maximum length of a value: a start's variable is a message, not a file."""

Step: TypeAlias = Callable[[Json], Json]
"""One compiled function. Takes a value, returns a value or ABSENT, and raises Unusable on failure."""


class Many(list[Json]):
    """The values that a path with a wildcard or filter found, in contrast to a list of the document."""

    __slots__ = ()


class UnfitError(Exception):
    """An argument that the function cannot accept. It becomes a finding at the argument."""

    def __init__(self, reason: Reason, at: Node, code: str = "M204") -> None:
        super().__init__(code)
        self.reason = reason
        self.at = at
        self.code = code


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of one function, checked for their kind, with their nodes for findings."""

    function: str
    fields: Fields
    report: Report

    @property
    def main(self) -> Any:
        """The value of the key with the function's name; None if the function has no argument."""
        return self.fields[self.function]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def unfit(self, name: str, reason: Reason) -> UnfitError:
        """An error at an option, or at the argument under the function's name."""
        return UnfitError(reason, self.fields.at(name))


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its help, its arguments and how it is compiled.

    `build` raises UnfitError for an argument that it cannot accept. A function that is not `whole` gets the
    elements of a list one by one. An absent or null value skips every function without `takes_absent`.
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
        """The declaration of the function's keys: its name with the argument, then its options."""
        own = () if self.argument is None else (Key(self.name, self.argument, "the argument"),)
        return Table(Reason(FindingCode.NOUN_FUNCTION, name=self.name), own + self.options)


def always(step: Step) -> Callable[[Arguments], Step]:
    """Return a builder that always gives this step, for functions without arguments."""

    def build(_: Arguments) -> Step:
        return step

    return build


def each(step: Step) -> Step:
    """The step, applied to each element if the value is a list. Null elements are kept."""

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
    """A number that reasons show with its digits grouped."""
    return Reason(GeneralCode.NUMBER, count=many)


def unless_blank(step: Step) -> Step:
    """The step, with a blank text as ABSENT, because forms send empty fields as blank texts."""

    def run(value: Json) -> Json:
        return ABSENT if isinstance(value, str) and not value.strip() else step(value)

    return run


def bounded(text: str) -> str:
    """Return the text. Raises Unusable if it is longer than MAX_TEXT."""
    if len(text) > MAX_TEXT:
        raise Unusable(Reason(RuleCode.TEXT_TOO_LONG, count=len(text), most=shown_number(MAX_TEXT)))
    return text
