"""Calls that wait in a queue, and dispatchers that send them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.common import shop
from benchmarks.common.api import Api, standing_in
from benchmarks.common.contenders import OWN_TREE, STOP_WITHIN, Tree, sqlite_url
from benchmarks.common.processes import cpu, tree

QUIET: Final = 3.0
START_S: Final = 10.0
"""Seconds in which a dispatcher has begun."""
DRAIN_WITHIN: Final = 300.0
NOBODY: Final = "http://127.0.0.1:9"
"""Where nothing answers."""
_FILL: Final = """
import sys
from benchmarks.common import queue
from bridge.store.db.engine import open_store
store = open_store(sys.argv[1])
store.migrate()
queue.fill(store, *map(int, sys.argv[2:]))
store.close()
"""
"""Executed by the version that sends, as another version may have other tables."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What dispatchers did with a queue."""

    rate: float
    """Calls a second, from the first to the last that came."""
    cpu: float
    """Microseconds of processor time a call."""


def sent(
    folder: Path,
    many: int,
    *,
    recipients: int,
    accounts: int = 1,
    down: bool = False,
    workers: int = 1,
    url: str = "",
    version: Tree = OWN_TREE,
) -> Sent:
    """Let dispatchers send so many calls that wait.

    With `down`, nothing answers at the address of the second account.
    """
    url = url or sqlite_url(folder)
    _install(folder, accounts, down=down)
    words = [version.python, "-c", _FILL, url, str(many), str(recipients), str(accounts)]
    subprocess.run(words, cwd=version.folder, check=True)
    lost = many // accounts if down else 0
    with standing_in() as api, _dispatchers(folder, url, api, workers, version) as processes:
        first = len(api.settle(1, START_S, START_S))
        used = _used(processes)
        came = sorted(one.at for one in api.settle(many - lost, QUIET + START_S, DRAIN_WITHIN))
        used = _used(processes) - used
    return Sent((len(came) - 1) / (came[-1] - came[0]), used / (len(came) - first) * 1e6)


def _used(processes: list[subprocess.Popen[bytes]]) -> float:
    return cpu([pid for process in processes for pid in tree(process.pid)])


def _install(folder: Path, accounts: int, *, down: bool) -> None:
    shop.install(folder / "mappings")
    lines = ["accounts:"]
    for number in range(accounts):
        name = f"a{number}" if number else "main"
        where = f", url: {NOBODY}" if down and number == 1 else ""
        lines.append(f'  {name}: {{token: "${{LEADCONVERTER_TOKEN}}", rate: 100000/s, burst: 1000{where}}}')
    (folder / "mappings" / "accounts.yml").write_text("\n".join(lines) + "\n")


@contextmanager
def _dispatchers(
    folder: Path, url: str, api: Api, many: int, version: Tree
) -> Iterator[list[subprocess.Popen[bytes]]]:
    environment = {**os.environ, **version.environment(url, api.port)}
    with (folder / "log.txt").open("ab") as log:
        processes = [
            subprocess.Popen(version.command("worker"), cwd=folder, env=environment, stdout=log, stderr=log)
            for _ in range(many)
        ]
        try:
            yield processes
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(STOP_WITHIN)
