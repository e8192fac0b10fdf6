"""docs/cookbook.md: every job is a complete mapping file without findings that passes its tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.mapping.author.examples import run_example
from bridge.mapping.compile.compiler import Compiled, compile_files
from bridge.mapping.lint.coverage import coverage
from bridge.model import Event

PAGE = (Path(__file__).parents[2] / "docs" / "cookbook.md").read_text()
JOBS = re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECRET = re.compile(r"\$\{(\w+)\}")
EACH = pytest.mark.parametrize("job", [text for _, text in JOBS], ids=[title for title, _ in JOBS])


def blocks(job: str) -> dict[str, bytes]:
    """The files of a job: its mapping, perhaps its accounts and its sample."""
    names = {("yaml", ""): "shop.yml", ("yaml", "accounts"): "accounts.yml"}
    return {names.get((kind, name), name): text.encode() for kind, name, text in BLOCK.findall(job)}


def compiled(job: str) -> Compiled:
    files = {path: data for path, data in blocks(job).items() if path.endswith(".yml")}
    environment = dict.fromkeys(SECRET.findall(job), "0123456789abcdef") | {"LEADCONVERTER_TOKEN": "t"}
    return compile_files(files, environment, notices=True)


@EACH
def test_a_job_is_a_complete_mapping_file_without_findings(job: str) -> None:
    found = compiled(job)
    assert [str(finding) for finding in found.findings] == []
    assert len(found.sources) == 1


@EACH
def test_a_job_passes_its_tests_and_every_rule_is_tested(job: str) -> None:
    (mapping,) = compiled(job).sources.values()
    files = blocks(job)
    events: list[Event] = []
    for example in mapping.tests:
        result = run_example(mapping, example, lambda name: files[name].removesuffix(b"\n"))
        assert result.differences == ()
        events += result.events
    assert [gap.rule for gap in coverage(mapping, events).gaps if not gap.condition] == []


def test_there_are_more_than_twenty_jobs_and_the_list_leads_to_each() -> None:
    titles = [title for title, _ in JOBS]
    assert len(titles) > 20
    listed = re.findall(r"\[([^\]]+)\]\(#([\w-]+)\)", PAGE.split("\n## ")[0])
    assert sorted(title for title, _ in listed) == sorted(titles)
    for title, anchor in listed:
        assert anchor == re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
