"""Reads the keys of a file by their declarations, and reports every difference."""

from __future__ import annotations

import re
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bridge.did_you_mean import suggestion
from bridge.language.advice import about_key, about_value, as_list, as_mapping
from bridge.language.durations import duration
from bridge.language.nodes import Mapping, Node, Report, Scalar, Sequence
from bridge.language.schema import Kind, ListOf, MapOf, Place, Plain, Raw, Table, describe
from bridge.language.variables import NOT_SET, is_set, named, why_unset
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import GeneralCode, Reason

_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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

    def table(self, node: Node, table: Table, place: Place | None = None) -> Fields | None:
        """Read the fields, invalid values as the default. None only if the node is not a mapping."""
        if not isinstance(node, Mapping):
            self._expected(node, Reason(FindingCode.KEYS_OF, table=table.name), as_mapping(node, table))
            return None
        values = dict(table.defaults)
        unknown: list[Scalar] = []
        for name, child in node.entries:
            key = table.by_name.get(name.text)
            if key is None:
                unknown.append(name)
            elif (value := self.value(child, key.kind, Place(table, key.name))) is not _INVALID:
                values[key.name] = value
        if unknown:
            self._unknown_keys(unknown, table, place)
        for key in table.keys:
            if key.required and node.get(key.name) is None:
                self.report.add(node, "M105", Reason(FindingCode.NO_KEY, table=table.name, key=key.name))
        return Fields(node, values)

    def value(self, node: Node, kind: Kind, place: Place | None = None) -> Any:
        match kind:
            case Raw():
                return node
            case Table():
                fields = self.table(node, kind, place)
                return _INVALID if fields is None else fields
            case ListOf():
                return self._list(node, kind, place)
            case MapOf():
                return self._map(node, kind)
            case Plain():
                return self._plain(node, kind)

    def _list(self, node: Node, kind: ListOf, place: Place | None) -> Any:
        if isinstance(node, Sequence):
            read = (self.value(item, kind.kind, place) for item in node.items)
            return tuple(value for value in read if value is not _INVALID)
        if kind.or_one:
            value = self.value(node, kind.kind, place)
            return () if value is _INVALID else (value,)
        return self._expected(node, Reason(FindingCode.A_LIST), as_list(node))

    def _map(self, node: Node, kind: MapOf) -> Any:
        if not isinstance(node, Mapping):
            return self._expected(node, Reason(FindingCode.A_MAPPING))
        read = ((key.text, self.value(child, kind.kind)) for key, child in node.entries)
        return {name: value for name, value in read if value is not _INVALID}

    def _plain(self, node: Node, kind: Plain) -> Any:
        words = _words(kind)
        if not isinstance(node, Scalar):
            return self._expected(node, words, about_value(node, kind))
        if node.value is None and kind.nullable:
            return None
        if kind.type == "secret":
            return self._secret(node)
        value = _CONVERT[kind.type](node)
        if value is _INVALID:
            return self._expected(node, words, about_value(node, kind))
        if kind.choices and value not in kind.choices:
            hint = about_value(node, kind) or suggestion(str(value), kind.choices)
            if len(kind.choices) == 1:
                return self._expected(node, words, hint, "M106")
            wrong = Reason(FindingCode.NO_CHOICE, value=str(value), choices=kind.choices, hint=hint)
            self.report.add(node, "M106", wrong)
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

    def _unknown_keys(self, unknown: list[Scalar], table: Table, place: Place | None) -> None:
        known = list(table.by_name)
        for number, key in enumerate(unknown):
            hint = about_key(key.text, table, place)
            if hint is None and number < _SUGGESTIONS:
                hint = suggestion(key.text, known)
            self.report.add(key, "M104", Reason(FindingCode.UNKNOWN_KEY, key=key.text[:60], hint=hint))

    def _expected(self, node: Node, what: Reason, hint: Reason | None = None, code: str = "M103") -> Any:
        wrong = Reason(FindingCode.EXPECTED, expected=what, found=describe(node))
        self.report.add(
            node, code, Reason(FindingCode.WITH_ADVICE, what=wrong, advice=hint) if hint else wrong
        )
        return _INVALID


def _words(kind: Plain) -> Reason:
    """The noun for a kind of scalar, after "expected"."""
    if not kind.choices:
        return _WORDS[kind.type]
    one = Reason(GeneralCode.VERBATIM, text=kind.choices[0])
    return one if len(kind.choices) == 1 else Reason(FindingCode.ONE_OF, choices=kind.choices)


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
    return float(match[1]) / _PERIODS[match[2]]


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
