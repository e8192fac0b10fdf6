"""`leadbridge worker` as a process that is told to stop while a call is under way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.store.db.engine import open_store
from tests.dispatch.server import Peer, http, serving
from tests.faults.site import MAPPING
from tests.store.given import owe, rows, start, states
from tests.support.processes import Installation, descendants, free_port
from tests.support.waiting import eventually


@contextmanager
def sending(
    folder: Path, url: str, answer: threading.Event, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
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
        install = Installation(folder, url, {**to_api, **environment})
        install.mappings.mkdir()
        (install.mappings / "shop.yml").write_text(MAPPING)
        with subprocess.Popen(
            [sys.executable, "-m", "bridge", "worker"],
            cwd=folder,
            env=install.variables,
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


@pytest.mark.thorough
def test_a_dispatcher_that_hangs_is_replaced_and_what_it_sent_is_uncertain(
    tmp_path: Path, database_url: str
) -> None:
    answer = threading.Event()
    with sending(tmp_path, database_url, answer, BRIDGE_WATCHDOG="4") as worker:
        (first,) = descendants(worker.pid)
        os.kill(first, signal.SIGSTOP)
        assert eventually(lambda: ended(database_url) == {1: "uncertain"}, seconds=40)
        worker.terminate()
        assert worker.wait(30) == 0
    with closing(open_store(database_url)) as store:
        causes = rows(store, "SELECT c.cause, a.cause FROM calls c JOIN attempts a ON a.call_id = c.id")
    assert causes == [("watchdog", "watchdog")]


def test_its_port_shows_whether_it_runs_and_is_ready(tmp_path: Path, database_url: str) -> None:
    open_store(database_url).close()
    install = Installation(tmp_path, database_url, {})
    with own_port(install) as (worker, port):
        assert eventually(lambda: answer(port, "/healthz")[0] == 200, seconds=30)
        assert answer(port, "/readyz") == (200, {"ready": True, "problems": {}})
        assert answer(port, "/metrics")[0] == 200
        assert answer(port, "/") == (404, None)
        worker.terminate()
        assert worker.wait(30) == 0


@contextmanager
def own_port(install: Installation) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A worker with a port of its own."""
    install.mappings.mkdir()
    (install.mappings / "shop.yml").write_text(MAPPING)
    port = free_port()
    words = [sys.executable, "-m", "bridge", "worker", "--metrics-port", str(port)]
    with subprocess.Popen(words, cwd=install.folder, env=install.variables) as worker:
        yield worker, port
        worker.kill()


def answer(port: int, path: str) -> tuple[int, Any]:
    """Status, and the document where it is JSON."""
    try:
        found = Installation.ask("GET", port, path)
    except OSError:
        return 0, None
    return found.status, found.json if found.body.startswith(b"{") else None


def test_a_taken_port_of_its_own_ends_it_with_the_cure(tmp_path: Path, sqlite_url: str) -> None:
    open_store(sqlite_url).close()
    install = Installation(tmp_path, sqlite_url, {})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = install.command("worker", "--metrics-port", port)
    assert done.returncode == 1
    assert f"error: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
