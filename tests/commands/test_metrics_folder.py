from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from bridge.commands.serve import with_metrics

NAME = "PROMETHEUS_MULTIPROC_DIR"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_tree_gets_a_folder_of_its_own_that_is_empty_at_each_start(temporary: Path) -> None:
    first = with_metrics({"PORT": "8080", "A": "b"})
    folder = Path(first[NAME])
    assert (first["A"], folder.parent, folder.stat().st_mode & 0o777) == ("b", temporary, 0o700)
    for name in ("counter_1.db", "web.1.pid"):
        (folder / name).touch()
    assert with_metrics({"PORT": "8080"})[NAME] == str(folder)
    assert list(folder.iterdir()) == []


def test_trees_on_other_ports_count_apart() -> None:
    assert with_metrics({"PORT": "1"})[NAME] != with_metrics({"PORT": "2"})[NAME]


def test_a_folder_that_the_parent_named_is_left_as_it_is_but_at_the_start_of_the_tree(tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.mkdir()
    for name in ("counter_1.db", "notes.txt"):
        (named / name).touch()
    assert with_metrics({}, str(named)) == {NAME: str(named)}
    assert len(list(named.iterdir())) == 2
    assert with_metrics({}, str(named), again=True) == {NAME: str(named)}
    assert [path.name for path in named.iterdir()] == ["notes.txt"]


def test_a_folder_that_others_can_write_to_is_not_trusted(temporary: Path) -> None:
    planted = temporary / f"leadbridge-{os.getuid()}-8080"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    found = Path(with_metrics({"PORT": "8080"})[NAME])
    assert found != planted
    assert found.stat().st_mode & 0o077 == 0
