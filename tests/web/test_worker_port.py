from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bridge import heartbeat
from bridge.store.db.engine import open_store
from bridge.web.counting import Counted
from bridge.web.worker_port import healthz, readyz, serve
from tests.support.processes import free_port


def test_a_main_loop_that_hangs_is_not_healthy(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    heartbeat.beat()
    assert (healthz()[0], readyz(store)[0]) == (200, 200)
    monkeypatch.setattr(heartbeat, "silence", lambda: 31.0)
    hung = b"the main loop has hung for 31 s"
    assert healthz() == (503, "text/plain", hung + b"\n")
    assert hung in readyz(store)[2]
    store.close()


def test_a_database_without_tables_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "bridge.db").touch()
    store = open_store(f"sqlite:///{tmp_path}/bridge.db")
    status, _, body = readyz(store)
    assert status == 503
    assert b"the database is at revision none" in body
    store.close()


@pytest.mark.parametrize("sent", [b"GET /canary canary canary\r\n\r\n", b"BREW /canary HTTP/1.1\r\n\r\n"])
def test_invalid_requests_are_not_repeated_in_responses(sent: bytes, sqlite_url: str) -> None:
    store, port = open_store(sqlite_url), free_port()
    serve("127.0.0.1", port, store, Counted(), list)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(sent)
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.split(b" ", 2)[1] in (b"400", b"501")
    assert b"canary" not in answer
    store.close()
