"""What a million calls that are queued, or wait, cost beside a thousand, on both databases.

python -m benchmarks.backlog
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import Select, func, select

from benchmarks.common import queue
from benchmarks.common.contenders import until
from benchmarks.common.postgres import postgres_on_disk
from benchmarks.common.processes import memory, tree
from benchmarks.common.report import machine, table
from benchmarks.common.series import Aim, concluded
from bridge.dispatch.alerts.events import AlertEvents
from bridge.dispatch.calls_in_flight import Ended
from bridge.dispatch.maintenance import Maintenance
from bridge.dispatch.round import Rounds
from bridge.model import Account, Alerts, Attempt, Outcome
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import Reason
from bridge.store.db import tables
from bridge.store.db.engine import Store, open_store

ANSWERED = Reason(CallCode.ANSWERED, status=200)
ACCOUNT = Account("main", "token", rate=1e9, burst=10**9)
ROUNDS, CALLS_A_ROUND = 25, 20
PER_RECIPIENT = 10
LOOKS = (
    "calls",
    "calls --state queued --limit 100",
    "calls --state waiting --limit 100",
    "events",
    "events --type paid --limit 100",
    "doctor",
)
TRIES = 4
"""After so many tries of calls a dispatcher's memory is looked at."""
START_WITHIN = 120.0
MAPPING = "source: shop\nverify: none\nrules: [{name: sold, start: {bot_id: 1, subscriber_id: $.id}}]\n"
PACED = "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', rate: 1/s, burst: 1}}\n"


@dataclass(slots=True)
class Backlog:
    """One store with so many calls in its queue, or waiting beside it, and what was measured."""

    folder: Path
    url: str
    store: Store
    queued: int
    waiting: int = 0
    rounds: list[float] = field(default_factory=list)
    """Seconds of each round that settles calls and claims as many."""
    looks: dict[str, float] = field(default_factory=dict)
    """Seconds that each command took at least, its start included."""
    memory: float = 0.0
    """MB of PSS of a dispatcher."""

    def __str__(self) -> str:
        return f"{self.waiting:,} waiting" if self.waiting else f"{self.queued:,} queued"


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where more calls cost more than twice as much as the few."""
    asked = _options(words)
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="leadbridge-") as name:
        print(machine(Path(name)))
        aims = [
            _measure(database, state, Path(name) / database / state, asked)
            for database in asked.databases
            for state in asked.states
        ]
    return concluded(aims)


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--calls", type=int, nargs=2, default=[1_000, 1_000_000], help="few and many, to be compared"
    )
    parser.add_argument(
        "--states",
        nargs="*",
        choices=("queued", "waiting"),
        default=["queued", "waiting"],
        help="what many calls do; while they wait, few are queued",
    )
    parser.add_argument(
        "--databases", nargs="*", choices=("sqlite", "postgres"), default=["sqlite", "postgres"]
    )
    parser.add_argument("--runs", type=int, default=3, help="of each command (3)")
    parser.add_argument("--folder", help="where databases go (the system's folder for temporary files)")
    return parser.parse_args(words)


def _measure(database: str, state: str, folder: Path, asked: argparse.Namespace) -> Aim:
    with ExitStack() as stack:
        if database == "postgres":
            server = stack.enter_context(postgres_on_disk())
            urls = [server.url(server.create()) for _ in asked.calls]
        else:
            urls = [f"sqlite:///{folder / str(many)}/bridge.db" for many in asked.calls]
        short, long = [
            stack.enter_context(filled(folder / str(many), url, *_sizes(state, many, asked)))
            for many, url in zip(asked.calls, urls, strict=True)
        ]
        claim_in_turns(short, long)
        for words in (look for look in LOOKS for _ in range(asked.runs)):
            for one in (short, long):
                one.looks[words] = min(look(one, words), one.looks.get(words, inf))
        for one in (short, long):
            one.memory = dispatcher_memory(one)
    print(f"\n{database}\n{_table(short, long)}")
    what, worst = max(_ratios(short, long).items(), key=lambda one: one[1])
    return Aim(f"{database}: twice the cost of {short}, over that of {long} ({what})", 2 / worst, 1)


def _sizes(state: str, many: int, asked: argparse.Namespace) -> tuple[int, int]:
    """How many calls are queued, and how many wait."""
    return (many, 0) if state == "queued" else (min(asked.calls), many)


@contextmanager
def filled(folder: Path, url: str, queued: int, waiting: int = 0) -> Iterator[Backlog]:
    """A store with so many events of one queued call each, ten to a recipient, and of one that waits."""
    (folder / "mappings").mkdir(parents=True)
    (folder / "mappings" / "shop.yml").write_text(MAPPING)
    (folder / "mappings" / "accounts.yml").write_text(PACED)
    store = open_store(url)
    try:
        store.migrate()
        queue.fill(store, queued, max(1, queued // PER_RECIPIENT), waiting=waiting)
        yield Backlog(folder, url, store, queued, waiting)
    finally:
        store.close()


def claim_in_turns(*backlogs: Backlog) -> None:
    """Rounds of a dispatcher's own bookkeeping, on either queue in turn; nothing is sent."""
    ledgers = []
    for one in backlogs:
        Maintenance(one.store, lambda: {"main": ACCOUNT}, AlertEvents(Alerts)).look_after()
        ledgers.append(
            Rounds(
                one.store,
                lambda: {"main": ACCOUNT},
                "benchmark",
                lambda: 0.5,
                lambda: int(time.time() * 1000),
            )
        )
    ended: list[list[Ended]] = [[] for _ in backlogs]
    for number in range(ROUNDS + 1):
        for place, (one, ledger) in enumerate(zip(backlogs, ledgers, strict=True)):
            began = perf_counter()
            done = ledger.round(ended[place], CALLS_A_ROUND)
            took = perf_counter() - began
            assert len(done.begun) == CALLS_A_ROUND, "every round finds its calls"
            if number:
                one.rounds.append(took)
            shown = Attempt(done.now, done.now, Outcome.DONE, ANSWERED, "complete", 200)
            ended[place] = [Ended(job, shown) for job in done.begun]


def look(backlog: Backlog, words: str) -> float:
    """Seconds of one command from the start of its process to its end."""
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "bridge", *words.split()],
        cwd=backlog.folder,
        env=_environment(backlog),
        capture_output=True,
        check=False,
    )
    took = perf_counter() - began
    assert done.stdout, done.stderr
    return took


def dispatcher_memory(backlog: Backlog) -> float:
    """MB of a dispatcher at work on the queue; what it sends reaches nobody."""
    tried = select(func.count()).where(tables.attempts.c.outcome == Outcome.RETRY.value)
    with subprocess.Popen(
        [sys.executable, "-m", "bridge", "worker"],
        cwd=backlog.folder,
        env=_environment(backlog),
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until(lambda: _count(backlog, tried) >= TRIES, START_WITHIN)
            return memory(tree(process.pid))
        finally:
            process.terminate()


def _count(backlog: Backlog, what: Select[Any]) -> int:
    with backlog.store.read() as connection:
        return int(connection.scalar(what) or 0)


def _environment(backlog: Backlog) -> dict[str, str]:
    own = {"LEADCONVERTER_TOKEN": "benchmark", "LEADCONVERTER_URL": "http://127.0.0.1:9"}
    root = str(Path(__file__).parents[1])
    return {**os.environ, **own, "DATABASE_URL": backlog.url, "PYTHONPATH": root, "BRIDGE_DISK_FLOOR": "1"}


def _figures(one: Backlog) -> dict[str, float]:
    """By what they are, in milliseconds or MB."""
    looks = {f"leadbridge {words}, ms": took * 1000 for words, took in one.looks.items()}
    claims = f"settle and claim {CALLS_A_ROUND} calls, ms"
    return {claims: median(one.rounds) * 1000, "dispatcher, MB": one.memory, **looks}


def _ratios(short: Backlog, long: Backlog) -> dict[str, float]:
    seen = _figures(long)
    return {what: seen[what] / value for what, value in _figures(short).items()}


def _table(short: Backlog, long: Backlog) -> str:
    few, many, ratios = _figures(short), _figures(long), _ratios(short, long)
    lines = [(what, f"{few[what]:,.1f}", f"{many[what]:,.1f}", f"{ratios[what]:.2f}") for what in few]
    return table(("", str(short), str(long), "ratio"), lines)


if __name__ == "__main__":
    sys.exit(main())
