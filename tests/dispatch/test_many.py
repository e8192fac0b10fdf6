"""Several dispatchers on one database, each in its thread with its own store, by the real clock."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.dispatch.http.client import Client
from bridge.dispatch.http.transport import Transport
from bridge.dispatch.worker import Dispatcher
from bridge.model import Account
from bridge.store.db.engine import Store, open_store
from tests.store.given import owe, rows, start
from tests.support.sandbox import Sandbox
from tests.support.waiting import eventually

NAMES = ("east", "main", "west")


@contextmanager
def dispatching(url: str, accounts: dict[str, Account], count: int) -> Iterator[list[Dispatcher]]:
    """So many dispatchers at work; stopped gracefully at the end."""
    stores = [open_store(url) for _ in range(count)]
    made = [Dispatcher(store, Client(Transport()), lambda: accounts, most=8) for store in stores]
    threads = [threading.Thread(target=dispatcher.run) for dispatcher in made]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for dispatcher in made:
            dispatcher.stop()
        for thread in threads:
            thread.join(30)
        for dispatcher, store in zip(made, stores, strict=True):
            dispatcher.client.close()
            store.close()


def live(store: Store) -> int:
    found: int = rows(store, "SELECT count(*) FROM calls WHERE state IN ('queued', 'claimed', 'sending')")[0][
        0
    ]
    return found


def test_each_call_runs_once_and_each_recipients_in_order(database_url: str, sandbox: Sandbox) -> None:
    accounts = {name: Account(name, f"t-{name}", url=sandbox.url, rate=5000.0, burst=5000) for name in NAMES}
    with dispatching(database_url, accounts, 3):
        store = open_store(database_url)
        for number in range(150):
            name = NAMES[number % 3]
            owe(store, start(1 + number % 10, account=name, variables=(("n", str(number)),)))
        assert eventually(lambda: live(store) == 0, seconds=40)
        assert rows(store, "SELECT state, count(*) FROM calls GROUP BY state") == [("done", 150)]
        store.close()
    numbers = defaultdict[tuple[str, str], list[int]](list)
    for call in sandbox.ran():
        numbers[call["token"], call["subscriber_id"]].append(int(call["variables"]["n"]))
    assert sum(map(len, numbers.values())) == 150
    assert all(lane == sorted(set(lane)) for lane in numbers.values())


def test_the_pace_of_an_account_holds_over_all_dispatchers(database_url: str, sandbox: Sandbox) -> None:
    accounts = {"main": Account("main", "t-main", url=sandbox.url, rate=40.0, burst=5)}
    store = open_store(database_url)
    owe(store, *[start(number) for number in range(1, 41)])
    with dispatching(database_url, accounts, 3):
        assert eventually(lambda: live(store) == 0, seconds=40)
    starts = sorted(moment for (moment,) in rows(store, "SELECT started_at FROM attempts"))
    store.close()
    assert len(starts) == 40
    assert starts[-1] - starts[0] >= (40 - 5) * 25 - 100
