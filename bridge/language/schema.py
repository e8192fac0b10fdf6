"""Declarations of keys, and the nouns of findings about them.

A `Table` lists the keys of one YAML mapping. A `Kind` defines the values of a key. Reading, findings,
defaults, documentation and the JSON Schema for editors use the same declarations.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from bridge.language.nodes import Mapping, Node, Scalar, Sequence
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import GeneralCode, Reason


@dataclass(frozen=True, slots=True)
class Plain:
    """One scalar. A duration is read as seconds, a rate as events per second, a secret as its value."""

    type: Literal["text", "integer", "number", "flag", "duration", "rate", "secret"]
    choices: tuple[str, ...] = ()
    at_least: int | None = None
    nullable: bool = False
    others: tuple[tuple[str, str | Reason], ...] = ()
    """Values that other systems have, each with the choice or the advice."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A node that a separate compiler reads: a value, a condition, a verification scheme."""

    what: str
    table: Table | None = None
    """The keys that it may have, if that is known."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list. With `or_one`, a single element may be written without a list."""

    kind: Kind
    or_one: bool = False


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping whose keys are names that the user chooses."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its kind, help, default, and whether it is required."""

    name: str
    kind: Kind
    help: str
    required: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Table:
    """The keys that one mapping may have. Findings use `name`: a key of the file, or a noun."""

    name: str | Reason
    keys: tuple[Key, ...]
    advice: Dict[str, Reason] = field(default_factory=dict, compare=False, repr=False)
    """What to write in place of keys that are not here, by their letters in lower case."""
    by_name: Dict[str, Key] = field(init=False, compare=False, repr=False)
    defaults: Dict[str, Any] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {key.name: key for key in self.keys})
        object.__setattr__(self, "defaults", {key.name: key.default for key in self.keys})


class Place(NamedTuple):
    """Where a mapping is: the value of a key of another one."""

    table: Table
    key: str


Kind: TypeAlias = Plain | Raw | ListOf | MapOf | Table

TEXT = Plain("text")
INTEGER = Plain("integer")
NUMBER = Plain("number")
FLAG = Plain("flag")
DURATION = Plain("duration")
RATE = Plain("rate")
SECRET = Plain("secret")


def letters(name: str) -> str:
    """The letters of a name in lower case: delayUntil, delay-until and delay_until are one name."""
    return "".join(filter(str.isalpha, name.lower()))


def expected(what: FindingCode, found: Node | FindingCode) -> Reason:
    """The reason that a value was expected and another found."""
    instead = Reason(found) if isinstance(found, FindingCode) else describe(found)
    return Reason(FindingCode.EXPECTED, expected=Reason(what), found=instead)


def describe(node: Node) -> Reason:
    """The noun for a node, used after "found"."""
    match node:
        case Mapping():
            return Reason(FindingCode.A_MAPPING)
        case Sequence():
            return Reason(FindingCode.A_LIST)
        case Scalar(value=None):
            return Reason(FindingCode.NOTHING)
        case Scalar(value=bool()):
            return Reason(GeneralCode.VERBATIM, text=node.text)
        case Scalar(value=str()):
            return Reason(FindingCode.THE_TEXT, text=node.text[:60])
        case Scalar():
            return Reason(FindingCode.THE_NUMBER, text=node.text[:60])
