from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.store.db.engine import Store
from tests.conftest import Clock
from tests.dispatch.test_worker import FAST, bench
from tests.store.given import owe, start, state
from tests.support.sandbox import Sandbox


def test_below_the_floor_nothing_is_sent_and_above_it_all_goes_on(
    store: Store, clock: Clock, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    left = ["the disk has 3 MB left, sending needs 50 MB"]
    with bench(store, clock, replace(FAST, url=sandbox.url), no_room=lambda: left[0]) as desk:
        (call,) = owe(store, start(1))
        desk.rest()
        assert state(store, call) == "queued"
        assert sandbox.calls() == []
        assert caplog.messages == ["nothing is sent: the disk has 3 MB left, sending needs 50 MB"]
        left[0] = ""
        desk.settled()
        assert state(store, call) == "done"
