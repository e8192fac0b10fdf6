"""LeadConverter out of order in each of its forms, an hour of each pressed into a minute, or a second."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from bridge.dispatch import maintenance
from bridge.store.db.engine import open_store
from bridge.store.queue import accounts
from tests.faults.amounts import SHORT, amount
from tests.faults.load import Load
from tests.faults.site import site
from tests.faults.verdict import settled
from tests.support.sandbox import Sandbox

OUTAGE_S = amount("OUTAGE", 0) or 0.7
DOUBTFUL = ("500", "502", "timeout", "html", "reset", "truncated", "garbage")
FORMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("refused", {}),
    ("timeout", {"seconds": 0.3 if SHORT else 30}),
    ("500", {}),
    ("502", {}),
    ("401", {}),
    ("html", {}),
    ("reset", {"ran": True}),
    ("truncated", {}),
    ("garbage", {}),
    ("429", {"retry_after": "1"}),
    ("503", {"retry_after": "1"}),
    ("slow", {"seconds": 0.5 if SHORT else 15}),
)


class Api:
    """A sandbox that can be away altogether, and what it has seen in all its lives."""

    def __init__(self) -> None:
        self.sandbox = Sandbox().start()
        self.url, self.port = self.sandbox.url, self.sandbox.port
        self.before: list[dict[str, Any]] = []

    def calls(self) -> list[dict[str, Any]]:
        return self.before + self.sandbox.calls()

    def leave(self) -> None:
        self.before += self.sandbox.calls()
        self.sandbox.stop()

    def come_back(self) -> None:
        self.sandbox = Sandbox(port=self.port).start()


def forms(url: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """All of them; in the short form, half on each database."""
    return FORMS[url.startswith("sqlite") :: 2] if SHORT else FORMS


def test_an_outage_of_any_form_loses_and_repeats_nothing(tmp_path: Path, database_url: str) -> None:
    api, pause, doubts = Api(), threading.Event(), 0
    with site(tmp_path, database_url, api.url, dispatchers=2) as bridge:
        bridge.open()
        load = Load(tmp_path / "acknowledged", bridge.install, pause=0.02 if SHORT else 0.2)
        with load.running():
            for form, more in forms(database_url):
                before = len(api.calls())
                spoil(api, form, more)
                pause.wait(OUTAGE_S)
                mend(api, form)
                doubts += len(api.calls()) - before if form in DOUBTFUL else 0
                go_on(database_url)
        if SHORT:
            hurry(database_url)
        verdict = settled(database_url, load, api)
    names = ", ".join(name for name, _ in forms(database_url))
    print(f"\n{OUTAGE_S} s each of {names}: {verdict}; {doubts} doubtful answers; answers {load.answers}")
    api.sandbox.stop()
    assert verdict.kept, verdict
    assert 0 < verdict.uncertain <= doubts
    assert load.answers.keys() <= {200, 503}


def spoil(api: Api, form: str, more: dict[str, Any]) -> None:
    if form == "refused":
        api.leave()
    else:
        api.sandbox.fault(form, times=None, **more)


def mend(api: Api, form: str) -> None:
    if form == "refused":
        api.come_back()
    else:
        api.sandbox.heal()


def go_on(url: str) -> None:
    """What the owner does when all is well again: the account goes on, and its breaker begins anew."""
    store = open_store(url)
    with store.transaction() as connection:
        now = store.now(connection)
        accounts.pause(connection, now, "main", who="anna", why="an outage")
        maintenance.resume(connection, now, "main", who="anna", why="it is over")
    store.close()


def hurry(url: str) -> None:
    """In the short form, back-off and pace are not waited for."""
    store = open_store(url)
    for change in ("UPDATE accounts SET slow = 0", "UPDATE calls SET due_at = 0 WHERE state = 'queued'"):
        with store.transaction() as connection:
            connection.exec_driver_sql(change)
    store.close()
