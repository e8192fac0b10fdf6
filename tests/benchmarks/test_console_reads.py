"""The benchmark of the console's reads asks what it says, on a small scale."""

from __future__ import annotations

import re

import pytest

from benchmarks import console_reads
from benchmarks.common import console
from benchmarks.common.past import fill, phone
from bridge.model import State
from bridge.store.db.engine import Store
from bridge.store.reports import call_views, event_views, search, trends
from bridge.store.reports.call_views import CallFilter
from bridge.store.reports.event_views import EventFilter
from bridge.store.reports.pagination import Page
from bridge.store.reports.trends import Span


def test_the_past_that_is_made_is_one_that_every_read_understands(store: Store) -> None:
    past = fill(store, 1_500)
    assert past.events == 1_500
    with store.read() as connection:
        line = event_views.event(connection, 1_234)
        assert line.event
        assert line.event.document["object"]["id"] == "order-1234"
        assert [call.id for call in call_views.calls_of(connection, 1_234)] == [1_234]
        queued = call_views.count_calls(connection, CallFilter(states=(State.QUEUED,)))
        assert queued.many == trends.live(connection) > 0
        week = trends.over_time(connection, past.now, Span.WEEK)
        assert 1_400 < sum(one.received for one in week) <= 1_500
        found = search.in_payloads(connection, EventFilter(search=phone(700)), Page())
        assert 700 in [one.id for one in found.items]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_it_prints_what_each_read_takes(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--events", "300", "--reads", "2", "--runs", "1", "--seconds", "1", "--databases", database]
    assert console_reads.main(words) in (0, 1)
    out = capsys.readouterr().out
    assert f"{database}: 300 events and calls" in out
    assert all(what in out for what in (*console_reads.READS, *console.PAGES))
    assert re.search(r"accepted/s: +\d+ .* with no console open\n +\d+ .* with one: \d\.\d", out)
