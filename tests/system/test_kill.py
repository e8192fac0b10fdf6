"""kill -9 of the whole process tree under load: what was acknowledged is called once, or shown uncertain."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bridge.dispatch.worker import MOST_IN_FLIGHT
from bridge.store.db.engine import open_store
from tests.support.leases import lapse
from tests.support.processes import Installation, installation
from tests.support.sandbox import Sandbox
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
ACCOUNTS = "accounts: {main: {token: '${LEADCONVERTER_TOKEN}', rate: 2000/s, burst: 50}}"
POSTERS = 8
KILLS = 2


class Load:
    """Senders that post distinct sales until told to stop, and remember what was acknowledged."""

    def __init__(self, bridge: Installation) -> None:
        self.bridge = bridge
        self.acknowledged: set[str] = set()
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        senders = [threading.Thread(target=self._send, args=(stop,)) for _ in range(POSTERS)]
        for sender in senders:
            sender.start()
        try:
            yield
        finally:
            stop.set()
            for sender in senders:
                sender.join()

    def has(self, many: int) -> bool:
        return len(self.acknowledged) >= many

    def _send(self, stop: threading.Event) -> None:
        while not stop.is_set():
            with self._lock:
                number = next(self._numbers)
            try:
                answer = self.bridge.post(
                    "/hooks/shop", {"id": f"o{number}", "kind": "sale", "buyer": number}
                )
            except (OSError, http.client.HTTPException):
                stop.wait(0.05)
                continue
            if answer.status == 200:
                with self._lock:
                    self.acknowledged.add(f"o{number}")


@pytest.mark.thorough
def test_every_acknowledged_webhook_is_called_once_or_shown_uncertain(
    tmp_path: Path, database_url: str, sandbox: Sandbox
) -> None:
    environment = {"LEADCONVERTER_TOKEN": "t", "LEADCONVERTER_URL": sandbox.url}
    with installation(tmp_path, database_url, **environment) as bridge:
        (bridge.mappings / "shop.yml").write_text(MAPPING)
        (bridge.mappings / "accounts.yml").write_text(ACCOUNTS)
        load = Load(bridge)
        for _ in range(KILLS):
            bridge.start(sandbox=False)
            goal = len(load.acknowledged) + 150
            with load.running():
                assert eventually(partial(load.has, goal), seconds=30), bridge.read_log()
                bridge.kill()
        with closing(open_store(database_url)) as store:
            lapse(store)
        bridge.start(sandbox=False)
        assert eventually(lambda: not live(bridge), seconds=90, every=0.2), live(bridge)
        states = {call["event"]: call["state"] for call in calls(bridge)}
    ran = Counter(call["variables"]["order"] for call in sandbox.calls() if call["ran"])
    uncertain = sum(state == "uncertain" for state in states.values())
    never = load.acknowledged - set(ran)
    assert [order for order, times in ran.items() if times > 1] == []
    assert set(states.values()) <= {"done", "uncertain"}
    assert len(never) <= uncertain <= KILLS * MOST_IN_FLIGHT
    assert sum(state == "done" for state in states.values()) + uncertain >= len(load.acknowledged)


def calls(bridge: Installation, *filters: str) -> list[dict[str, Any]]:
    """Every call, page by page as a script would read them."""
    found: list[dict[str, Any]] = []
    while True:
        before = ("--before", str(found[-1]["id"])) if found else ()
        shown = bridge.command("calls", "--limit", "1000", "--json", *before, *filters)
        assert shown.returncode == 0, shown.stderr
        page = json.loads(shown.stdout)
        if not page:
            return found
        found += page


def live(bridge: Installation) -> list[dict[str, Any]]:
    return calls(bridge, "--state", "queued", "--state", "claimed", "--state", "sending")
