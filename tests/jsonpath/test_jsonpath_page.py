"""The page on paths: its examples and figures are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.jsonpath.exact_numbers import from_json, to_json
from bridge.jsonpath.path import Scope, compile_path
from bridge.jsonpath.tokens import MAX_LENGTH, MAX_NESTING, MAX_NODES
from bridge.jsonpath.typecheck import MAX_COMBINATIONS
from tests.jsonpath.test_compliance import COSTLY, REFUSED, RIGHT

PAGE = (Path(__file__).parents[2] / "docs" / "jsonpath.md").read_text()
BODY = from_json(PAGE.split("```json\n")[1].split("```")[0])
EXAMPLES = re.findall(r"^\| `(\$.*?)` \| `(\[.*\])` \|$", PAGE, re.MULTILINE)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 20


@pytest.mark.parametrize(("path", "wanted"), EXAMPLES)
def test_an_example_finds_what_the_page_says(path: str, wanted: str) -> None:
    found = compile_path(path.replace("\\|", "|")).find(Scope(BODY, {}, {}, {}))
    assert to_json(found) == to_json(from_json(wanted))


def test_the_limits_are_those_of_the_code() -> None:
    limits = re.findall(r"^\| [a-z`.,\\ -]+ \| ([0-9]+)(?:,.*)? \|$", PAGE, re.MULTILINE)
    assert [int(limit) for limit in limits] == [MAX_LENGTH, MAX_NODES, MAX_NESTING, 1, MAX_COMBINATIONS]


def test_the_figures_are_those_that_the_suite_is_held_to() -> None:
    assert f"| valid | {RIGHT} | {COSTLY} | 0 |" in PAGE
    assert f"| invalid | – | {REFUSED} | – |" in PAGE
    assert f"{RIGHT + COSTLY} are\nvalid paths and {REFUSED + 1} are not" in PAGE
