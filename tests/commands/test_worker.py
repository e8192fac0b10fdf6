"""`leadbridge worker` as a process that is told to stop while a call is under way."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.store.db.engine import open_store
from tests.dispatch.server import Peer, http, serving
from tests.faults.site import MAPPING
from tests.store.given import owe, start, states
from tests.support.processes import Installation
from tests.support.waiting import eventually


@contextmanager
def sending(folder: Path, url: str, answer: threading.Event) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with one call on its way, which is answered when `answer` is set."""
    asked = threading.Event()

    def slow(peer: Peer) -> None:
        peer.read()
        asked.set()
        answer.wait(30)
        peer.sock.sendall(http("200 OK", b"{}", "Connection: close"))

    store = open_store(url)
    owe(store, start(7))
    store.close()
    with serving(slow) as api:
        to_api = {"LEADCONVERTER_TOKEN": "token", "LEADCONVERTER_URL": f"http://127.0.0.1:{api.port}"}
        install = Installation(folder, url, to_api)
        install.mappings.mkdir()
        (install.mappings / "shop.yml").write_text(MAPPING)
        with subprocess.Popen(
            [sys.executable, "-m", "bridge", "worker"], cwd=folder, env=install.variables
        ) as worker:
            try:
                assert asked.wait(60)
                yield worker
            finally:
                answer.set()
                worker.kill()


def ended(url: str) -> dict[int, str]:
    store = open_store(url)
    try:
        return states(store)
    finally:
        store.close()


def test_any_number_of_sigterms_is_one_graceful_stop(tmp_path: Path, database_url: str) -> None:
    answer = threading.Event()
    with sending(tmp_path, database_url, answer) as worker:
        for _ in range(5):
            worker.send_signal(signal.SIGTERM)
            threading.Event().wait(0.05)
        worker.send_signal(signal.SIGINT)
        assert ended(database_url) == {1: "sending"}
        answer.set()
        assert worker.wait(30) == 0
    assert ended(database_url) == {1: "done"}


def test_a_second_ctrl_c_does_not_wait_for_the_answer(tmp_path: Path, sqlite_url: str) -> None:
    answer = threading.Event()
    with sending(tmp_path, sqlite_url, answer) as worker:
        worker.send_signal(signal.SIGINT)
        assert not eventually(lambda: worker.poll() is not None, seconds=0.3)
        worker.send_signal(signal.SIGINT)
        assert worker.wait(20) == 0
        assert not answer.is_set()
    assert ended(sqlite_url) == {1: "sending"}
