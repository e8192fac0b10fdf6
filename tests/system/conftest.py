from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT, Installation, installation

ECHO = """
source: echo
profile: json
verify: none
event: {id: $.id, type: $.type}
rules:
  - name: start
    when: {$event.type: start}
    start:
      bot_id: 77
      subscriber_id: $.subscriber
      variables: {text: $.text, name: "имя: {$.name}"}
      forced: {path: $.forced, default: false}
"""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The shipped mappings on the embedded database, running for a whole module."""
    folder = tmp_path_factory.mktemp("shipped")
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    with installation(folder, "sqlite:///var/bridge.db") as bridge:
        bridge.start()
        yield bridge


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mappings").mkdir()
    return tmp_path
