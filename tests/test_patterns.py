"""Text from outside meets RE2, a plain loop, or a pattern that is proved not to backtrack."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.linear import fault
from tests.support.timing import seconds_of

ROOT = Path(__file__).parent.parent
NAMED = {
    "bridge/operations/authoring/draft_text.py": "the starters that the program ships",
    "bridge/jsonpath/tokens.py": "a pattern put together; the paths of an owner's file",
    "bridge/regex.py": "an owner's pattern, of at most 1,000 characters",
    "bridge/text/catalogue.py": "the catalogues that the program ships",
    "bridge/webhook/decode/multipart.py": "the head of one part, of at most 8,192 bytes",
}
"""Modules with a pattern that is not proved, each with the text that it meets."""
ANCHORED = {"match", "fullmatch"}
SCANNING = {"search", "sub", "subn", "split", "findall", "finditer"}


class Used(NamedTuple):
    """One pattern, and how it is used."""

    module: str
    line: int
    pattern: str | bytes | None
    flags: int
    scanning: bool


def patterns(path: Path) -> Iterator[Used]:
    """Every pattern that a module gives to `re`: at a call, or compiled under a name and used by that."""
    tree = ast.parse(path.read_text())
    module = path.relative_to(ROOT).as_posix()
    methods = {
        (node.value.id if isinstance(node.value, ast.Name) else "", node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
            continue
        if node.func.attr in ANCHORED | SCANNING:
            yield used(module, node, scanning=node.func.attr in SCANNING)
        elif node.func.attr == "compile":
            names = assigned(tree, node)
            anchored = any(owner in names and method in ANCHORED for owner, method in methods)
            scanned = any(owner in names and method in SCANNING for owner, method in methods)
            yield used(module, node, scanning=scanned or not anchored)


def assigned(tree: ast.AST, call: ast.Call) -> set[str]:
    """The names of the constant that holds a compiled pattern."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is call:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def used(module: str, node: ast.Call, *, scanning: bool) -> Used:
    flags = 0
    for argument in [*node.args[1:], *(keyword.value for keyword in node.keywords)]:
        for name in ast.walk(argument):
            if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name) and name.value.id == "re":
                flags |= int(getattr(re, name.attr))
    first = node.args[0]
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str | bytes)
    pattern: str | bytes | None = ast.literal_eval(first) if is_text else None
    return Used(module, node.lineno, pattern, flags, scanning)


MODULES = [path for path in sorted((ROOT / "bridge").rglob("*.py")) if "re." in path.read_text()]


def unproved(path: Path) -> Iterator[str]:
    for one in patterns(path):
        why = "no literal" if one.pattern is None else fault(one.pattern, one.flags, scanning=one.scanning)
        if why:
            yield f"{one.module}:{one.line} {one.pattern!r}: {why}"


def test_no_pattern_backtracks_on_text_from_outside() -> None:
    found = {path.relative_to(ROOT).as_posix(): list(unproved(path)) for path in MODULES}
    assert {module: faults for module, faults in found.items() if bool(faults) != (module in NAMED)} == {}


def test_every_module_that_is_named_is_there() -> None:
    assert [name for name in NAMED if not (ROOT / name).exists()] == []


def test_patterns_are_only_reached_by_the_name_of_their_module() -> None:
    strays = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "bridge").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and node.module == "re")
        or (isinstance(node, ast.Import) and any(one.name == "re" and one.asname for one in node.names))
    ]
    assert strays == []


@pytest.mark.parametrize(
    ("pattern", "scanning"),
    [
        (r"[a-z]+", True),
        (r"<(\w+)>", True),
        (r"\.\s*\d", True),
        (r"^\w+$", True),
        (r"[a-z]*;[a-z]*", False),
        (r"(?:\[[^\[\]]*\])+", False),
        (r".*x", False),
        (r"(?:a.*b|c.*d)", False),
        (r"(?:[ ()]{0,2}\d){9,14}", True),
    ],
)
def test_the_proof_knows_what_is_harmless(pattern: str, scanning: bool) -> None:
    assert fault(pattern, scanning=scanning) == ""


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\w+@", "a"),
        (r"\s+$", " "),
        (r"\\+u", "\\"),
        (r"<title[^>]*>", "<title"),
        (r"(?:a*)?b", "a"),
        (r"(a*b|c)d", "a"),
        (r"(?=\S*\d)[a-z]{20,}", "a"),
    ],
)
def test_the_proof_knows_what_backtracks(pattern: str, text: str) -> None:
    assert fault(pattern, scanning=True) != ""
    few, many = (seconds_of(partial(re.search, pattern, text * n + "\x01")) for n in (1_000, 8_000))
    assert many > 20 * few


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:a|a){1,40}b",
        r"(?:a|aa){1,60}b",
        r"(?:a{0,9}){0,30}b",
        r"(?:a{1,9}){0,30}b",
        r"(?:a?){30}b",
        r"[a-z]{0,90}[a-z]{0,90}[a-z]{0,90}x",
    ],
)
def test_the_proof_knows_bounded_repeats_that_backtrack(pattern: str) -> None:
    assert fault(pattern, scanning=True) != ""
    assert fault(pattern, scanning=False) != ""


@pytest.mark.parametrize(
    "pattern", [r"a.*b.*c", r"[^x]*y.*z", r"(a+)+b", r"(a|a)*b", r"(?:x+x+)+y", r"(.*)*", r"(?:a*){2,9}b"]
)
def test_the_proof_knows_what_backtracks_worse(pattern: str) -> None:
    assert fault(pattern, scanning=True) != ""
