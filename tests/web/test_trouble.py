"""Intake during faults: every sender gets an answer in time, and 2xx only for what is on disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import migrate
from tests.support.postgres import Postgres, running_postgres
from tests.support.processes import Answer, Installation, descendants, installation
from tests.support.waiting import eventually
from tests.web.conftest import MAPPING, Serve

SOON = 2.5 + 1.0
"""Seconds within which every sender has an answer, and what a busy machine may add to a test's own clock."""


def sale(name: str) -> dict[str, Any]:
    return {"id": name, "kind": "sale", "buyer": 5}


def post(bridge: Installation, name: str) -> tuple[Answer, float]:
    began = time.monotonic()
    return bridge.post("/hooks/shop", sale(name)), time.monotonic() - began


def post_many(bridge: Installation, name: str, many: int) -> list[tuple[Answer, float]]:
    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(lambda n: post(bridge, f"{name}{n}"), range(many)))


def keys(bridge: Installation) -> set[str]:
    listed = json.loads(bridge.command("events", "--limit", "1000", "--json").stdout)
    return {event["key"] for event in listed}


def accepts(bridge: Installation, name: str) -> bool:
    return post(bridge, name)[0].status == 200


@contextmanager
def stopped(server: Postgres) -> Iterator[None]:
    """A PostgreSQL that is stopped with SIGSTOP."""
    pids = [server.process.pid, *descendants(server.process.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_while_postgres_is_stopped_every_sender_gets_503_in_time(serve: Serve) -> None:
    with running_postgres() as server:
        migrate(server.url("postgres"))
        bridge = serve(server.url("postgres"))
        assert accepts(bridge, "before")
        with stopped(server):
            answers = [one for n in range(4) for one in post_many(bridge, f"{n}-", 12)]
            began = time.monotonic()
            assert bridge.get("/healthz").status == 200
            assert bridge.get("/hooks/nobody").status == 404
            assert time.monotonic() - began < 1
            assert eventually(lambda: "database" in bridge.get("/readyz").json["problems"])
        assert [(answer.status, answer.headers["Retry-After"]) for answer, _ in answers] == [(503, "5")] * 48
        assert max(seconds for _, seconds in answers) < SOON
        assert eventually(lambda: accepts(bridge, "after"), seconds=30)
        assert {"before", "after"} <= keys(bridge)
        assert eventually(lambda: bridge.get("/readyz").status == 200)


@pytest.mark.thorough
def test_a_restarted_postgres_is_used_again(serve: Serve, postgres: Postgres, postgres_template: str) -> None:
    database = postgres.create(postgres_template)
    bridge = serve(postgres.url(database))
    assert accepts(bridge, "before")
    postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
    answer, seconds = post(bridge, "meanwhile")
    assert (answer.status, seconds < SOON) == (503, True)
    postgres.run(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    assert eventually(lambda: accepts(bridge, "after"))
    assert keys(bridge) == {"before", "after"}


@pytest.mark.thorough
def test_while_another_program_locks_the_file_senders_get_503_and_others_are_served(
    serve: Serve, sqlite_url: str, tmp_path: Path
) -> None:
    bridge = serve(sqlite_url)
    with closing(sqlite3.connect(tmp_path / "bridge.db", isolation_level=None)) as rude:
        rude.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(post_many, bridge, "locked", 12)
            slowest = max(ask_health(bridge) for _ in range(20))
            answers = waiting.result()
        rude.execute("ROLLBACK")
    assert slowest < 1
    assert [answer.status for answer, _ in answers] == [503] * 12
    assert max(seconds for _, seconds in answers) < SOON
    assert eventually(lambda: accepts(bridge, "after"))
    assert keys(bridge) == {"after"}


def ask_health(bridge: Installation) -> float:
    began = time.monotonic()
    assert bridge.get("/healthz").status == 200
    return time.monotonic() - began


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 60 MB. The test is skipped, and this is reported, if it cannot be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=60M", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("a tmpfs cannot be mounted here: needs root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_nothing_is_accepted_until_there_is_room_again(
    serve: Serve, small: Path, sqlite_template: Path
) -> None:
    shutil.copy(sqlite_template, small / "bridge.db")
    bridge = serve(f"sqlite:///{small / 'bridge.db'}", BRIDGE_DISK_FLOOR="10")
    assert (small / "bridge.db.ballast").stat().st_size == 5_000_000
    assert accepts(bridge, "before")
    found = os.statvfs(small)
    with (small / "rubbish").open("wb") as rubbish:
        os.posix_fallocate(rubbish.fileno(), 0, found.f_bavail * found.f_frsize)
    assert eventually(lambda: post(bridge, "meanwhile")[0].status == 503)
    problems = {"disk": "nothing is accepted: the disk has 0 MB left, accepting needs 10 MB"}
    assert eventually(lambda: bridge.get("/readyz").json["problems"] == problems)
    (small / "rubbish").unlink()
    assert eventually(lambda: accepts(bridge, "after"))
    assert keys(bridge) == {"before", "after"}


@pytest.mark.thorough
def test_calls_that_wait_while_the_disk_fills_up_are_sent_when_there_is_room(
    small: Path, tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copy(sqlite_template, small / "bridge.db")
    settings = {"LEADCONVERTER_TOKEN": "t", "BRIDGE_DISK_FLOOR": "10"}
    with installation(tmp_path, f"sqlite:///{small / 'bridge.db'}", **settings) as bridge:
        (bridge.mappings / "shop.yml").write_text(MAPPING.replace("    start:", "    after: 8s\n    start:"))
        bridge.start()
        assert accepts(bridge, "first")
        assert eventually(lambda: len(bridge.calls()) == 1, seconds=20), bridge.read_log()
        began = time.monotonic()
        assert [answer.status for answer, _ in post_many(bridge, "w", 12)] == [200] * 12
        found = os.statvfs(small)
        with (small / "rubbish").open("wb") as rubbish:
            os.posix_fallocate(rubbish.fileno(), 0, found.f_bavail * found.f_frsize)
        assert eventually(lambda: post(bridge, "meanwhile")[0].status == 503)
        time.sleep(max(began + 11 - time.monotonic(), 0))
        assert len(bridge.calls()) == 1
        (small / "rubbish").unlink()
        assert eventually(lambda: len(bridge.calls()) == 13, seconds=30), bridge.read_log()
        assert {call["variables"]["order"] for call in bridge.calls()[1:]} == {f"w{n}" for n in range(12)}


def test_a_stop_finishes_requests_in_progress_and_nothing_else(serve: Serve, sqlite_url: str) -> None:
    bridge = serve(sqlite_url)
    body = json.dumps(sale("in hand")).encode()
    head = f"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    resting = socket.create_connection(("127.0.0.1", bridge.port), timeout=30)
    resting.sendall(b"GET /healthz HTTP/1.1\r\nHost: bridge\r\n\r\n")
    assert resting.recv(4096).startswith(b"HTTP/1.1 200 ")
    silent = socket.create_connection(("127.0.0.1", bridge.port), timeout=30)
    working = socket.create_connection(("127.0.0.1", bridge.port), timeout=30)
    working.sendall(head + body[:10])
    assert bridge.get("/healthz").status == 200
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(bridge.stop)
        assert eventually(lambda: refuses(bridge.port))
        working.sendall(body[10:])
        assert working.recv(4096).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
        assert stopping.result() == 0
    assert time.monotonic() - began < 10
    assert keys(bridge) == {"in hand"}
    for one in (resting, silent, working):
        one.close()


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False
