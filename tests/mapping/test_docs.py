"""docs/mapping.md: every example in it runs, and it leaves out no key, operator or function."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.jsonpath.exact_numbers import from_json
from bridge.jsonpath.scope import ABSENT
from bridge.language.functions import FUNCTIONS
from bridge.language.keys_account import ACCOUNT, ALERTS
from bridge.language.keys_rule import EXPECTED, MAPPING_KEYS, RULE, START, TEST
from bridge.language.keys_source import SOURCE_KEYS
from bridge.language.operator_table import OPERATORS
from bridge.language.text import text_of
from bridge.language.values import VALUE
from bridge.mapping.author.examples import run_example
from bridge.mapping.compile.compiler import compile_files
from bridge.model import ALERT_KINDS, Json
from tests.language.given import holds, piped, render
from tests.mapping.given import ENVIRONMENT, HEAD

PAGE = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text()
BLOCKS = re.findall(r"^```yaml( accounts)?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def rows(first_header: str) -> list[list[str]]:
    """The rows of the table whose first column is called so."""
    table = PAGE.split(f"\n| {first_header} |", 1)[1].split("\n\n", 1)[0]
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in table.splitlines()[2:]]


def code(cell: str) -> str:
    return cell.strip().strip("`")


def sent(cell: str) -> Json:
    return ABSENT if cell == "absent" else from_json(code(cell))


@pytest.mark.parametrize("row", rows("value"), ids=lambda row: row[0])
def test_each_value_gives_what_the_page_says(row: list[str]) -> None:
    value, given, wanted = row
    found = render(code(value), sent(given))
    assert ("absent" if found is ABSENT else text_of(found)) == code(wanted)


@pytest.mark.parametrize("row", rows("operator"), ids=lambda row: row[0])
def test_each_operator_holds_as_the_page_says(row: list[str]) -> None:
    question, _, yes, no = row
    for cell, wanted in ((yes, True), (no, False)):
        value = sent(cell)
        assert holds(f"$.v: {code(question)}", {} if value is ABSENT else {"v": value}) is wanted


@pytest.mark.parametrize("row", rows("function"), ids=lambda row: row[2])
def test_each_function_gives_what_the_page_says(row: list[str]) -> None:
    _, _, step, given, wanted = row
    assert text_of(piped(code(step), sent(given))) == code(wanted)


@pytest.mark.parametrize("block", [text for kind, text in BLOCKS if not kind])
def test_each_file_of_the_page_passes_its_tests(block: str) -> None:
    text = block if block.startswith("source:") else f"{HEAD}{block}"
    compiled = compile_files({"shop.yml": text.encode()}, ENVIRONMENT)
    assert [str(finding) for finding in compiled.findings] == []
    mapping = compiled.sources["shop"]
    assert mapping.tests
    for example in mapping.tests:
        assert run_example(mapping, example, lambda name: Path(name).read_bytes()).differences == ()


def test_the_accounts_file_of_the_page_is_right() -> None:
    (text,) = [text for kind, text in BLOCKS if kind]
    assert compile_files({"accounts.yml": text.encode()}, ENVIRONMENT).findings == ()
    assert [key.name for key in ACCOUNT.keys] == re.findall(r"^    (\w+):", text, re.MULTILINE)


def test_the_alerts_of_the_page_are_right_and_all_there() -> None:
    (text,) = re.findall(r"^```yaml alerts\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    made = compile_files({"accounts.yml": text.encode()}, ENVIRONMENT)
    assert made.findings == ()
    assert made.alerts.kinds == ALERT_KINDS
    assert [key.name for key in ALERTS.keys] == re.findall(r"^  (\w+):", text, re.MULTILINE)[1:]
    assert [code(row[0]) for row in rows("kind of alert")] == list(ALERT_KINDS)


def test_the_page_leaves_nothing_out() -> None:
    assert {code(row[0]) for row in rows("function")} == set(FUNCTIONS)
    shown = " ".join(row[0] for row in rows("operator"))
    assert [name for name in (*OPERATORS, "ignore_case", "every") if f"{name}:" not in shown] == []
    tables = (RULE.keys, START.keys, TEST.keys, EXPECTED.keys, VALUE.keys, MAPPING_KEYS)
    names = {key.name for keys in tables for key in keys} - {key.name for key in SOURCE_KEYS}
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == ["rules", "tests"]
