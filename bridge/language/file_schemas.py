"""The JSON Schemas of a mapping file and of the accounts file, and the schemas of their raw keys."""

from __future__ import annotations

from typing import Final

from bridge.language.condition_parser import IGNORE_CASE
from bridge.language.functions import FUNCTIONS, Function
from bridge.language.jsonschema import json_schema, schema_of
from bridge.language.keys_account import ACCOUNT, ACCOUNTS
from bridge.language.keys_message import MESSAGE, TEXTS
from bridge.language.keys_rule import (
    CANCEL,
    EXPECTED,
    FAILED,
    FILE,
    RECIPIENT,
    RULE,
    START,
    TEST,
    TIME_OF_DAY,
)
from bridge.language.keys_source import DEDUP, IDENTITY, JSON_FIELD, SPLIT
from bridge.language.keys_verify import SECRETS, VERIFY
from bridge.language.operator_table import OPERATORS
from bridge.language.schema import MapOf, Raw
from bridge.language.values import VALUE
from bridge.model import Json

_SCALAR: Final[Json] = {"type": ["string", "number", "boolean", "null"]}
_TABLES: Final = {
    "account": ACCOUNT,
    "cancel": CANCEL,
    "json field": JSON_FIELD,
    "recipient": RECIPIENT,
    "rule": RULE,
    "start": START,
    "test": TEST,
}


def mapping_schema() -> Json:
    """The schema of a mapping file: a source, its rules and their tests."""
    return json_schema("leadbridge mapping file", FILE, _forms())


def accounts_schema() -> Json:
    """The schema of `mappings/accounts.yml`."""
    return json_schema("leadbridge accounts file", ACCOUNTS, _forms())


def _forms() -> dict[str, Json]:
    """The schema of each raw key by its name in the declaration. A literal or a document may be any JSON."""
    return {
        **{name: schema_of(table) for name, table in _TABLES.items()},
        "at": _either(_SCALAR, schema_of(VALUE), schema_of(TIME_OF_DAY)),
        "conditions": _conditions(),
        "dedup": _either({"const": "none"}, schema_of(DEDUP)),
        "expected start": _either(schema_of(EXPECTED), schema_of(FAILED)),
        "functions": _either(_function(), {"type": "array", "items": _function()}),
        "identity": _either(_SCALAR, _list_of("identity"), schema_of(IDENTITY)),
        "path": {"type": "string", "pattern": r"^\$"},
        "question": _question(),
        "secrets": _either(schema_of(SECRETS), schema_of(MapOf(SECRETS))),
        "split": _either(schema_of(TEXTS), schema_of(SPLIT)),
        "success": _either({"type": "null"}, _named("conditions")),
        "table": {"type": "object"},
        "template": {"type": "string"},
        "text": _SCALAR,
        "value": _either(_SCALAR, schema_of(VALUE)),
        "verify": _either({"const": "none"}, schema_of(VERIFY)),
        "what is signed": _either({"type": "string"}, _list_of("what is signed"), schema_of(MESSAGE)),
    }


def _conditions() -> Json:
    groups = {
        "any": {**_list_of("conditions"), "description": "at least one of these holds"},
        "all": {**_list_of("conditions"), "description": "all of these hold"},
        "not": {**_named("conditions"), "description": "not all of these hold"},
    }
    paths = {r"^\$": _named("question")}
    return {"type": "object", "properties": groups, "patternProperties": paths, "additionalProperties": False}


def _question() -> Json:
    """What is asked of a path: a value, a list of values, or operators."""
    operators = {name: {"description": operator.help} for name, operator in OPERATORS.items()} | {
        IGNORE_CASE: {
            "type": "boolean",
            "description": "ignore the difference of upper-case and lower-case letters",
        },
        "every": {**_named("question"), "description": "must hold for all values that the path finds"},
        "value": {"description": "literal value, even if it begins with $"},
    }
    mapping = {"type": "object", "properties": operators, "additionalProperties": False, "minProperties": 1}
    return _either(_SCALAR, {"type": "array", "items": _SCALAR}, mapping)


def _function() -> Json:
    """One step of a pipe: a name alone, or a mapping with the function's arguments."""
    alone = [{"const": one.name, "description": one.help} for one in FUNCTIONS.values() if not one.required]
    return _either(*alone, *(_with_arguments(one) for one in FUNCTIONS.values()))


def _with_arguments(function: Function) -> Json:
    schema = schema_of(function.table)
    own = schema["properties"].get(function.name, {"type": "null"})
    properties = schema["properties"] | {function.name: own | {"description": function.help}}
    return schema | {"properties": properties, "required": [function.name]}


def _either(*schemas: Json) -> Json:
    return {"anyOf": list(schemas)}


def _list_of(form: str) -> dict[str, Json]:
    return {"type": "array", "items": _named(form)}


def _named(form: str) -> dict[str, Json]:
    return schema_of(Raw(form))
