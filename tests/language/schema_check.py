"""As much of JSON Schema as our own schemas use, to hold files against them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import unquote

from bridge.model import Json

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, Decimal),
}
KNOWN = {
    *("$schema", "$defs", "title", "description", "default"),
    *("$ref", "anyOf", "const", "enum", "items", "minimum", "minProperties", "not", "pattern", "type"),
    *("additionalProperties", "patternProperties", "properties", "required"),
}


def faults(value: Json, schema: Json, root: Json, at: str = "") -> list[str]:
    """Where the value does not fit the schema; of alternatives, one word for them all."""
    assert schema.keys() <= KNOWN
    return list(_faults(value, schema, root, at))


def _faults(value: Json, schema: Json, root: Json, at: str) -> Iterator[str]:
    if "$ref" in schema:
        target = root["$defs"][unquote(schema["$ref"].removeprefix("#/$defs/"))]
        yield from faults(value, target, root, at)
    if "anyOf" in schema and all(faults(value, one, root, at) for one in schema["anyOf"]):
        yield f"{at}: none of the alternatives"
    if "not" in schema and not faults(value, schema["not"], root, at):
        yield f"{at}: not allowed"
    if not _scalar_fits(value, schema):
        yield f"{at}: not as wanted"
        return
    if isinstance(value, dict):
        yield from _object_faults(value, schema, root, at)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from faults(item, schema["items"], root, f"{at}/{number}")


def _scalar_fits(value: Json, schema: Json) -> bool:
    wanted = schema.get("type", [])
    types = [wanted] if isinstance(wanted, str) else wanted
    return (
        (not types or any(_is(value, one) for one in types))
        and ("enum" not in schema or value in schema["enum"])
        and ("const" not in schema or value == schema["const"])
        and (not isinstance(value, str) or re.search(schema.get("pattern", ""), value) is not None)
        and ("minimum" not in schema or value >= schema["minimum"])
    )


def _is(value: Json, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (isinstance(value, bool) == (name == "boolean"))


def _object_faults(value: dict[str, Json], schema: Json, root: Json, at: str) -> Iterator[str]:
    if len(value) < schema.get("minProperties", 0):
        yield f"{at}: too few"
    yield from (f"{at}/{name}: missing" for name in schema.get("required", ()) if name not in value)
    for name, inner in value.items():
        matching = [
            one for pattern, one in schema.get("patternProperties", {}).items() if re.search(pattern, name)
        ]
        matching += [schema["properties"][name]] if name in schema.get("properties", {}) else []
        rest = schema.get("additionalProperties", {})
        if not matching and rest is False:
            yield f"{at}/{name}: unknown"
        for one in matching or [rest or {}]:
            yield from faults(inner, one, root, f"{at}/{name}")
