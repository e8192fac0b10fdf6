from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from bridge.errors import DatabaseLost, StoreUnavailable
from bridge.store.db.engine import Store, open_store

OTHERS = """
import sys, time
from bridge.store.db.engine import open_store
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    store = open_store(sys.argv[1])
    with store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO notes VALUES (hex(randomblob(9)), 'x')")
    with store.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM notes").scalar()
    store.checkpoint()
    store.close()
"""


def write(store: Store, name: str, then: Path | None = None) -> None:
    with store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO notes VALUES (?, 'x')", (name,))
        if then:
            then.unlink()


def names(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {name for (name,) in database.execute("SELECT name FROM notes WHERE length(name) < 9")}


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_what_is_removed_before_the_commit_ends_is_not_confirmed(
    sqlite_store: Store, tmp_path: Path, suffix: str
) -> None:
    write(sqlite_store, "before")
    with pytest.raises(DatabaseLost, match=f"bridge.db{suffix} was removed"):
        write(sqlite_store, "lost", then=tmp_path / f"bridge.db{suffix}")
    with pytest.raises(DatabaseLost), sqlite_store.read():
        pass
    with pytest.raises(DatabaseLost):
        sqlite_store.checkpoint()


def test_a_removed_log_is_written_into_the_database_at_once(sqlite_store: Store, tmp_path: Path) -> None:
    for n in range(3):
        write(sqlite_store, f"{n}")
    (tmp_path / "bridge.db-wal").unlink()
    with pytest.raises(DatabaseLost):
        sqlite_store.check()
    with pytest.raises(DatabaseLost) as caught:
        sqlite_store.check()
    assert caught.value.hint == (
        f"restart the bridge: everything that was accepted is in {tmp_path}/bridge.db; "
        "start no other leadbridge command before"
    )
    shutil.copy(tmp_path / "bridge.db", tmp_path / "copy.db")
    assert names(tmp_path / "copy.db") >= {"0", "1", "2"}


def test_the_loss_of_a_log_lasts_until_the_restart(sqlite_store: Store, tmp_path: Path) -> None:
    write(sqlite_store, "before")
    (tmp_path / "bridge.db-wal").unlink()
    with pytest.raises(DatabaseLost):
        write(sqlite_store, "lost")
    sqlite_store.writing.dispose()
    sqlite_store.reading.dispose()
    with pytest.raises(DatabaseLost):
        write(sqlite_store, "lost")
    with closing(open_store(sqlite_store.url)) as fresh:
        for _ in range(2):
            with pytest.raises(DatabaseLost, match="another process still has deleted or truncated files"):
                write(fresh, "early")
        sqlite_store.close()
        write(fresh, "after")
    assert not (tmp_path / "bridge.db.lost").exists()
    assert names(tmp_path / "bridge.db") >= {"before", "after"}


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("replaced", [False, True])
def test_no_other_process_opens_files_beside_removed_ones_before_the_loss_is_noticed(
    sqlite_store: Store, tmp_path: Path, suffix: str, replaced: bool
) -> None:
    write(sqlite_store, "before")
    file = tmp_path / f"bridge.db{suffix}"
    content = file.read_bytes()
    file.unlink()
    if replaced:
        file.write_bytes(content)
    before = set(tmp_path.iterdir())
    with closing(open_store(sqlite_store.url)) as fresh:
        with pytest.raises(DatabaseLost):
            write(fresh, "early")
        with pytest.raises(DatabaseLost), fresh.read():
            pass
    assert set(tmp_path.iterdir()) == before


def test_a_new_connection_makes_no_empty_database(sqlite_store: Store, tmp_path: Path) -> None:
    write(sqlite_store, "before")
    (tmp_path / "bridge.db").unlink()
    sqlite_store.writing.dispose()
    with pytest.raises(DatabaseLost):
        write(sqlite_store, "lost")
    assert not (tmp_path / "bridge.db").exists()


@pytest.mark.parametrize("left", [0, 32, 4096])
def test_a_log_that_another_program_cut_is_noticed(sqlite_store: Store, tmp_path: Path, left: int) -> None:
    write(sqlite_store, "before")
    os.truncate(tmp_path / "bridge.db-wal", left)
    with pytest.raises(DatabaseLost, match=r"^bridge\.db-wal was truncated or overwritten"):
        write(sqlite_store, "lost")


def test_a_cut_log_that_nobody_has_open_is_an_empty_one(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "bridge.db-wal").write_bytes(bytes(131_872))
    with closing(open_store(sqlite_url)) as store:
        for name in ("a", "b"):
            write(store, name)
    assert names(tmp_path / "bridge.db") >= {"a", "b"}


HOLDER = """
import sys
from bridge.store.db.engine import open_store
store = open_store(sys.argv[1])
with store.transaction() as connection:
    connection.exec_driver_sql("INSERT INTO notes VALUES ('holder', 'x')")
print("holding", flush=True)
sys.stdin.read()
"""


def test_a_cut_log_that_another_process_has_open_is_not_written(sqlite_url: str, tmp_path: Path) -> None:
    words = [sys.executable, "-c", HOLDER, sqlite_url]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin
        assert holder.stdout
        assert holder.stdout.readline() == "holding\n"
        log = tmp_path / "bridge.db-wal"
        log.write_bytes(bytes(len(log.read_bytes())))
        with closing(open_store(sqlite_url)) as fresh, pytest.raises(DatabaseLost, match="another process"):
            write(fresh, "early")
        holder.kill()


def test_a_backup_that_is_copied_over_the_database_is_noticed(
    sqlite_store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    with sqlite_store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO notes VALUES ('much', hex(randomblob(99999)))")
    sqlite_store.checkpoint()
    write(sqlite_store, "before")
    (tmp_path / "bridge.db").write_bytes(sqlite_template.read_bytes())
    with pytest.raises(DatabaseLost, match=r"^bridge\.db was truncated or overwritten by another program"):
        write(sqlite_store, "lost")


@pytest.mark.thorough
def test_what_sqlite_does_to_its_files_is_no_alarm(sqlite_store: Store, sqlite_url: str) -> None:
    """Connections open and close, here and in other processes; logs restart and are cut to nothing."""
    words = [sys.executable, "-c", OTHERS, sqlite_url, "4"]
    with subprocess.Popen(words) as one, subprocess.Popen(words) as other:
        end = time.monotonic() + 4
        done = 0
        while time.monotonic() < end:
            write(sqlite_store, f"{done}")
            if done % 7 == 0:
                sqlite_store.checkpoint()
            if done % 5 == 0:
                sqlite_store.reading.dispose()
            if done % 11 == 0:
                sqlite_store.writing.dispose()
            sqlite_store.check()
            done += 1
    assert done > 10
    assert (one.returncode, other.returncode) == (0, 0)


def test_another_programs_checkpoint_is_no_alarm(sqlite_store: Store, tmp_path: Path) -> None:
    with sqlite_store.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO notes VALUES ('much', hex(randomblob(99999)))")
    sqlite_store.checkpoint()
    with sqlite_store.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM notes")
    write(sqlite_store, "before")
    with closing(sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)) as database:
        assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        write(sqlite_store, "between")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        write(sqlite_store, "after")
    assert names(tmp_path / "bridge.db") >= {"before", "between", "after"}


def test_a_store_may_be_closed_again(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    write(store, "once")
    store.close()
    number = os.open(os.devnull, os.O_RDONLY)
    store.close()
    assert os.path.samestat(os.fstat(number), os.stat(os.devnull))
    os.close(number)


def test_a_closed_store_is_not_opened_again_by_whoever_still_uses_it(sqlite_url: str, tmp_path: Path) -> None:
    store = open_store(sqlite_url)
    write(store, "once")
    store.close()
    with pytest.raises(StoreUnavailable, match="the store is closed"), store.read():
        pass
    with pytest.raises(StoreUnavailable, match="the store is closed"):
        write(store, "late")
    open_now = {os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()}
    assert not [path for path in open_now if path.startswith(f"{tmp_path}/")]
