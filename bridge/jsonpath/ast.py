"""What a path may say: RFC 9535's queries as frozen values, and why a text is none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bridge.errors import BridgeError
from bridge.model import Json
from bridge.reasons.reason import Reason

ROOTS = ("$", "$headers", "$query", "$event", "$item")


class PathError(BridgeError):
    """A text is no path that can be answered exactly.

    `offset` counts characters from 0 to where in the text the fault stands. The code is M201 for a wrong
    syntax, M202 for what is refused or beyond a limit, M207 for a regular expression, M208 for a template,
    M210 for an unknown root.
    """

    def __init__(
        self, reason: Reason, code: str = "M201", offset: int = 0, cure: Reason | None = None
    ) -> None:
        super().__init__(reason, cure)
        self.code = code
        self.offset = offset


class Digits(str):
    """A name of digits, `.0`, that also finds the list item of that number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Name:
    """A member of a map."""

    name: str


@dataclass(frozen=True, slots=True)
class Position:
    """An item of a list, from the end where negative."""

    index: int


@dataclass(frozen=True, slots=True)
class Span:
    """Some items of a list, as Python slices it; a step of 0 gives none."""

    start: int | None
    end: int | None
    step: int | None


@dataclass(frozen=True, slots=True)
class Every:
    """All items of a list or values of a map."""


@dataclass(frozen=True, slots=True)
class Where:
    """The items or values for which the test holds."""

    test: Test


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path: what is taken of each value found so far, or of each value below as well."""

    selectors: tuple[Selector, ...]
    descendant: bool = False

    @property
    def single(self) -> bool:
        """Whether it gives one value at most."""
        one = len(self.selectors) == 1 and isinstance(self.selectors[0], Name | Position)
        return one and not self.descendant


@dataclass(frozen=True, slots=True)
class Query:
    """A root (`@` inside filters: the value under test) and the steps from there."""

    root: str
    segments: tuple[Segment, ...] = ()

    @property
    def single(self) -> bool:
        return all(segment.single for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal in a filter."""

    value: Json


@dataclass(frozen=True, slots=True)
class Call:
    """A function of RFC 9535 in a filter."""

    name: str
    arguments: tuple[Query | Constant | Call, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    left: Operand
    operator: str
    """One of == != < <= > >=."""
    right: Operand


@dataclass(frozen=True, slots=True)
class Exists:
    query: Query


@dataclass(frozen=True, slots=True)
class Holds:
    """A function that says yes or no by itself: match, search."""

    call: Call


@dataclass(frozen=True, slots=True)
class Not:
    test: Test


@dataclass(frozen=True, slots=True)
class All:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    tests: tuple[Test, ...]


Selector: TypeAlias = Name | Position | Span | Every | Where
Operand: TypeAlias = Query | Constant | Call
Test: TypeAlias = Compare | Exists | Holds | Not | All | AnyOf
