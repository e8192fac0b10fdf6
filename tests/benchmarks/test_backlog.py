"""The benchmark of a long queue measures what it says, on a small scale."""

from __future__ import annotations

import pytest

from benchmarks import backlog
from benchmarks.common import queue
from bridge.store.db.engine import open_store
from tests.store.given import rows


def test_it_prints_what_a_longer_queue_costs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "LOOKS", ("calls",))
    assert backlog.main(["--calls", "600", "700", "--databases", "sqlite", "--runs", "1"]) in (0, 1)
    out = capsys.readouterr().out
    assert "700 queued" in out
    assert "settle and claim 20 calls" in out
    assert "leadbridge calls" in out
    assert "700 waiting" in out
    assert "twice the cost of 600 waiting, over that of 700 waiting" in out


@pytest.mark.parametrize("waiting", [0, 30])
def test_a_queue_is_as_webhooks_would_leave_it(waiting: int, database_url: str) -> None:
    store = open_store(database_url)
    queue.fill(store, 20, 4, waiting=waiting)
    assert rows(store, "SELECT count(*), count(DISTINCT place) FROM calls WHERE place = id") == [
        (20 + waiting, 20 + waiting)
    ]
    assert rows(store, "SELECT count(DISTINCT recipient) FROM calls WHERE state = 'queued'") == [(4,)]
    kept = rows(
        store,
        "SELECT DISTINCT c.errand FROM calls c JOIN errands e ON (e.account, e.key) = (c.account, c.errand) "
        "WHERE c.state = 'waiting' AND c.id = c.event_id",
    )
    assert (len(kept), rows(store, "SELECT count(*) FROM errands")) == (waiting, [(waiting,)])
    store.close()
