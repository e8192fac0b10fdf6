"""Generates JSON Schema (2020-12) from the declarations of keys, for editors that complete and check.

A schema describes structure, names and choices. `leadbridge check` also checks paths, patterns and ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

from bridge.language.schema import Key, Kind, ListOf, MapOf, Plain, Raw, Table
from bridge.model import Json

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_FORMS: Final = "#/$defs/"

_PLAIN: Final[dict[str, dict[str, Json]]] = {
    "text": {"type": ["string", "number"]},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
    "duration": {"type": "string", "pattern": "^[0-9]{1,9}[smhd]$"},
    "rate": {"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,3})?/[smhd]$"},
    "secret": {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"},
}


def json_schema(title: str, root: Table, forms: Mapping[str, Json]) -> Json:
    """The schema of a file whose top level is the table.

    `forms` are the schemas of raw keys by name. A raw key without a schema may have any value.
    """
    used = {name: {} for name in _referred(forms, schema_of(root))} | dict(forms)
    return {"$schema": DIALECT, "title": title, **schema_of(root), "$defs": used}


def schema_of(kind: Kind) -> dict[str, Json]:
    """The schema of one kind. A raw kind becomes a reference to its schema."""
    match kind:
        case Plain():
            return _plain(kind)
        case Raw(what=what):
            return {"$ref": _FORMS + quote(what)}
        case ListOf(kind=inner, or_one=or_one):
            several = {"type": "array", "items": schema_of(inner)}
            return {"anyOf": [schema_of(inner), several]} if or_one else several
        case MapOf(kind=inner):
            return {"type": "object", "additionalProperties": schema_of(inner)}
        case Table():
            return _table(kind)


def _referred(*schemas: Json) -> set[str]:
    """Names of the forms that the schemas refer to."""
    found: set[str] = set()
    waiting = list(schemas)
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, dict):
            waiting.extend(schema.values())
            if isinstance(target := schema.get("$ref"), str):
                found.add(unquote(target.removeprefix(_FORMS)))
        elif isinstance(schema, list):
            waiting.extend(schema)
    return found


def _plain(kind: Plain) -> dict[str, Json]:
    schema: dict[str, Json] = {"enum": list(kind.choices)} if kind.choices else dict(_PLAIN[kind.type])
    if kind.at_least is not None and kind.type in ("integer", "number"):
        schema["minimum"] = kind.at_least
    return {"anyOf": [schema, {"type": "null"}]} if kind.nullable else schema


def _table(table: Table) -> dict[str, Json]:
    required = [key.name for key in table.keys if key.required]
    schema = {"type": "object", "properties": {key.name: _property(key) for key in table.keys}}
    return schema | {"additionalProperties": False} | ({"required": required} if required else {})


def _property(key: Key) -> dict[str, Json]:
    schema = schema_of(key.kind) | {"description": key.help}
    return schema | {"default": key.default} if _shows_default(key) else schema


def _shows_default(key: Key) -> bool:
    """Whether the default is written in a file as in the declaration. Durations and rates are not."""
    return (
        isinstance(key.kind, Plain) and key.kind.type not in ("duration", "rate") and key.default is not None
    )
