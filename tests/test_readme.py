"""The README says only what is true: its commands run, its mapping passes, its tables are complete."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import settings
from bridge.main import leadbridge
from bridge.mapping.author.examples import run_example
from bridge.mapping.compile.compiler import compile_files
from tests.support.processes import ROOT, Installation, installation

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """What `make run` leaves a reader with: everything running, one sample gone through."""
    folder = tmp_path_factory.mktemp("toured")
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    with installation(folder, "sqlite:///var/bridge.db") as bridge:
        bridge.start("--demo", ready="as often as you like")
        yield bridge


COMMANDS = [line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_does_its_work(toured: Installation, command: str) -> None:
    ran = toured.command(*command.split()[1:])
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_mapping_of_the_readme_has_no_findings_and_passes_its_tests() -> None:
    (text,) = blocks("yaml")
    compiled = compile_files({"mappings/yookassa.yml": text.encode()}, {"LEADCONVERTER_TOKEN": "t"})
    assert compiled.findings == ()
    mapping = compiled.sources["yookassa"]
    results = [run_example(mapping, example, lambda _: b"") for example in mapping.tests]
    assert [result.differences for result in results] == [()]


def test_every_command_is_in_the_readme() -> None:
    missing = [name for name in leadbridge.commands if not re.search(rf"`(leadbridge )?{name}`", README)]
    assert missing == []


def test_every_setting_is_in_the_readme() -> None:
    source = Path(settings.__file__).read_text(encoding="utf-8")
    variables = set(re.findall(r'"((?:BRIDGE|LEADCONVERTER|DATABASE)_?[A-Z_]*|PORT)"', source))
    assert [name for name in sorted(variables) if f"`{name}`" not in README] == []


def test_make_run_starts_the_tour_of_this_test(toured: Installation) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "$(BIN)/leadbridge run --sandbox --demo" in makefile
    story = toured.read_log()
    assert "course paid: matched" in story
    assert "subscriber_id = 778899" in story
    assert toured.calls()[0]["variables"]["course"] == "Python с нуля"


def test_make_has_every_target_of_the_readme() -> None:
    goals = re.findall(r"^    make (\w+)$", README, re.MULTILINE)
    assert goals == ["run", "test"]
    for goal in goals:
        planned = subprocess.run(
            ["make", "-n", goal, f"PYTHON={sys.executable}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert planned.returncode == 0, planned.stderr
