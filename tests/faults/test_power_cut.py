"""The power goes at every moment of a workload: what was promised by then is there when it is back.

Only writes that were followed by a sync count as being on the disk; of the others any sector may be missing.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from tests.faults.amounts import SHORT
from tests.faults.disk import Act, File, Survives, acts
from tests.support.processes import ROOT

FILES = ("/bridge.db", "/bridge.db-wal")
EVERY = 7 if SHORT else 1
"""Of the moments, how many are looked at."""
LATER_THAN_SENT = ("sending", "done", "uncertain")


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that records writes, compiled for this machine."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler or sys.platform != "linux":
        pytest.skip("the power-cut test needs Linux and a C compiler to record writes: none was found")
    library = tmp_path_factory.mktemp("recorder") / "recorder.so"
    source = Path(__file__).with_name("recorder.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


@dataclass
class Loss:
    """Promises that were broken, by the moment at which the power went."""

    moments: int = 0
    promises: int = 0
    lost: list[str] = field(default_factory=list)
    damaged: int = 0

    def __str__(self) -> str:
        return f"lost {len(self.lost)} of {self.promises} promises, damaged {self.damaged} files"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, recorder: Path) -> list[Act]:
    """The writes of a workload with the settings that the store insists on."""
    return recorded(tmp_path_factory.mktemp("full"), sqlite_template, recorder, "FULL")


def recorded(folder: Path, template: Path, recorder: Path, mode: str) -> list[Act]:
    """Every write of a workload, in order."""
    disk = folder / mode
    disk.mkdir()
    shutil.copy(template, disk / "bridge.db")
    record = folder / f"{mode}.record"
    environment = {"LD_PRELOAD": str(recorder), "RECORD_FOLDER": str(disk), "RECORD_FILE": str(record)}
    words = [sys.executable, "-m", "tests.faults.power_workload", str(disk), mode]
    subprocess.run(words, cwd=ROOT, env=environment, check=True, timeout=60)
    found = list(acts(record))
    assert {act.path for act in found} >= set(FILES), "SQLite's writes were not recorded"
    return found


def power_cuts(
    all_acts: list[Act], template: Path, survives: Survives
) -> Iterator[tuple[dict[str, bytes], list[str]]]:
    """At each moment: the files as found afterwards, and what had been promised."""
    random = Random(5)
    files = {path: File() for path in FILES}
    files["/bridge.db"].safe += template.read_bytes()
    promised: list[str] = []
    for number, act in enumerate(all_acts):
        if act.path == "/promised":
            promised += act.data.decode().splitlines()
        elif act.path in files:
            files[act.path].take(act)
        if number % EVERY == 0:
            yield {path: file.after_power_cut(survives, random) for path, file in files.items()}, promised


def judged(all_acts: list[Act], template: Path, folder: Path, survives: Survives) -> Loss:
    """What is lost over all moments at which the power may go."""
    loss, disk = Loss(), folder / "found"
    disk.mkdir(exist_ok=True)
    for found, promised in power_cuts(all_acts, template, survives):
        for leftover in disk.iterdir():
            leftover.unlink()
        for path, content in found.items():
            (disk / path[1:]).write_bytes(content)
        loss.moments += 1
        loss.promises += len(promised)
        look(disk / "bridge.db", promised, loss)
    return loss


def look(path: Path, promised: list[str], loss: Loss) -> None:
    connection = sqlite3.connect(path)
    try:
        sound = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        keys = {key for (key,) in connection.execute("SELECT key FROM events")}
        states = {str(number): state for number, state in connection.execute("SELECT id, state FROM calls")}
    except sqlite3.DatabaseError:
        sound, keys, states = False, set(), {}
    finally:
        connection.close()
    loss.damaged += not sound
    for line in promised:
        word, _, what = line.partition(" ")
        kept = {
            "accepted": what in keys and what[1:].isdigit() and str(int(what[1:]) + 1) in states,
            "sent": states.get(what) in LATER_THAN_SENT,
            "ended": states.get(what) == "done",
        }[word]
        if not kept:
            loss.lost.append(line)


@pytest.mark.parametrize("survives", ["nothing", "some", "everything"])
def test_a_power_cut_at_any_moment_loses_nothing_that_was_promised(
    survives: Survives, tmp_path: Path, sqlite_template: Path, full: list[Act]
) -> None:
    loss = judged(full, sqlite_template, tmp_path, survives)
    print(f"\n{loss.moments} power cuts, of what was not synced {survives} survives: {loss}")
    assert (loss.lost, loss.damaged) == ([], 0)
    assert loss.moments > 1000 / EVERY
    assert loss.promises > 50_000 / EVERY


def test_with_less_than_full_syncing_the_same_power_cuts_lose_promises(
    tmp_path: Path, sqlite_template: Path, recorder: Path
) -> None:
    all_acts = recorded(tmp_path, sqlite_template, recorder, "NORMAL")
    loss = judged(all_acts, sqlite_template, tmp_path, "nothing")
    print(f"\n{loss.moments} power cuts with synchronous=NORMAL: {loss}")
    assert loss.lost
