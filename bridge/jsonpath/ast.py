"""Syntax tree of a path: RFC 9535's queries as frozen dataclasses; and the error of an invalid path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bridge.errors import BridgeError
from bridge.model import Json
from bridge.reasons.reason import Reason

ROOTS = ("$", "$headers", "$query", "$event", "$item")


class PathError(BridgeError):
    """A text is not a path, or cannot be evaluated exactly.

    `offset` is the position of the error in the text, counted from 0. The code is M201 for wrong
    syntax, M202 for unsupported syntax or an exceeded limit, M207 for a regular expression, M208 for a
    template, M210 for an unknown root.
    """

    def __init__(
        self, reason: Reason, code: str = "M201", offset: int = 0, cure: Reason | None = None
    ) -> None:
        super().__init__(reason, cure)
        self.code = code
        self.offset = offset


class Digits(str):
    """A name of digits, such as `.0`. It also finds the list item with that number."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Name:
    """A member of a map."""

    name: str


@dataclass(frozen=True, slots=True)
class Position:
    """An item of a list; a negative index counts from the end."""

    index: int


@dataclass(frozen=True, slots=True)
class Span:
    """A slice of a list, as in Python; a step of 0 selects nothing."""

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
    """One step of a path: what to select from each value so far and, if `descendant`, from all below."""

    selectors: tuple[Selector, ...]
    descendant: bool = False

    @property
    def single(self) -> bool:
        """Whether it gives one value at most."""
        one = len(self.selectors) == 1 and isinstance(self.selectors[0], Name | Position)
        return one and not self.descendant


@dataclass(frozen=True, slots=True)
class Query:
    """A root and the steps from it. Inside filters the root `@` is the value under test."""

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
    """A function that returns true or false: match, search."""

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
