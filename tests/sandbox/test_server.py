"""The sandbox as a process: start and stop."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.raw_client import METHOD, SOUND, RawClient, ask, request
from tests.support.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from bridge.sandbox.server import run
sys.exit(run("127.0.0.1", 0, lambda url: print(url, file=sys.stderr, flush=True), tokens=["token"]))
"""


def start_process() -> tuple[subprocess.Popen[str], int]:
    """The process and the port that its first line names."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stderr
    url = process.stderr.readline().rstrip()
    assert url.startswith("http://127.0.0.1:")
    return process, int(url.rpartition(":")[2])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_while_responses_are_due(number: signal.Signals) -> None:
    process, port = start_process()
    assert ask(port, request("/faults", body=b'{"kind": "timeout"}')).status == 201
    with RawClient(port) as waiting, RawClient(port) as idle:
        waiting.send(SOUND)
        assert idle.send(request("/healthz", method="GET")).answer().status == 200
        process.send_signal(number)
        assert process.communicate(timeout=10)[1] == ""
    assert process.returncode == 0


def test_only_the_configured_tokens_are_accepted() -> None:
    process, port = start_process()
    try:
        assert ask(port, SOUND).status == 200
        assert ask(port, request(METHOD.replace("token", "other"))).status == 401
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_a_port_that_is_in_use_is_reported(sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "bridge", "sandbox", "--port", str(sandbox.port)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (ended.returncode, ended.stderr) == (
        1,
        f"error: cannot listen on 127.0.0.1:{sandbox.port}: Address already in use\n"
        "hint: choose another port, or stop the process that uses it\n",
    )


def test_a_host_that_does_not_exist_is_reported() -> None:
    command = [sys.executable, "-m", "bridge", "sandbox", "--host", "sandbox.invalid"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: cannot listen on sandbox.invalid:8090: ")
    assert "Unknown error" not in ended.stderr


def test_a_port_is_free_again_after_the_end() -> None:
    first = Sandbox().start()
    ask(first.port, SOUND)
    first.stop()
    second = Sandbox(port=first.port).start()
    try:
        assert second.calls() == []
    finally:
        second.stop()


def test_an_ipv6_address_is_written_in_brackets() -> None:
    sandbox = Sandbox(host="::1").start()
    try:
        assert sandbox.url == f"http://[::1]:{sandbox.port}"
    finally:
        sandbox.stop()
