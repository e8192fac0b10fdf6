"""docs/findings.md has every code of the source, with a wrong and a right example, both run."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.mapping.compile.compiler import Compiled, compile_files
from bridge.mapping.lint.history import check_history
from bridge.model import Event, Finding
from bridge.webhook.verify import asymmetric
from tests.mapping.given import HEAD, TESTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "findings.md").read_text()
ENVIRONMENT = {"LEADCONVERTER_TOKEN": "t-main", "SHOP_SECRET": "s-shop", "SHOP_KEY": "k-shop"}
CODE = re.compile(r"[\"'](?P<code>[MNW][0-9]{3})[\"']")
BODIES = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0].splitlines()
BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"\bline (\d+)")
OF_HISTORY = "W6"
WITHOUT_ID = "W603"
MONDAY, DAY = 1_778_457_600_000, 86_400_000
WITHOUT_EXTRA = "M413"


@dataclass(frozen=True)
class Section:
    """What the page says about one code."""

    code: str
    wrong: str
    finding: str
    right: str


def _section(text: str) -> Section:
    text = text.partition("\n## ")[0]
    wrong, right = BLOCK.findall(text)
    between = text[text.index(wrong) + len(wrong) : text.index(right)]
    finding = re.search(r"^    (\d+:\d+: .*)$", between, re.MULTILINE)
    assert finding is not None, text
    return Section(text[:4], wrong, finding[1], right)


SECTIONS = [_section(text) for text in PAGE.split("\n### ")[1:]]
EACH = pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)


def _completed(block: str) -> dict[str, str]:
    """The files that an example is short for: what it leaves out is in order."""
    if block.startswith("accounts:"):
        rules = "rules:\n  - {name: r, start: {bot_id: 1, subscriber_id: {value: 2}}}\n"
        return {"accounts.yml": block, "shop.yml": f"{HEAD}{rules}{TESTS}"}
    if block.startswith("source:"):
        return {"shop.yml": block}
    if not block.startswith(("rules:", "tests:")):
        return {"shop.yml": f"source: shop\n{block}"}
    return {"shop.yml": f"{HEAD}{block}"}


def found(block: str, code: str) -> list[str]:
    """The findings of an example, lines counted from its first; missing tests only where they are meant."""
    files = _completed(block)
    given = {path: text.encode() for path, text in files.items()}
    result = compile_files(given, ENVIRONMENT, notices=True, now_ms=MONDAY)
    findings = []
    for one in (
        *result.findings,
        *(
            _of_history(result, "body:e" if code == WITHOUT_ID else "e")
            if code.startswith(OF_HISTORY)
            else ()
        ),
    ):
        if one.code != "W504" or code == "W504":
            before = files[one.path].removesuffix(block).count("\n")
            findings.append(f"{one.line - before}:{one.column}: {one.code} {_moved(one.message, before)}")
    return findings


def _of_history(result: Compiled, name: str) -> tuple[Finding, ...]:
    """What the events of the page say against the rules."""
    mapping = result.sources["shop"]
    events = [
        Event("shop", f"{name}-{number}", "", MONDAY + number * DAY, json.loads(body), {}, {})
        for number, body in enumerate(BODIES)
    ]
    return check_history(mapping, events)


def _moved(message: str, lines: int) -> str:
    """The message with the lines that it names counted from the example's first."""
    return LINE.sub(lambda match: f"line {int(match[1]) - lines}", message)


def _as_installed(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(asymmetric, "AVAILABLE", code != WITHOUT_EXTRA)


@EACH
def test_the_wrong_example_has_this_one_finding(section: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    _as_installed(monkeypatch, section.code)
    assert found(section.wrong, section.code) == [section.finding]
    assert section.finding.split(" ")[1] == section.code


@EACH
def test_the_right_example_has_none(section: Section, monkeypatch: pytest.MonkeyPatch) -> None:
    _as_installed(monkeypatch, section.code)
    assert found(section.right, section.code) == []


def test_the_page_has_exactly_the_codes_of_the_source() -> None:
    modules = (ROOT / "bridge").rglob("*.py")
    used = {match["code"] for path in modules for match in CODE.finditer(path.read_text())}
    assert sorted(used, key=lambda code: code[1:]) == [section.code for section in SECTIONS]


def test_the_page_begins_with_a_list_that_leads_to_every_code() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\(#(\S+)\) \|", PAGE, re.MULTILINE)
    titles = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
    assert listed == [(section.code, anchor) for section, anchor in zip(SECTIONS, anchors, strict=True)]
