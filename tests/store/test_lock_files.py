from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest

from bridge.errors import BridgeError, StoreUnavailable
from bridge.store.db.lock_files import FileLock, Presence, file_system, refuse_network

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /home rw shared:1 - nfs4 filer:/home rw
31 30 0:26 / /home/me/local\\040disk rw - xfs /dev/vdb rw
32 22 0:27 / /mnt/s3 rw - fuse.s3fs s3fs rw
33 22 0:28 / /srv/data rw master:2 - cifs //filer/data rw
not a mount at all
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home", "nfs4"),
        ("/homes", "ext4"),
        ("/home/me", "nfs4"),
        ("/home/me/local disk/bridge", "xfs"),
        ("/srv/data/x", "cifs"),
        ("/", "ext4"),
    ],
)
def test_a_path_is_on_its_nearest_mount(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


def test_without_a_list_of_mounts_nothing_is_known() -> None:
    assert file_system(Path("/var"), "") == ""
    refuse_network(Path("/var"), "")


@pytest.mark.parametrize(
    ("path", "kind"), [("/home/me", "nfs4"), ("/mnt/s3/db", "fuse.s3fs"), ("/srv/data", "cifs")]
)
def test_a_network_file_system_is_refused(path: str, kind: str) -> None:
    with pytest.raises(BridgeError) as caught:
        refuse_network(Path(path), MOUNTS)
    assert caught.value.message == (
        f"the database {path} is on a network file system ({kind}), expected a local disk"
    )
    assert caught.value.hint == "put it on a local disk, or set DATABASE_URL to a PostgreSQL"


@pytest.mark.parametrize("path", ["/var/lib", "/home/me/local disk"])
def test_a_local_disk_is_fine(path: str) -> None:
    refuse_network(Path(path), MOUNTS)
    assert file_system(Path(path), MOUNTS) in ("ext4", "xfs")


def test_a_lock_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    locks = [FileLock(tmp_path / "db") for _ in range(3)]
    inside: list[int] = []
    seen: list[int] = []

    def work(lock: FileLock) -> None:
        for _ in range(30):
            with lock.held(30):
                inside.append(1)
                seen.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work, args=(locks[n % 3],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 180
    for lock in locks:
        lock.close()


def test_a_lock_that_stays_taken_is_given_up(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "db"), FileLock(tmp_path / "db")
    with first.held(1):
        for lock in (first, second):
            with pytest.raises(StoreUnavailable) as caught, lock.held(0.02):
                pass
            assert caught.value.message == "the database was busy for 0.02 s, another process holds its lock"
    with second.held(0):
        pass
    first.close()
    second.close()


def test_a_process_that_locks_often_starves_no_other(tmp_path: Path) -> None:
    greedy, modest = FileLock(tmp_path / "db"), FileLock(tmp_path / "db")
    turns: list[str] = []
    done = threading.Event()
    started = threading.Event()

    def hog() -> None:
        while not done.is_set():
            with greedy.held(30):
                turns.append("greedy")
                started.set()
                done.wait(0.002)

    thread = threading.Thread(target=hog)
    thread.start()
    started.wait(10)
    for _ in range(10):
        with modest.held(30):
            turns.append("modest")
    done.set()
    thread.join()
    longest = max(len(run) for run in "".join(turn[0] for turn in turns).split("m"))
    assert longest <= 20
    greedy.close()
    modest.close()


def test_a_failure_inside_gives_the_lock_back(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "db")
    with pytest.raises(ValueError, match="inside"), lock.held(1):
        raise ValueError("inside")
    with lock.held(0):
        pass
    lock.close()


def test_a_lock_that_is_closed_again_closes_nothing_of_others(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "db")
    lock.close()
    others = [FileLock(tmp_path / "other") for _ in range(2)]
    lock.close()
    with others[0].held(1), pytest.raises(StoreUnavailable, match="busy"), others[1].held(0):
        pass
    with pytest.raises(StoreUnavailable, match="cannot be locked: the store is closed"), lock.held(0):
        pass
    for other in others:
        other.close()


def test_a_lock_whose_descriptor_other_code_closed_is_noticed(tmp_path: Path) -> None:
    lock, second = FileLock(tmp_path / "db"), FileLock(tmp_path / "db")
    number = descriptor_of(tmp_path / "db.lock")
    taken: list[int] = []
    with pytest.raises(StoreUnavailable) as caught, lock.held(1):
        taken += close_and_use(number)
    assert caught.value.message == (
        "db.lock was removed or unlocked while the bridge had it locked: "
        "another process may have written at the same time"
    )
    with lock.held(0), pytest.raises(StoreUnavailable, match="busy"), second.held(0):
        pass
    lock.close()
    second.close()
    for one in taken:
        os.close(one)


def test_a_lock_that_another_took_meanwhile_is_noticed(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "db")
    number = descriptor_of(tmp_path / "db.lock")
    with (
        (tmp_path / "db.lock").open() as other,
        pytest.raises(StoreUnavailable, match="removed or unlocked"),
        lock.held(1),
    ):
        hand_over(number, other.fileno())
    lock.close()


def test_two_never_hold_two_files_of_one_path(tmp_path: Path) -> None:
    """Whoever opened the file before it was removed locks the one that is there now."""
    first = FileLock(tmp_path / "db")
    for name in ("db.lock", "db.turn"):
        (tmp_path / name).unlink()
    second = FileLock(tmp_path / "db")
    for holder, other in ((first, second), (second, first)):
        with holder.held(0), pytest.raises(StoreUnavailable, match="busy"), other.held(0):
            pass
    first.close()
    second.close()


def test_a_lock_file_that_is_removed_while_it_is_held_is_noticed(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "db")
    with pytest.raises(StoreUnavailable, match="removed or unlocked"), lock.held(1):
        (tmp_path / "db.lock").unlink()
    with lock.held(0):
        assert (tmp_path / "db.lock").exists()
    lock.close()


def test_a_dispatcher_is_there_until_it_is_closed(tmp_path: Path) -> None:
    first = Presence(tmp_path / "db")
    assert first.alone
    first.settled()
    second = Presence(tmp_path / "db")
    assert not second.alone
    first.close()
    first.close()
    second.close()
    third = Presence(tmp_path / "db")
    assert third.alone
    third.close()


def descriptor_of(path: Path) -> int:
    """The number under which this process has a file open."""
    links = sorted(int(link.name) for link in Path("/proc/self/fd").iterdir())
    return next(number for number in links if os.path.realpath(f"/proc/self/fd/{number}") == str(path))


def close_and_use(number: int) -> list[int]:
    """Close a descriptor that other code owns; its number is another file's afterwards."""
    os.close(number)
    taken: list[int] = []
    while number not in taken:
        taken.append(os.open(os.devnull, os.O_RDONLY))
    return taken


def hand_over(number: int, other: int) -> None:
    """Unlock the file behind one descriptor, and lock it through another one."""
    fcntl.flock(number, fcntl.LOCK_UN)
    fcntl.flock(other, fcntl.LOCK_EX)
