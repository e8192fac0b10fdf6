"""The processes of `leadbridge run` are restarted, reloaded, stopped and killed; its parent watches them."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from tests.support.processes import ROOT, Installation, descendants, installation, running
from tests.support.waiting import eventually

MAPPING = (
    "source: shop\nprofile: json\nverify: none\nevent: {id: $.id}\n"
    "rules: [{name: r, start: {bot_id: 7, subscriber_id: $.b}}]\n"
)
WATCHDOG = 5


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path, "sqlite:///var/bridge.db", BRIDGE_WATCHDOG=str(WATCHDOG)) as made:
        (made.mappings / "shop.yml").write_text(MAPPING)
        made.start()
        yield made
        made.log.close()


def children(bridge: Installation) -> dict[str, int]:
    """The children of the parent, by a word of their command."""
    assert bridge.process
    pids = Path(f"/proc/{bridge.process.pid}/task/{bridge.process.pid}/children").read_text().split()
    found: dict[str, int] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text()
            kind = next((one for one in ("worker", "sandbox") if f"\0{one}\0" in words), "web")
            found[kind] = int(pid)
    return found


class Load:
    """Senders that open a connection for each webhook, and senders that keep theirs; none sends twice."""

    def __init__(self, bridge: Installation) -> None:
        self.url = f"http://127.0.0.1:{bridge.port}/hooks/shop"
        self.seen: Counter[str] = Counter()
        """Statuses, and types of errors."""
        self.accepted: set[str] = set()
        self._done = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        senders = [
            threading.Thread(target=self._send, args=(f"{kept}-{pause}", kept, pause))
            for kept in (False, True)
            for pause in (0, 0.001, 0.1, 0.9, 1.5)
        ]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            self._done.set()
            for sender in senders:
                sender.join()

    def _send(self, name: str, kept: bool, pause: float) -> None:
        with requests.Session() as session:
            for number in itertools.count():
                if self._done.is_set():
                    return
                event, headers = f"{name}-{number}", {} if kept else {"Connection": "close"}
                try:
                    answer = session.post(self.url, json={"id": event, "b": 1}, headers=headers, timeout=30)
                    self.seen[str(answer.status_code)] += 1
                    self.accepted |= {event} if answer.status_code == 200 else set()
                except requests.RequestException as error:
                    self.seen[type(error).__name__] += 1
                self._done.wait(pause)


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.thorough)])
def test_no_webhook_is_refused_or_cut_while_all_processes_are_replaced(
    bridge: Installation, times: int
) -> None:
    assert bridge.process
    load = Load(bridge)
    with load.running():
        for _ in range(times):
            former = children(bridge)
            bridge.process.send_signal(signal.SIGHUP)
            assert eventually(
                lambda former=former: replaced(former, children(bridge)),  # type: ignore[misc]
                seconds=60,
            ), bridge.read_log()
    assert load.seen.keys() == {"200"}
    with closing(sqlite3.connect(bridge.folder / "var" / "bridge.db")) as connection:
        keys = [key for (key,) in connection.execute("SELECT key FROM events")]
    assert Counter(keys) == Counter(load.accepted)


def replaced(former: dict[str, int], now: dict[str, int]) -> bool:
    return len(now) == len(former) and not set(former.values()) & set(now.values())


def test_connections_wait_for_the_next_web_process(bridge: Installation) -> None:
    """Also those that come while there is none."""
    web = children(bridge)["web"]
    pids = [web, *descendants(web)]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not any(running(pid) for pid in pids))
    assert bridge.post("/hooks/shop", {"b": 1}).status == 200


@pytest.mark.thorough
def test_a_tree_that_was_stopped_as_a_whole_goes_on(bridge: Installation) -> None:
    assert bridge.process
    before = children(bridge)
    pids = [bridge.process.pid, *descendants(bridge.process.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    threading.Event().wait(WATCHDOG + 3)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    assert bridge.post("/hooks/shop", {"b": 1}).status == 200
    threading.Event().wait(2)
    assert children(bridge) == before
    assert "has hung" not in bridge.read_log()


@pytest.mark.thorough
def test_a_child_that_hangs_is_replaced(bridge: Installation) -> None:
    hung = children(bridge)["sandbox"]
    os.kill(hung, signal.SIGSTOP)
    assert eventually(lambda: children(bridge).get("sandbox", hung) != hung, seconds=30)
    assert "ERROR   supervisor.supervisor: sandbox has hung for 5 s" in bridge.read_log()


def test_sigterm_to_every_process_at_once_stops_gracefully(bridge: Installation) -> None:
    assert bridge.process
    pids = [bridge.process.pid, *descendants(bridge.process.pid)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    assert bridge.process.wait(30) == 0
    assert not any(running(pid) for pid in pids)


def test_nothing_outlives_a_parent_that_is_killed(bridge: Installation) -> None:
    assert bridge.process
    below = descendants(bridge.process.pid)
    bridge.process.kill()
    bridge.process.wait()
    assert eventually(lambda: not any(running(pid) for pid in below), seconds=30)


@pytest.mark.parametrize("verb", ["run", "serve"])
def test_a_taken_port_ends_it_before_anything_else(verb: str, tmp_path: Path) -> None:
    with (
        installation(tmp_path, "sqlite:///var/bridge.db") as bridge,
        socket.create_server(("127.0.0.1", bridge.port)),
    ):
        done = bridge.command(verb, "--port", str(bridge.port))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: cannot listen on 127.0.0.1:{bridge.port}: Address already in use",
        "hint: choose another port, or stop the process that uses it",
    ]
    assert not (tmp_path / "var").exists()


PASS_SOCKET = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.execve(sys.executable, sys.argv[2:], {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})
"""


def test_a_socket_of_systemd_keeps_connections_over_a_whole_restart(tmp_path: Path) -> None:
    with (
        installation(tmp_path, "sqlite:///var/bridge.db") as bridge,
        socket.create_server(("127.0.0.1", bridge.port)) as listener,
    ):
        (bridge.mappings / "shop.yml").write_text(MAPPING)
        assert bridge.command("migrate").returncode == 0
        for _ in range(2):
            with ThreadPoolExecutor(1) as sender:
                waiting = sender.submit(bridge.post, "/hooks/shop", {"b": 1})
                with activated(bridge, listener) as process:
                    assert waiting.result(40).status == 200
                    process.terminate()
                    assert process.wait(40) == 0


@contextmanager
def activated(bridge: Installation, listener: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    """`leadbridge serve` as systemd starts it with this socket."""
    number = listener.fileno()
    words = [sys.executable, "-c", PASS_SOCKET, str(number), sys.executable, "-m", "bridge", "serve"]
    with subprocess.Popen(words, cwd=bridge.folder, env=bridge.variables, pass_fds=(number,)) as process:
        yield process
        process.kill()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_units_of_the_documentation_are_valid(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "restarts.md").read_text(encoding="utf-8")
    units = re.findall(r"`(leadbridge\.\w+)`:\n\n```ini\n(.*?)```", text, re.DOTALL)
    assert len(units) == 2
    for name, unit in units:
        (tmp_path / name).write_text(re.sub(r"ExecStart=\S+", f"ExecStart={sys.executable}", unit))
    words = ["systemd-analyze", "verify", *(str(tmp_path / name) for name, _ in units)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
