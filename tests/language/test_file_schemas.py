"""JSON Schemas for editors, made from the declarations of keys."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bridge.language.document import read
from bridge.language.file_schemas import accounts_schema, mapping_schema
from bridge.language.jsonschema import json_schema, schema_of
from bridge.language.nodes import Report, plain
from bridge.language.schema import (
    DURATION,
    FLAG,
    INTEGER,
    RATE,
    SECRET,
    TEXT,
    Key,
    Kind,
    ListOf,
    MapOf,
    Plain,
    Raw,
    Table,
)
from bridge.model import Json
from tests.language.schema_check import faults

HOME = Path(__file__).parents[2]
SHIPPED = sorted(path for path in (HOME / "mappings").rglob("*.yml") if path.stem != "accounts")
BY_SHAPE = re.compile(r"M(104|106|107|110|203|205) ")
"""Findings about keys, choices and names: the mistakes that a schema knows as well."""
BROKEN = [
    path
    for path in sorted((HOME / "tests" / "mapping" / "broken").glob("*.yml"))
    if BY_SHAPE.search(path.read_text().splitlines()[0])
]


def document(path: Path) -> Json:
    return parsed(path.read_text())


def parsed(text: str) -> Json:
    node = read(text.encode(), Report("f.yml"))
    assert node is not None
    return plain(node)


def mistakes(text: str) -> list[str]:
    schema = mapping_schema()
    return faults(parsed(text), schema, schema)


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (TEXT, {"type": ["string", "number"]}),
        (FLAG, {"type": "boolean"}),
        (Plain("integer", at_least=1), {"type": "integer", "minimum": 1}),
        (Plain("text", ("a", "b")), {"enum": ["a", "b"]}),
        (Plain("text", nullable=True), {"anyOf": [{"type": ["string", "number"]}, {"type": "null"}]}),
        (Raw("what is signed"), {"$ref": "#/$defs/what%20is%20signed"}),
        (ListOf(FLAG), {"type": "array", "items": {"type": "boolean"}}),
        (
            ListOf(FLAG, or_one=True),
            {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "boolean"}}]},
        ),
        (MapOf(FLAG), {"type": "object", "additionalProperties": {"type": "boolean"}}),
    ],
)
def test_each_kind_has_its_schema(kind: Kind, wanted: Json) -> None:
    assert schema_of(kind) == wanted


def test_a_table_becomes_an_object_with_help_defaults_and_no_other_keys() -> None:
    table = Table(
        "step",
        (
            Key("name", TEXT, "what it is called", required=True),
            Key("count", INTEGER, "how often", default=1),
            Key("wait", DURATION, "before it", default=60),
        ),
    )
    assert schema_of(table) == {
        "type": "object",
        "properties": {
            "name": {"type": ["string", "number"], "description": "what it is called"},
            "count": {"type": "integer", "description": "how often", "default": 1},
            "wait": {"type": "string", "pattern": "^[0-9]{1,9}[smhd]$", "description": "before it"},
        },
        "additionalProperties": False,
        "required": ["name"],
    }


def test_what_has_no_form_may_be_anything() -> None:
    table = Table("step", (Key("it", Raw("document"), "of the test"), Key("that", Raw("text"), "too")))
    assert json_schema("a file", table, {"text": {"type": "string"}})["$defs"] == {
        "document": {},
        "text": {"type": "string"},
    }


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DURATION, ["90s", "24h"], ["10", "1w", "1.5h"]),
        (RATE, ["5/s", "0.5/m"], ["5", "5/w"]),
        (SECRET, ["${TOKEN}"], ["s3cret", "Bearer ${TOKEN}", "${1}"]),
    ],
)
def test_texts_of_a_certain_form_have_a_pattern(kind: Kind, good: list[str], bad: list[str]) -> None:
    schema = schema_of(kind)
    assert not any(faults(text, schema, schema) for text in good)
    assert all(faults(text, schema, schema) for text in bad)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_mapping_fits(path: Path) -> None:
    schema = mapping_schema()
    assert faults(document(path), schema, schema) == []


def test_an_accounts_file_fits() -> None:
    schema = accounts_schema()
    text = "accounts: {main: {token: '${T}', rate: 5/s, call_id_variable: null}}"
    assert faults(parsed(text), schema, schema) == []
    assert faults(parsed("accounts: {main: {tokn: '${T}'}}"), schema, schema) == [
        "/accounts/main/token: missing",
        "/accounts/main/tokn: unknown",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "$.a: 1",
        "$.a: [x, y]",
        "$.a: {gte: 1, lt: 5}",
        "$.a: {every: {starts_with: x, ignore_case: true}}",
        "any: [{$.a: 1}, {not: {$.b: null}}]",
        "all: [{$headers.x: {exists: true}}]",
    ],
)
def test_conditions_fit(text: str) -> None:
    assert mistakes(f"source: s\nrules: [{{name: r, when: {{{text}}}, start: {{bot_id: 1}}}}]") == []


@pytest.mark.parametrize(
    "text",
    [
        "12",
        "$.a",
        "'x {$.a}'",
        "{value: $5}",
        "{path: $.a, pipe: [trim, {round: 2}, {date: '%d', tz: UTC}], map: {a: 1}, default: null}",
        "{template: 'x {$.a}', pipe: upper}",
    ],
)
def test_values_fit(text: str) -> None:
    assert mistakes(f"source: s\nrules: [{{name: r, start: {{bot_id: {text}}}}}]") == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("rules: []", ["/source: missing"]),
        ("source: s\nrulse: []", ["/rulse: unknown"]),
        ("source: s\nbody: jsn", ["/body: none of the alternatives"]),
        ("source: s\nsecret: literal", ["/secret: none of the alternatives"]),
        ("source: s\nrules: [{name: r, start: {bot: 1}}]", ["/rules/0/start/bot_id: missing"]),
        ("source: s\nrules: [{name: r, afetr: 10m}]", ["/rules/0/afetr: unknown"]),
        ("source: s\nrules: [{name: r, when: {a.b: 1}}]", ["/rules/0/when/a.b: unknown"]),
        (
            "source: s\nrules: [{name: r, when: {$.a: {gt2: 1}}}]",
            ["/rules/0/when/$.a: none of the alternatives"],
        ),
    ],
)
def test_a_mistake_of_shape_does_not_fit(text: str, wanted: list[str]) -> None:
    assert mistakes(text)[: len(wanted)] == wanted


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_whose_mistake_is_one_of_shape_does_not_fit(path: Path) -> None:
    schema = accounts_schema() if path.stem.startswith("accounts-") else mapping_schema()
    assert faults(document(path), schema, schema)


def test_schemas_are_plain_json_and_small_enough_for_an_editor() -> None:
    for schema in (mapping_schema(), accounts_schema()):
        assert json.loads(json.dumps(schema)) == schema
        assert len(json.dumps(schema)) < 150_000
