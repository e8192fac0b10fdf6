from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bridge.errors import BridgeError, StoreUnavailable
from bridge.store.files import FileLock, file_system, refuse_network

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


def test_nobody_starves_beside_a_greedy_neighbour(tmp_path: Path) -> None:
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
