"""A dispatcher goes on, and stops in time, whatever LeadConverter answers."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge.store.db.engine import open_store
from tests.dispatch.server import Peer, http, serving
from tests.faults.site import MAPPING
from tests.store.given import owe, start, states
from tests.support.processes import Installation
from tests.support.waiting import eventually

TOKEN = "eyJ0eXAi.Oi_JKV1"
BODIES = {
    "backslashes": b"\\" * 250_000,
    "titles": b"<title" * 40_000,
    "entities": b"&#0" * 80_000,
    "escaped": b'{"message": "' + b"\\\\" * 120_000 + b'"}',
    "echoed": b"Error: " + TOKEN[:-1].encode() * 15_000,
    "chunks": b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_worker_with_hostile_answers_stops_gracefully(tmp_path: Path, sqlite_url: str, name: str) -> None:
    body = BODIES[name]
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + body
    answer = chunked if name == "chunks" else http("200 OK", body, "Connection: close")

    def hostile(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(answer)

    store = open_store(sqlite_url)
    owe(store, *[start(subscriber) for subscriber in range(1, 31)])
    with serving(*[hostile] * 40) as api:
        to_api = {"LEADCONVERTER_TOKEN": TOKEN, "LEADCONVERTER_URL": f"http://127.0.0.1:{api.port}"}
        install = Installation(tmp_path, sqlite_url, to_api)
        install.mappings.mkdir()
        (install.mappings / "shop.yml").write_text(MAPPING)
        with subprocess.Popen(
            [sys.executable, "-m", "bridge", "worker"], cwd=tmp_path, env=install.variables
        ) as worker:
            try:
                assert eventually(lambda: set(states(store).values()) - {"queued", "sending"}, seconds=60)
                worker.send_signal(signal.SIGTERM)
                asked = time.monotonic()
                assert worker.wait(20) == 0
                assert time.monotonic() - asked < 15
            finally:
                worker.kill()
    assert "sending" not in states(store).values()
    store.close()
