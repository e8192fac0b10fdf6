"""Processes that die without a word, and many at once: what was acknowledged is whole, nothing is half."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.store.db.engine import open_store
from tests.store.given import rows, sale, start, take_in

HERE = Path(__file__).parents[2]

WRITER = """
import asyncio, sys
from bridge.store.db.engine import open_store
from bridge.store.inbox.events import batch_writer
from bridge.store.db.writer import Writer
from tests.store.given import sale, start
url, name, many = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_store(url)
writer = Writer(store, batch_writer(store))
for n in range(many):
    (stored,) = asyncio.run(
        writer.submit(sale(f"{name}-{n}", start(n + 1), start(n + 1, item=1)), timeout=30)
    )
    print(stored.event_id, flush=True)
writer.close()
store.close()
"""

HALFWAY = """
import os, signal, sys
from bridge.store.db.engine import open_store
from bridge.store.inbox.events import accept
from tests.store.given import sale, start
store = open_store(sys.argv[1])
with store.transaction() as connection:
    accept(connection, store.now(connection), [sale(f"half-{n}", start(n + 1)) for n in range(200)])
    os.kill(os.getpid(), signal.SIGKILL)
"""

DISPATCHER = """
import sys
from bridge.store.db.engine import open_store
from tests.store.given import claim, settle, settlement
store = open_store(sys.argv[1])
while True:
    claimed = claim(store, 5, sys.argv[2])
    for call in claimed:
        print(call.id, flush=True)
    settle(store, *(settlement(call) for call in claimed))
    if not claimed:
        break
store.close()
"""


def spawn(program: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True, cwd=HERE
    )


def test_a_transaction_whose_process_is_killed_leaves_nothing(database_url: str) -> None:
    dying = spawn(HALFWAY, database_url)
    assert dying.wait(30) == -signal.SIGKILL
    store = open_store(database_url)
    assert rows(store, "SELECT count(*) FROM events") == [(0,)]
    assert rows(store, "SELECT count(*) FROM calls") == [(0,)]
    assert rows(store, "SELECT count(*) FROM dedup") == [(0,)]
    assert take_in(store, sale("half-1", start(1)))[0][0].duplicate is False
    store.close()
    if dying.stdout:
        dying.stdout.close()


@pytest.mark.parametrize(
    "acknowledged",
    [1, pytest.param(7, marks=pytest.mark.thorough), pytest.param(40, marks=pytest.mark.thorough)],
)
def test_what_a_killed_process_acknowledged_is_there_with_its_calls(
    acknowledged: int, database_url: str
) -> None:
    process = spawn(WRITER, database_url, "w", "100000")
    assert process.stdout is not None
    heard = {int(process.stdout.readline()) for _ in range(acknowledged)}
    os.kill(process.pid, signal.SIGKILL)
    heard |= {int(line) for line in process.stdout.read().splitlines() if line}
    process.wait(30)
    process.stdout.close()
    store = open_store(database_url)
    kept = {row[0] for row in rows(store, "SELECT id FROM events")}
    assert heard <= kept
    assert rows(store, "SELECT count(*) FROM calls") == [(2 * len(kept),)]
    assert rows(store, "SELECT count(*) FROM dedup") == [(len(kept),)]
    store.close()


def test_several_processes_write_at_once_and_all_of_it_is_there(database_url: str) -> None:
    processes = [spawn(WRITER, database_url, f"w{n}", "40") for n in range(3)]
    heard = [int(line) for process in processes for line in process.communicate(timeout=120)[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert len(set(heard)) == 120
    store = open_store(database_url)
    assert rows(store, "SELECT count(*), count(DISTINCT key) FROM events") == [(120, 120)]
    assert rows(store, "SELECT count(*), count(DISTINCT id) FROM calls") == [(240, 240)]
    store.close()


def test_several_dispatchers_send_each_call_once_and_in_order(database_url: str) -> None:
    store = open_store(database_url)
    take_in(store, *(sale(f"p{n}", start(n % 7 + 1)) for n in range(140)))
    processes = [spawn(DISPATCHER, database_url, f"d{n}") for n in range(3)]
    sent = [[int(line) for line in process.communicate(timeout=120)[0].split()] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    remaining = spawn(DISPATCHER, database_url, "last")
    sent.append([int(line) for line in remaining.communicate(timeout=120)[0].split()])
    assert sorted(number for numbers in sent for number in numbers) == list(range(1, 141))
    assert rows(store, "SELECT state, count(*) FROM calls GROUP BY state") == [("done", 140)]
    store.close()


@pytest.mark.thorough
def test_a_database_survives_a_kill_at_any_moment(sqlite_url: str) -> None:
    for turn in range(5):
        process = spawn(WRITER, sqlite_url, f"w{turn}", "100000")
        assert process.stdout is not None
        for _ in range(turn * 5 + 1):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        process.stdout.close()
    store = open_store(sqlite_url)
    with store.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    store.close()
