from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.support.processes import ROOT, Installation, installation
from tests.support.sandbox import sandbox

__all__ = ["sandbox"]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The shipped mappings on the embedded database, running for a whole module."""
    folder = tmp_path_factory.mktemp("shipped")
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    with installation(folder, "sqlite:///var/bridge.db") as bridge:
        bridge.start()
        yield bridge
