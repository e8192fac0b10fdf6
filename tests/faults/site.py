"""A bridge's processes, on one machine or as if on several, which are started again when they die."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults import crashpoints
from tests.support.processes import ROOT, Installation, descendants, running
from tests.support.waiting import eventually

MAPPING = """
source: shop
profile: json
verify: none
event: {id: $.id, type: $.kind}
rules:
  - name: sold
    start: {bot_id: 7, subscriber_id: $.buyer, variables: {order: $.id}}
tests:
  - {name: a sale starts bot 7, body: {id: a, kind: sale, buyer: 5}, expect: [{rule: sold, bot_id: 7}]}
"""
RATE, BURST = 400, 20
TOKEN = "canary-7Kq2-Zx9"
ACCOUNTS = f"accounts: {{main: {{token: '${{LEADCONVERTER_TOKEN}}', rate: {RATE}/s, burst: {BURST}}}}}"


@dataclass
class Dispatcher:
    """One dispatcher's place, filled by one process after another."""

    pid: int = 0


@dataclass
class Site:
    """The processes of one machine. What is killed comes back by itself until `close`."""

    install: Installation
    random: Random
    dispatchers: list[Dispatcher]
    point_share: float = 0.0
    """How many of the processes that are started have a crash point."""
    web: subprocess.Popen[bytes] | None = None
    nursery: subprocess.Popen[str] | None = None
    begun: int = 0
    """Dispatchers started in all."""
    crashed: int = 0
    """Dispatchers that were found dead."""
    _closing: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

    def open(self) -> None:
        """Start everything, and return when webhooks are taken."""
        self.begin()
        self.await_webhooks()

    def begin(self) -> None:
        self.start_web()
        self.nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for one in self.dispatchers:
            self._start(one)
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()

    def await_webhooks(self) -> None:
        assert eventually(self.takes_webhooks, seconds=60), self.install.read_log()

    def start_web(self) -> None:
        point = self._a_point(crashpoints.WEB_POINTS)
        with (self.install.folder / "log.txt").open("ab") as log:
            self.web = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.server"],
                cwd=self.install.folder,
                env={**self.install.variables, "PORT": str(self.install.port), "FAULTS_POINT": point},
                stdout=log,
                stderr=log,
            )

    def takes_webhooks(self) -> bool:
        with contextlib.suppress(Exception):
            return self.install.get("/readyz").status == 200
        return False

    def kill_dispatcher(self) -> bool:
        """One of them, at this moment; False where none runs."""
        return self._signal(signal.SIGKILL)

    def end_dispatcher(self) -> bool:
        """SIGTERM to one of them, perhaps to one that is stopping already: it finishes what it sends."""
        return self._signal(signal.SIGTERM)

    def kill_web(self) -> bool:
        """A web process, or the one that looks after them; False where none runs."""
        assert self.web
        pids = [pid for pid in (self.web.pid, *descendants(self.web.pid)) if running(pid)]
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(self.random.choice(pids), signal.SIGKILL)
            return True
        return False

    def close(self) -> None:
        """End all of it by SIGKILL, so that nothing is tidied up."""
        self._closing.set()
        if self._keeper:
            self._keeper.join()
        pids = [one.pid for one in self.dispatchers if one.pid]
        if self.web:
            pids += [self.web.pid, *descendants(self.web.pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.web:
            self.web.wait()
        if self.nursery and self.nursery.stdin and self.nursery.stdout:
            self.nursery.stdin.close()
            self.nursery.wait()
            self.nursery.stdout.close()
        assert eventually(lambda: not any(running(pid) for pid in pids))

    def _signal(self, number: int) -> bool:
        alive = [one.pid for one in self.dispatchers if one.pid and running(one.pid)]
        if not alive:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.random.choice(alive), number)
            return True
        return False

    def _keep(self) -> None:
        while not self._closing.wait(0.02):
            if self.web and self.web.poll() is not None:
                self.start_web()
            for one in self.dispatchers:
                if one.pid and not running(one.pid):
                    self.crashed += 1
                    self._start(one)

    def _a_point(self, points: Sequence[str]) -> str:
        return self.random.choice(points) if self.random.random() < self.point_share else ""

    def _start(self, place: Dispatcher) -> None:
        assert self.nursery
        assert self.nursery.stdin
        assert self.nursery.stdout
        asked = {
            "folder": str(self.install.folder),
            "environment": self.install.variables,
            "point": self._a_point(crashpoints.POINTS),
            "passings": self.random.randint(1, 60),
        }
        self.nursery.stdin.write(json.dumps(asked) + "\n")
        self.nursery.stdin.flush()
        place.pid = int(self.nursery.stdout.readline())
        self.begun += 1


@contextlib.contextmanager
def site(
    folder: Path, database_url: str, api: str, *, dispatchers: int, seed: int = 0, **settings: str
) -> Iterator[Site]:
    """A machine whose calls go to `api`; its processes are gone afterwards."""
    folder.mkdir(exist_ok=True)
    environment = {"LEADCONVERTER_TOKEN": TOKEN, "LEADCONVERTER_URL": api, "BRIDGE_WORKERS": "2", **settings}
    install = Installation(folder, database_url, environment)
    install.mappings.mkdir()
    (install.mappings / "shop.yml").write_text(MAPPING)
    (install.mappings / "accounts.yml").write_text(ACCOUNTS)
    made = Site(install, Random(seed), [Dispatcher() for _ in range(dispatchers)])
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def machines(
    folder: Path, database_url: str, api: str, many: int, point_share: float
) -> Iterator[list[Site]]:
    """Each with a folder of its own, a web process and a dispatcher; one database. They take webhooks."""
    with contextlib.ExitStack() as open_sites:
        made = [
            open_sites.enter_context(
                site(folder / f"machine-{n}", database_url, api, dispatchers=1, seed=n, BRIDGE_WORKERS="1")
            )
            for n in range(many)
        ]
        for one in made:
            one.point_share = point_share
            one.begin()
        for one in made:
            one.await_webhooks()
        yield made
