"""Declarations of keys, and the reader that holds a file against them."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.jsonpath.exact_numbers import Number
from bridge.language.document import read
from bridge.language.durations import duration
from bridge.language.nodes import Report
from bridge.language.reader import Fields, Reader
from bridge.language.schema import (
    DURATION,
    FLAG,
    INTEGER,
    NUMBER,
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
from bridge.language.variables import NOT_SET

ENVIRONMENT = {"TOKEN": "s3cret", "EMPTY": ""}
STEP = Table(
    "step", (Key("name", TEXT, "what it is called", required=True), Key("wait", DURATION, "before it"))
)


def given(kind: Kind, text: str, default: Any = None) -> tuple[Any, list[str]]:
    """What the key `it` of a table reads as, and the findings."""
    fields, findings = fields_of(Table("thing", (Key("it", kind, "of the test", default=default),)), text)
    assert fields is not None
    return fields["it"], findings


def fields_of(table: Table, text: str) -> tuple[Fields | None, list[str]]:
    report = Report("f.yml")
    node = read(text.encode(), report)
    assert node is not None
    return Reader(report, ENVIRONMENT).table(node, table), [str(finding) for finding in report.findings]


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (TEXT, "paid", "paid"),
        (TEXT, "1990.00", "1990.00"),
        (TEXT, "0123", "0123"),
        (TEXT, "''", ""),
        (INTEGER, "42", 42),
        (NUMBER, "42", 42),
        (NUMBER, "1.50", Number("1.50")),
        (FLAG, "true", True),
        (FLAG, "false", False),
        (DURATION, "90s", 90),
        (DURATION, "10m", 600),
        (DURATION, "24h", 86400),
        (DURATION, "30d", 2592000),
        (RATE, "5/s", 5.0),
        (RATE, "30/m", 0.5),
        (RATE, "0.5/s", 0.5),
        (SECRET, "${TOKEN}", "s3cret"),
        (Plain("text", ("json", "form")), "form", "form"),
        (Plain("integer", at_least=1), "1", 1),
        (Plain("text", nullable=True), "null", None),
        (ListOf(INTEGER), "[1, 2]", (1, 2)),
        (ListOf(INTEGER), "[]", ()),
        (ListOf(INTEGER, or_one=True), "1", (1,)),
        (MapOf(TEXT), "{a: x, б: y}", {"a": "x", "б": "y"}),
    ],
)
def test_a_value_of_its_kind_is_read(kind: Kind, text: str, wanted: Any) -> None:
    assert given(kind, f"it: {text}") == (wanted, [])


_LITERAL = "a secret is written literally; write ${NAME} and set NAME in the environment"


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (TEXT, "true", "M103 expected a text, found true"),
        (TEXT, "", "M103 expected a text, found nothing"),
        (TEXT, "[a]", "M103 expected a text, found a list"),
        (TEXT, "{a: b}", "M103 expected a text, found a mapping"),
        (INTEGER, "'42'", 'M103 expected a whole number, found the text "42"'),
        (INTEGER, "4.2", "M103 expected a whole number, found the number 4.2"),
        (INTEGER, "0123", 'M103 expected a whole number, found the text "0123"'),
        (INTEGER, "true", "M103 expected a whole number, found true"),
        (NUMBER, "many", 'M103 expected a number, found the text "many"'),
        (FLAG, "yes", 'M103 expected true or false, found the text "yes"'),
        (FLAG, "1", "M103 expected true or false, found the number 1"),
        (
            DURATION,
            "10",
            'M103 expected a duration such as "90s", "10m", "24h" or "30d", found the number 10; '
            "the unit is missing, write one of 10s, 10m, 10h, 10d",
        ),
        (RATE, "0/s", 'M103 expected a rate such as "5/s" or "100/m", found the text "0/s"'),
        (SECRET, "s3cret", f"M107 {_LITERAL}"),
        (SECRET, "Bearer ${TOKEN}", f"M107 {_LITERAL}"),
        (SECRET, "[a]", "M103 expected a secret as ${NAME}, found a list"),
        (
            Plain("text", ("json", "form")),
            "fomr",
            'M106 "fomr" is not one of json, form; did you mean "form"?',
        ),
        (Plain("integer", at_least=1), "0", "M103 expected at least 1, found the number 0"),
        (ListOf(INTEGER), "1", "M103 expected a list, found the number 1; write [1]"),
        (MapOf(TEXT), "[a]", "M103 expected a mapping, found a list"),
        (STEP, "[a]", "M103 expected step: a mapping of keys, found a list"),
    ],
)
def test_a_value_of_another_kind_is_reported_and_reads_as_the_default(
    kind: Kind, text: str, wanted: str
) -> None:
    value, findings = given(kind, f"it: {text}", default="default")
    assert value == "default"
    column = 4 if text == "" else 5
    assert findings == [f"f.yml:1:{column}: {wanted}"]


def test_a_message_shows_the_beginning_of_a_long_text_only() -> None:
    _, findings = given(INTEGER, "it: " + "x" * 1000)
    assert findings == [f'f.yml:1:5: M103 expected a whole number, found the text "{"x" * 60}"']


def test_wrong_elements_are_reported_and_left_out_of_lists_and_maps() -> None:
    assert given(ListOf(INTEGER), "it: [1, a, 3]") == (
        (1, 3),
        ['f.yml:1:9: M103 expected a whole number, found the text "a"'],
    )
    assert given(MapOf(FLAG), "it: {a: true, b: 7}") == (
        {"a": True},
        ["f.yml:1:18: M103 expected true or false, found the number 7"],
    )
    assert given(ListOf(INTEGER, or_one=True), "it: a") == (
        (),
        ['f.yml:1:5: M103 expected a whole number, found the text "a"'],
    )


def test_unknown_keys_are_reported_with_the_nearest_known_name() -> None:
    _, findings = fields_of(STEP, "naem: x\nname: y\nzebra: 1\n")
    assert findings == [
        'f.yml:1:1: M104 unknown key "naem"; did you mean "name"?',
        'f.yml:3:1: M104 unknown key "zebra"',
    ]


def test_a_flood_of_unknown_keys_is_reported_without_a_search_for_each() -> None:
    _, findings = fields_of(STEP, "name: x\n" + "".join(f"namee{number}: 1\n" for number in range(25)))
    assert sum("did you mean" in finding for finding in findings) == 20
    assert len(findings) == 25


def test_findings_are_sorted_without_a_sentence_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report("f.yml")
    node = read("".join(f"other{number}: 1\n" for number in range(9)).encode(), report)
    assert node is not None
    Reader(report).table(node, STEP)
    monkeypatch.delattr("bridge.model.english")
    lines = [finding.line for finding in sorted(report.findings[8::-1])]
    assert lines == [*range(1, 10)]


def test_a_required_key_that_is_missing_is_reported_at_its_table() -> None:
    fields, findings = fields_of(STEP, "\nwait: 5s\n")
    assert findings == ['f.yml:2:1: M105 step has no "name"']
    assert fields is not None
    assert fields["name"] is None
    assert fields["wait"] == 5


def test_what_is_no_mapping_has_no_fields() -> None:
    assert fields_of(STEP, "- name: x") == (
        None,
        ["f.yml:1:1: M103 expected step: a mapping of keys, found a list"],
    )


def test_tables_nest_in_lists_and_maps() -> None:
    value, findings = given(ListOf(STEP), "it:\n  - name: a\n    wait: 1m\n  - nane: b\n")
    assert [fields["name"] for fields in value] == ["a", None]
    assert value[0]["wait"] == 60
    assert findings == [
        'f.yml:4:5: M104 unknown key "nane"; did you mean "name"?',
        'f.yml:4:5: M105 step has no "name"',
    ]


def test_fields_know_what_the_file_itself_says_and_where() -> None:
    fields, _ = fields_of(STEP, "name: a\n")
    assert fields is not None
    assert "name" in fields
    assert "wait" not in fields
    assert (fields.at("name").line, fields.at("name").column) == (1, 7)
    assert fields.at("wait") is fields.node


def test_a_raw_key_hands_its_node_on() -> None:
    value, findings = given(Raw("value"), "it: {path: $.a}")
    assert findings == []
    assert (value.line, value.column) == (1, 5)


def test_a_secret_never_shows_in_a_finding() -> None:
    texts = ["s3cret", "${TOKEN", "$TOKEN s3cret", "[s3cret]", "{s3cret: s3cret}"]
    findings = [finding for text in texts for finding in given(SECRET, f"it: {text}")[1]]
    assert len(findings) == len(texts)
    assert not any("s3cret" in finding for finding in findings)


@pytest.mark.parametrize("text", ["", "10", "s", "1.5h", "-1m", "10 m", "1w", "1234567890s"])
def test_a_text_that_is_no_duration(text: str) -> None:
    assert duration(text) is None


@pytest.mark.parametrize("value", [None, "", " \t"])
def test_a_variable_that_is_not_set_is_noted_and_reads_as_nothing_that_proves_anything(
    value: str | None,
) -> None:
    node = read(b"it: ${GONE}", Report("shop.yml"))
    assert node is not None
    reader = Reader(Report("shop.yml"), {} if value is None else {"GONE": value})
    fields = reader.table(node, Table("test", (Key("it", SECRET, "a secret"),)))
    assert fields is not None
    assert fields["it"] == NOT_SET
    assert reader.unset == ["GONE"]
    assert [str(one) for one in reader.report.findings] == [
        "shop.yml:1:5: W501 environment variable GONE is not set"
    ]


def test_a_file_of_a_variable_that_cannot_be_read_is_named() -> None:
    node = read(b"it: ${GONE}", Report("shop.yml"))
    assert node is not None
    reader = Reader(Report("shop.yml"), {"GONE_FILE": "/run/secrets/gone"}, trying=True)
    reader.table(node, Table("test", (Key("it", SECRET, "a secret"),)))
    assert reader.unset == []
    assert [one.message for one in reader.report.findings] == [
        "environment variable GONE is not set: GONE_FILE names no readable file with a value"
    ]
