"""The embedded database's files are removed, moved, replaced or cut under a bridge that runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes import Answer, Installation
from tests.support.waiting import eventually
from tests.web.conftest import Serve


def post(bridge: Installation, name: str) -> Answer:
    return bridge.post("/hooks/shop", {"id": name, "kind": "sale", "buyer": 5})


def keys(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {key for (key,) in database.execute("SELECT key FROM events")}


@pytest.fixture
def bridge(serve: Serve, sqlite_url: str) -> Installation:
    """With three accepted webhooks, which are only in the write-ahead log."""
    made = serve(sqlite_url)
    assert [post(made, name).status for name in ("a", "b", "c")] == [200] * 3
    return made


def problem(bridge: Installation) -> str:
    assert eventually(lambda: "database" in bridge.get("/readyz").json["problems"])
    answer = bridge.get("/readyz")
    assert answer.status == 503
    said: str = answer.json["problems"]["database"]
    assert str(bridge.folder) not in said
    return said


def remove_all(path: Path) -> None:
    for file in path.parent.glob("bridge.db*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()


def test_a_removed_database_accepts_nothing_and_can_be_copied(bridge: Installation, tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    remove_all(path)
    assert post(bridge, "lost").status == 503
    assert problem(bridge).startswith(
        "nothing is accepted: bridge.db was removed while the bridge has it open; before you restart anything"
    )
    doctor = bridge.command("doctor")
    assert doctor.returncode == 1
    assert not path.exists()
    copies = re.findall(r"cp /proc/\d+/fd/\d+ [^\s;]+", doctor.stdout)
    assert len(copies) == 2
    for words in copies:
        subprocess.run(shlex.split(words), check=True)
    assert set(copies) <= set(re.findall(r"cp /proc/\d+/fd/\d+ [^\s;]+", bridge.read_log()))
    bridge.kill()
    for suffix in ("", "-wal"):
        (tmp_path / f"bridge.db.old{suffix}").rename(tmp_path / f"bridge.db{suffix}")
    assert keys(path) == {"a", "b", "c"}
    bridge.start(sandbox=False, verb="serve")
    assert post(bridge, "after").status == 200


@pytest.mark.thorough
def test_a_replaced_database_is_not_mixed_with_the_old_log(
    bridge: Installation, tmp_path: Path, sqlite_template: Path
) -> None:
    path, backup = tmp_path / "bridge.db", tmp_path / "backup"
    shutil.copy(sqlite_template, backup)
    backup.replace(path)
    assert post(bridge, "lost").status == 503
    assert problem(bridge).startswith("nothing is accepted: bridge.db was replaced by another file")
    command = re.search(r"cp /proc/\d+/fd/\d+ [^\s;]+", bridge.read_log())
    assert command
    subprocess.run(shlex.split(command[0]), check=True)
    bridge.stop()
    bridge.start(sandbox=False, verb="serve")
    assert post(bridge, "new").status == 200
    bridge.stop()
    assert keys(path) == {"new"}
    assert keys(tmp_path / "bridge.db.old") == {"a", "b", "c"}


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
@pytest.mark.parametrize(
    "end", [Installation.kill, pytest.param(Installation.stop, marks=pytest.mark.thorough)]
)
def test_without_log_or_index_nothing_is_accepted_and_nothing_lost(
    bridge: Installation, tmp_path: Path, suffix: str, end: Callable[[Installation], object]
) -> None:
    (tmp_path / f"bridge.db{suffix}").unlink()
    assert post(bridge, "lost").status == 503
    assert problem(bridge).startswith(f"nothing is accepted: bridge.db{suffix} was removed or replaced")
    assert "start no other leadbridge command before" in bridge.read_log()
    end(bridge)
    assert keys(tmp_path / "bridge.db") == {"a", "b", "c"}
    bridge.start(sandbox=False, verb="serve")
    assert post(bridge, "after").status == 200


def test_a_log_that_is_cut_is_noticed_at_the_next_commit(bridge: Installation, tmp_path: Path) -> None:
    os.truncate(tmp_path / "bridge.db-wal", 0)
    assert post(bridge, "lost").status == 503
    assert problem(bridge).startswith("nothing is accepted: bridge.db-wal was truncated or overwritten")


@pytest.mark.thorough
def test_a_log_that_is_cut_does_not_spoil_the_database_of_those_who_follow_the_log(
    bridge: Installation, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert post(bridge, "d").status == 200
    os.truncate(tmp_path / "bridge.db-wal", 0)
    assert post(bridge, "lost").status == 503
    problem(bridge)
    assert "with kill -9" in bridge.read_log()
    bridge.kill()
    assert keys(tmp_path / "bridge.db") >= {"a", "b", "c"}
    bridge.start(sandbox=False, verb="serve")
    assert post(bridge, "after").status == 200


@pytest.mark.thorough
def test_nothing_is_begun_in_place_of_a_database_that_was_moved_away(
    bridge: Installation, tmp_path: Path
) -> None:
    path, away = tmp_path / "bridge.db", tmp_path / "away.db"
    path.rename(away)
    assert post(bridge, "lost").status == 503
    for words in (["doctor"], ["migrate"], ["events"]):
        done = bridge.command(*words)
        assert done.returncode == 1
        assert "there is bridge.db-wal, but not the database that it belongs to" in done.stdout + done.stderr
    assert not path.exists()
    away.rename(path)
    assert eventually(lambda: bridge.get("/readyz").status == 200)
    bridge.stop()
    assert keys(path) == {"a", "b", "c"}


@pytest.mark.thorough
def test_a_damaged_database_is_not_reported_as_a_bug(bridge: Installation, tmp_path: Path) -> None:
    bridge.stop()
    (tmp_path / "bridge.db").write_text("no database\n" * 1000)
    for words in ("doctor", "migrate", "events", "worker"):
        done = bridge.command(words)
        said = done.stdout + done.stderr
        assert (done.returncode, "Traceback" in said) == (1, False)
        assert "the database cannot be read: file is not a database" in said


@pytest.mark.thorough
def test_a_log_that_is_cut_in_its_middle_is_noticed(bridge: Installation, tmp_path: Path) -> None:
    os.truncate(tmp_path / "bridge.db-wal", 8192)
    assert post(bridge, "lost").status == 503
    assert problem(bridge).startswith("nothing is accepted: bridge.db-wal was truncated or overwritten")


@pytest.mark.thorough
def test_a_folder_that_is_moved_away_and_back_is_used_again(
    serve: Serve, sqlite_template: Path, tmp_path: Path
) -> None:
    folder, away = tmp_path / "data", tmp_path / "elsewhere"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "bridge.db")
    bridge = serve(f"sqlite:///{folder}/bridge.db")
    assert post(bridge, "a").status == 200
    folder.rename(away)
    assert post(bridge, "lost").status == 503
    assert problem(bridge).startswith("nothing is accepted: bridge.db was moved away")
    assert f"move {away}/bridge.db back to {folder}/bridge.db" in bridge.read_log()
    away.rename(folder)
    assert eventually(lambda: bridge.get("/readyz").status == 200)
    assert post(bridge, "b").status == 200
    # A link that leads to the same files is as good as the folder.
    folder.rename(away)
    folder.symlink_to(away)
    assert post(bridge, "c").status == 200
    bridge.stop()
    assert keys(away / "bridge.db") == {"a", "b", "c"}


def test_a_lock_file_that_is_removed_is_made_again(bridge: Installation, tmp_path: Path) -> None:
    for suffix in (".lock", ".turn"):
        (tmp_path / f"bridge.db{suffix}").unlink()
    assert post(bridge, "d").status == 200
    assert (tmp_path / "bridge.db.lock").exists()
    assert bridge.get("/readyz").status == 200
