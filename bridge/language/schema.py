"""Declarations of keys, and the reader that checks files against them.

A `Table` lists the keys of one YAML mapping. A `Kind` defines the values of a key. Reading, findings,
defaults, documentation and the JSON Schema for editors use the same declarations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from bridge.did_you_mean import suggestion
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.variables import NOT_SET, is_set, named, why_unset
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import GeneralCode, Reason

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Plain:
    """One scalar. A duration is read as seconds, a rate as events per second, a secret as its value."""

    type: Literal["text", "integer", "number", "flag", "duration", "rate", "secret"]
    choices: tuple[str, ...] = ()
    at_least: int | None = None
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """A node that a separate compiler reads: a value, a condition, a verification scheme."""

    what: str


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
    by_name: Dict[str, Key] = field(init=False, compare=False, repr=False)
    defaults: Dict[str, Any] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {key.name: key for key in self.keys})
        object.__setattr__(self, "defaults", {key.name: key.default for key in self.keys})


Kind: TypeAlias = Plain | Raw | ListOf | MapOf | Table

TEXT = Plain("text")
INTEGER = Plain("integer")
NUMBER = Plain("number")
FLAG = Plain("flag")
DURATION = Plain("duration")
RATE = Plain("rate")
SECRET = Plain("secret")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields read for one table: values by key, with defaults, and their nodes."""

    node: Mapping
    values: Dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __contains__(self, name: str) -> bool:
        """Whether the file has the key."""
        return self.node.get(name) is not None

    def at(self, name: str) -> Node:
        """The node for findings about this key: its value, or the whole table if it is absent."""
        return self.node.get(name) or self.node


_INVALID = object()
_SUGGESTIONS = 20
"""Number of unknown keys of one mapping for which a similar name is searched, which is slow."""


@dataclass(slots=True)
class Reader:
    """Checks nodes against declarations and reports every difference at its position."""

    report: Report
    environment: Dict[str, str] = field(default_factory=dict, repr=False)
    placeholder: str = NOT_SET
    """Value of a variable that is not set."""
    trying: bool = False
    """Whether files are only tried out. If not, variables that are not set are added to `unset`."""
    unset: list[str] = field(default_factory=list)
    """Required variables that are not set."""

    def table(self, node: Node, table: Table) -> Fields | None:
        """Read the fields, invalid values as the default. None only if the node is not a mapping."""
        if not isinstance(node, Mapping):
            self._expected(node, Reason(FindingCode.KEYS_OF, table=table.name))
            return None
        values = dict(table.defaults)
        unknown: list[Scalar] = []
        for name, child in node.entries:
            key = table.by_name.get(name.text)
            if key is None:
                unknown.append(name)
            elif (value := self.value(child, key.kind)) is not _INVALID:
                values[key.name] = value
        if unknown:
            self._unknown_keys(unknown, table)
        for key in table.keys:
            if key.required and node.get(key.name) is None:
                self.report.add(node, "M105", Reason(FindingCode.NO_KEY, table=table.name, key=key.name))
        return Fields(node, values)

    def value(self, node: Node, kind: Kind) -> Any:
        match kind:
            case Raw():
                return node
            case Table():
                fields = self.table(node, kind)
                return _INVALID if fields is None else fields
            case ListOf():
                return self._list(node, kind)
            case MapOf():
                return self._map(node, kind)
            case Plain():
                return self._plain(node, kind)

    def _list(self, node: Node, kind: ListOf) -> Any:
        if isinstance(node, Sequence):
            read = (self.value(item, kind.kind) for item in node.items)
            return tuple(value for value in read if value is not _INVALID)
        if kind.or_one:
            value = self.value(node, kind.kind)
            return () if value is _INVALID else (value,)
        return self._expected(node, Reason(FindingCode.A_LIST))

    def _map(self, node: Node, kind: MapOf) -> Any:
        if not isinstance(node, Mapping):
            return self._expected(node, Reason(FindingCode.A_MAPPING))
        read = ((key.text, self.value(child, kind.kind)) for key, child in node.entries)
        return {name: value for name, value in read if value is not _INVALID}

    def _plain(self, node: Node, kind: Plain) -> Any:
        if not isinstance(node, Scalar):
            return self._expected(node, _WORDS[kind.type])
        if node.value is None and kind.nullable:
            return None
        if kind.type == "secret":
            return self._secret(node)
        value = _CONVERT[kind.type](node)
        if value is _INVALID:
            return self._expected(node, _WORDS[kind.type])
        if kind.choices and value not in kind.choices:
            text = str(value)
            hint = suggestion(text, kind.choices)
            self.report.add(
                node, "M106", Reason(FindingCode.NO_CHOICE, value=text, choices=kind.choices, hint=hint)
            )
            return _INVALID
        if kind.at_least is not None and value < kind.at_least:
            return self._expected(node, Reason(FindingCode.AT_LEAST, least=kind.at_least))
        return value

    def _secret(self, node: Scalar) -> Any:
        variable = named(node.text)
        if variable is None:
            self.report.add(node, "M107", Reason(FindingCode.LITERAL_SECRET, variable=_VARIABLE))
            return _INVALID
        if is_set(self.environment, variable):
            return self.environment[variable]
        self.is_unset(variable, node)
        return self.placeholder

    def is_unset(self, variable: str, at: Node, needed: Reason | None = None) -> None:
        """Report that a variable is not set. `needed` names its purpose, if the file does not show it."""
        self.report.add(at, "W501", why_unset(self.environment, variable, needed))
        if not self.trying:
            self.unset.append(variable)

    def _unknown_keys(self, unknown: list[Scalar], table: Table) -> None:
        known = list(table.by_name)
        for number, key in enumerate(unknown):
            hint = suggestion(key.text, known) if number < _SUGGESTIONS else None
            self.report.add(key, "M104", Reason(FindingCode.UNKNOWN_KEY, key=key.text[:60], hint=hint))

    def _expected(self, node: Node, what: Reason) -> Any:
        self.report.add(node, "M103", Reason(FindingCode.EXPECTED, expected=what, found=describe(node)))
        return _INVALID


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


def duration(text: str) -> int | None:
    """Seconds of "90s", "10m", "24h" or "30d"; None if the text is not a duration."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    return int(match[1]) * _UNITS[match[2]] if match else None


def _text(node: Scalar) -> Any:
    return (
        node.text
        if isinstance(node.value, str | int | Decimal) and not isinstance(node.value, bool)
        else _INVALID
    )


def _integer(node: Scalar) -> Any:
    return node.value if isinstance(node.value, int) and not isinstance(node.value, bool) else _INVALID


def _number(node: Scalar) -> Any:
    is_number = isinstance(node.value, int | Decimal) and not isinstance(node.value, bool)
    return node.value if is_number else _INVALID


def _flag(node: Scalar) -> Any:
    return node.value if isinstance(node.value, bool) else _INVALID


def _duration(node: Scalar) -> Any:
    seconds = duration(node.text)
    return _INVALID if seconds is None else seconds


def _rate(node: Scalar) -> Any:
    match = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)/([smhd])", node.text)
    if not match or float(match[1]) == 0:
        return _INVALID
    return float(match[1]) / _UNITS[match[2]]


_CONVERT = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "flag": _flag,
    "duration": _duration,
    "rate": _rate,
}
_VARIABLE = "${NAME}"
_WORDS = {
    "text": Reason(FindingCode.A_TEXT),
    "integer": Reason(FindingCode.A_WHOLE_NUMBER),
    "number": Reason(FindingCode.A_NUMBER),
    "flag": Reason(FindingCode.TRUE_OR_FALSE),
    "duration": Reason(FindingCode.A_DURATION),
    "rate": Reason(FindingCode.A_RATE),
    "secret": Reason(FindingCode.A_SECRET, variable=_VARIABLE),
}
