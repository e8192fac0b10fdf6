from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bridge.store.db.engine import Store, open_store
from bridge.store.db.notify import Waker, listen
from bridge.store.db.postgres import DatabaseListener
from tests.support.postgres import Postgres
from tests.support.waiting import eventually


def test_a_wake_up_reaches_every_listener(store: Store) -> None:
    listeners = [listen(store) for _ in range(3)]
    waker = Waker(store)
    waker.wake()
    assert [one.wait(10) for one in listeners] == [True] * 3
    assert [one.wait(0) for one in listeners] == [False] * 3
    for one in listeners:
        one.close()
    waker.close()


def test_a_wake_up_before_the_wait_is_not_missed(store: Store) -> None:
    listener, waker = listen(store), Waker(store)
    waker.wake()
    waker.wake()
    assert listener.wait(10)
    listener.close()
    waker.close()


def test_a_wait_ends_when_the_wake_up_comes(store: Store) -> None:
    listener, waker = listen(store), Waker(store)
    heard: list[bool] = []
    thread = threading.Thread(target=lambda: heard.append(listener.wait(60)))
    thread.start()
    waker.wake()
    thread.join(30)
    assert heard == [True]
    listener.close()
    waker.close()


def test_a_wake_up_from_another_process_is_received(store: Store) -> None:
    listener = listen(store)
    program = (
        "import sys\n"
        "from bridge.store.db.engine import open_store\n"
        "from bridge.store.db.notify import Waker\n"
        "Waker(open_store(sys.argv[1])).wake()\n"
    )
    subprocess.run([sys.executable, "-c", program, store.url], check=True)
    assert listener.wait(10)
    listener.close()


def test_a_wake_up_without_listeners_reaches_nobody(store: Store) -> None:
    waker = Waker(store)
    waker.wake()
    listener = listen(store)
    assert not listener.wait(0.1)
    listener.close()
    waker.close()


def test_a_listener_that_comes_later_is_woken_too(store: Store) -> None:
    waker = Waker(store)
    waker.wake()
    listener = listen(store)
    waker.wake()
    assert listener.wait(10)
    listener.close()
    waker.close()


def test_the_socket_of_a_dead_process_is_removed(sqlite_store: Store, tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from bridge.store.db.engine import open_store\n"
        "from bridge.store.db.notify import listen\n"
        "listener = listen(open_store(sys.argv[1]))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, sqlite_store.url], check=False)
    sockets = tmp_path / "bridge.db.bells"
    assert len(os.listdir(sockets)) == 1
    waker = Waker(sqlite_store)
    waker.wake()
    assert os.listdir(sockets) == []
    waker.close()


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / ('deep' * 20) / ('er' * 40)}/bridge.db")
    listener, waker = listen(store), Waker(store)
    waker.wake()
    assert listener.wait(10)
    listener.close()
    waker.close()
    store.close()


def test_a_wake_up_without_a_database_does_not_fail(tmp_path: Path) -> None:
    store = open_store(f"postgres://bridge@/x?host={tmp_path}")
    listener, waker = listen(store), Waker(store)
    waker.wake()
    assert listener.wait(0.01) is False
    listener.close()
    store.close()


def test_a_listener_that_lost_its_connection_makes_a_new_one(
    postgres: Postgres, postgres_template: str
) -> None:
    database = postgres.create(postgres_template)
    store = open_store(postgres.url(database))
    listener = DatabaseListener(store.url, "leadbridge")
    ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    assert postgres.run(ended) == [(True,)]
    waker = Waker(store)

    def woken() -> bool:
        waker.wake()
        return listener.wait(0.1)

    assert eventually(woken)
    listener.close()
    store.close()


@pytest.mark.parametrize("seconds", [0, 0.01, -1])
def test_waiting_for_nothing_ends_in_time(seconds: float, store: Store) -> None:
    listener = listen(store)
    assert listener.wait(seconds) is False
    listener.close()
