"""docs/development/modules.md is fresh, and docs/architecture.md names only functions that exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.codemap import PAGE, ROOT, code_map, page

ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
STEPS = re.findall(r"`([\w/]+\.py): ([\w.]+)`", ARCHITECTURE)


def defined(path: str) -> set[str]:
    """The functions, classes and methods of a module of bridge/."""
    found = set()
    for node in ast.parse((ROOT / "bridge" / path).read_text(encoding="utf-8")).body:
        if isinstance(node, DEFINITIONS):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, FUNCTIONS)}
    return found


def test_the_list_of_modules_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    silent = [line for line in code_map().splitlines() if line.startswith("- ") and line.endswith("` ")]
    assert silent == []


def test_the_main_path_is_there() -> None:
    assert len(STEPS) > 20


@pytest.mark.parametrize(("path", "function"), STEPS)
def test_a_function_that_the_architecture_names_exists(path: str, function: str) -> None:
    assert function in defined(path)


def test_every_file_that_the_architecture_names_exists() -> None:
    named = set(re.findall(r"`([\w/]+/|[\w/]+\.py)`", ARCHITECTURE))
    assert len(named) > 30
    assert [path for path in named if not ((ROOT / "bridge" / path).exists() or (ROOT / path).exists())] == []


def test_every_module_that_code_or_a_page_mentions_exists() -> None:
    """Decisions and the comparison with others name modules of their day and of other projects."""
    pages = [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    known = {
        path.name for folder in ("bridge", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")
    }
    gone = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in [*(ROOT / "bridge").rglob("*.py"), *pages]
        for name in re.findall(r"\b([a-z_]+\.py)\b", path.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert gone == []
