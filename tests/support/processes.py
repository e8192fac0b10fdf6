"""The bridge as its users run it: the command line, in a folder of its own, over real HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from requests.structures import CaseInsensitiveDict

from tests.support.waiting import eventually

Body: TypeAlias = bytes | str | dict[str, Any]
ROOT = Path(__file__).parents[2]
_PASSED_ON = ("PATH", "HOME", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Installation:
    """A folder with mappings, settings and a database, and the processes that run on it."""

    folder: Path
    database_url: str
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def mappings(self) -> Path:
        return self.folder / "mappings"

    def start(self, *words: str, sandbox: bool = True, ready: str = "", verb: str = "run") -> None:
        """`leadbridge run`, or `serve` alone, until it takes webhooks and has printed `ready`."""
        ports = ["--port", str(self.port)]
        if sandbox:
            ports += ["--sandbox", "--sandbox-port", str(self.sandbox_port)]
        self.log = (self.folder / "log.txt").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bridge", verb, *ports, *words],
            cwd=self.folder,
            env=self.variables,
            stdout=self.log,
            stderr=self.log,
        )
        urls = [(self.port, "/readyz"), (self.sandbox_port, "/healthz")][: 1 + sandbox]
        assert eventually(lambda: all(self._ok(*url) for url in urls), seconds=60), self.read_log()
        assert eventually(lambda: ready in self.read_log(), seconds=60), self.read_log()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process
        self.process.terminate()
        code = self.process.wait(40)
        self.log.close()
        return code

    def kill(self) -> None:
        """kill -9 of the whole tree at once, children first frozen so that none reacts."""
        assert self.process
        pids = [self.process.pid, *descendants(self.process.pid)]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        self.process.wait()
        assert eventually(lambda: not any(running(pid) for pid in pids))
        self.log.close()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `leadbridge WORDS` beside the running bridge."""
        return subprocess.run(
            [sys.executable, "-m", "bridge", *words],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def post(self, path: str, body: Body, headers: Mapping[str, str] = {}) -> Answer:
        return self.ask("POST", self.port, path, body, headers)

    def get(self, path: str) -> Answer:
        return self.ask("GET", self.port, path)

    def calls(self) -> list[dict[str, Any]]:
        """What the sandbox got so far."""
        got: list[dict[str, Any]] = self.ask("GET", self.sandbox_port, "/calls").json
        return got

    def faults(self, **fault: Any) -> None:
        assert self.ask("POST", self.sandbox_port, "/faults", fault).status < 300

    def subscriber(self, number: int, status: str) -> None:
        assert self.ask("PUT", self.sandbox_port, f"/subscribers/{number}", {"status": status}).status < 300

    @staticmethod
    def ask(
        method: str,
        port: int,
        path: str,
        body: Body = b"",
        headers: Mapping[str, str] = {},
    ) -> Answer:
        if isinstance(body, dict):
            body, headers = (
                json.dumps(body, ensure_ascii=False),
                {"Content-Type": "application/json", **headers},
            )
        data = body.encode() if isinstance(body, str) else body
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, data, dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), CaseInsensitiveDict(answer.getheaders()))

    @property
    def variables(self) -> dict[str, str]:
        own = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        usual = {"PYTHONPATH": str(ROOT), "DATABASE_URL": self.database_url, "BRIDGE_DISK_FLOOR": "1"}
        return {**own, **usual, **self.environment}

    def read_log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def _ok(self, port: int, path: str) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("GET", port, path).status == 200
        return False


def descendants(pid: int) -> list[int]:
    """Every process below this one, as /proc shows it."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    return [*children, *(below for child in children for below in descendants(child))]


def running(pid: int) -> bool:
    """Whether it lives, or one of its threads: a killed process's may let go of files later."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    return False


@contextlib.contextmanager
def installation(folder: Path, database_url: str, **environment: str) -> Iterator[Installation]:
    """An installation whose processes are gone afterwards, however the test ended."""
    made = Installation(folder, database_url, environment)
    made.mappings.mkdir(exist_ok=True)
    try:
        yield made
    finally:
        if made.process and made.process.poll() is None:
            made.kill()
