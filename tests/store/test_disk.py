from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.store.db.disk import MB, Disk, ballast_of
from bridge.text.render import english
from tests.conftest import Clock

FREE_FOR_EVER = 10**15


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB of its own; where none may be mounted the test is skipped aloud."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=40M", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a tmpfs cannot be mounted here: needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, leave: int) -> None:
    (folder / "rubbish").unlink(missing_ok=True)
    found = os.statvfs(folder)
    with (folder / "rubbish").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - leave)


def test_a_disk_with_room_is_no_reason_to_refuse(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "b.db", 1 * MB)
    assert (disk.too_full_to_accept(), disk.too_full_to_send()) == (None, None)


def test_without_a_floor_or_a_file_any_disk_will_do(tmp_path: Path) -> None:
    for disk in (Disk(None, FREE_FOR_EVER), Disk(tmp_path / "b.db", 0)):
        disk.lay_ballast()
        assert (disk.too_full_to_accept(), disk.too_full_to_send()) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_accepting_stops_first_and_sending_at_a_quarter_of_the_floor(small: Path, clock: Clock) -> None:
    disk = Disk(small / "b.db", 16 * MB, clock)
    fill(small, leave=10 * MB)
    assert english(disk.too_full_to_accept()) == "the disk has 10 MB left, accepting needs 16 MB; make room"
    assert disk.too_full_to_send() is None
    fill(small, leave=3 * MB)
    clock.advance(1)
    assert english(disk.too_full_to_send()) == "the disk has 3 MB left, sending needs 4 MB; make room"


def test_on_a_read_only_disk_nothing_is_accepted_or_sent(small: Path, clock: Clock) -> None:
    disk = Disk(small / "b.db", 1 * MB, clock)
    assert disk.too_full_to_accept() is None
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    clock.advance(1)
    told = "the disk is read-only; find out why, and mount it for writing"
    assert (english(disk.too_full_to_accept()), english(disk.too_full_to_send())) == (told, told)
    subprocess.run(["mount", "-o", "remount,rw", str(small)], check=True)
    clock.advance(1)
    assert disk.too_full_to_accept() is None


def test_without_its_folder_the_disk_is_as_last_seen(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    disk = Disk(folder / "b.db", 1 * MB, clock)
    free = disk.free()
    folder.rmdir()
    clock.advance(1)
    assert (disk.free(), disk.too_full_to_accept()) == (free, None)


def test_the_ballast_makes_room_for_sending_once_it_is_deleted(small: Path, clock: Clock) -> None:
    disk = Disk(small / "b.db", 10 * MB, clock)
    disk.lay_ballast()
    ballast = ballast_of(small / "b.db")
    assert ballast.stat().st_blocks * 512 >= 5 * MB
    fill(small, leave=0)
    clock.advance(1)
    assert english(disk.too_full_to_send()) == (
        f"the disk has 0 MB left, sending needs 2 MB; make room, or delete {ballast}"
    )
    ballast.unlink()
    clock.advance(1)
    assert disk.too_full_to_send() is None


def test_no_ballast_is_laid_where_it_would_use_up_what_is_left(small: Path) -> None:
    Disk(small / "b.db", 30 * MB).lay_ballast()
    assert list(small.iterdir()) == []


def test_ballast_is_laid_once_and_never_in_halves(tmp_path: Path) -> None:
    for _ in range(2):
        Disk(tmp_path / "b.db", 1 * MB).lay_ballast()
    assert [(path.name, path.stat().st_size) for path in tmp_path.iterdir()] == [("b.db.ballast", MB // 2)]


def test_a_measurement_of_the_disk_is_reused_for_a_second(small: Path, clock: Clock) -> None:
    disk = Disk(small / "b.db", 1 * MB, clock)
    before = disk.free()
    fill(small, leave=0)
    assert disk.free() == before
    clock.advance(1)
    assert disk.free() == 0


def test_a_ballast_that_cannot_be_made_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"b.db.ballast.{os.getpid()}").touch()
    Disk(tmp_path / "b.db", 1 * MB).lay_ballast()
    assert caplog.messages == [f"the ballast file {tmp_path}/b.db.ballast could not be made: File exists"]
