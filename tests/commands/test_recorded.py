"""A database that the version before reasons were data left behind is migrated, and reads the same."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bridge.main import main

RECORDED = Path(__file__).parents[1] / "data" / "recorded-0009"
"""Written by a real run of commit 97437eb: its database as SQL, its mappings, what its `explain` printed."""
EVENTS = range(1, 15)


def comparable(text: str) -> str:
    """Without what tells recorded sentences from reasons, and without spans of time until now."""
    return re.sub(r"\([^()]* ago\)", "(ago)", re.sub("[“”]", "", text))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(RECORDED / "mappings", tmp_path / "mappings")
    (tmp_path / "var").mkdir()
    with closing(sqlite3.connect(tmp_path / "var" / "bridge.db")) as connection:
        connection.executescript((RECORDED / "database.sql").read_text())
    monkeypatch.chdir(tmp_path)
    environment = {
        "SHOP_SECRET": "s3cret",
        "LEADCONVERTER_TOKEN": "tok-abcdef-1",
        "BRIDGE_LANG": "en",
        # Its calls were for a sandbox, and migrate refuses to have them sent to LeadConverter.
        "BRIDGE_SANDBOX": "http://127.0.0.1:9",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["migrate"]) == 0
    monkeypatch.delenv("BRIDGE_SANDBOX")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_recorded_database_is_migrated_and_explained_in_the_same_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    printed = []
    for event in EVENTS:
        main(["explain", str(event)])
        shown = capsys.readouterr()
        printed.append(f"=== explain {event}\n{shown.out}{shown.err}")
    assert comparable("".join(printed)) == comparable((RECORDED / "explain.txt").read_text())


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_command_that_looks_reads_it(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_LANG", language)
    for arguments in (
        ["calls"],
        ["events"],
        ["events", "--refused"],
        ["events", "--repeats"],
        ["calls", "--json"],
    ):
        assert main(arguments) == 0
