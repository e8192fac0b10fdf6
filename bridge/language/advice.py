"""Advice for a wrong key or value: where it belongs, what it is called here, how it is written."""

from __future__ import annotations

import json
import re

from bridge.language.durations import UNITS, meant
from bridge.language.nodes import Mapping, Node, Scalar
from bridge.language.schema import ListOf, Place, Plain, Raw, Table, letters
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

_FEW = 3
"""Keys of a mapping that can be guessed from one value."""


def about_key(name: str, table: Table, place: Place | None) -> Reason | None:
    """Where an unknown key belongs, one level up or down, or what to write in its place; None if unknown."""
    if place and name in place.table.by_name:
        return Reason(FindingCode.WRITE_BESIDE, key=place.key)
    for key in table.keys:
        is_list = isinstance(key.kind, ListOf)
        kind = key.kind.kind if isinstance(key.kind, ListOf) else key.kind
        inner = kind.table if isinstance(kind, Raw) else kind
        if isinstance(inner, Table) and name in inner.by_name:
            return Reason(FindingCode.WRITE_IN_ITEM if is_list else FindingCode.WRITE_UNDER, key=key.name)
    plain = letters(name)
    return table.advice.get(plain) or (place.table.advice.get(plain) if place else None)


def as_mapping(node: Node, table: Table) -> Reason | None:
    """How to write a scalar as the mapping whose only required key it seems to be; None if there is none."""
    required = [key.name for key in table.keys if key.required]
    if (
        not isinstance(node, Scalar)
        or isinstance(node.value, bool | None)
        or len(required) != 1
        or len(table.keys) > _FEW
    ):
        return None
    return Reason(FindingCode.WRITE_THIS, text=f"{{{required[0]}: {_flow_text(node.text)}}}")


def as_list(node: Node) -> Reason | None:
    """How to write a scalar as a list; None for anything else."""
    if not isinstance(node, Scalar) or node.value is None:
        return None
    return Reason(FindingCode.WRITE_THIS, text=f"[{_flow_text(node.text)}]")


def about_value(node: Node, kind: Plain) -> Reason | None:
    """What a value that is not of its kind seems to mean; None if that is not known."""
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.text.startswith(("$", "{$")):
        return Reason(FindingCode.SAME_FOR_ALL) if kind.type != "secret" else None
    if kind.type == "duration":
        texts = _duration_texts(node)
        if texts[0].isdecimal():
            units = tuple(f"{texts[0]}{unit}" for unit in reversed(UNITS))
            return Reason(FindingCode.UNIT_MISSING, choices=units)
        found = next((found for text in texts if (found := meant(text))), None)
        return Reason(FindingCode.DID_YOU_MEAN, name=found) if found else None
    text = node.text.lower() if isinstance(node, Scalar) else ""
    other = dict(kind.others).get(text)
    return Reason(FindingCode.DID_YOU_MEAN, name=other) if isinstance(other, str) else other


def _duration_texts(node: Node) -> list[str]:
    """The texts that a value may mean as a duration: also of {hours: 2} and {amount: 2, unit: hours}."""
    if isinstance(node, Scalar):
        return [node.text]
    pairs = node.entries if isinstance(node, Mapping) else ()
    flat = [(key.text, value.text) for key, value in pairs if isinstance(value, Scalar)]
    return [" ".join(f"{value} {key}" for key, value in flat), " ".join(value for _, value in flat)]


def _flow_text(text: str) -> str:
    """The text as a YAML scalar within brackets, quoted if need be."""
    return text if re.fullmatch(r"[\w.$+-]+", text) else json.dumps(text, ensure_ascii=False)
