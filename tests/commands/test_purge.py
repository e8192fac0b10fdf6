from __future__ import annotations

import pytest

from tests.commands.conftest import Office


@pytest.fixture
def finished(office: Office) -> Office:
    """Event 1 is finished, event 2 has a call that waits."""
    office.webhook(id="a")
    office.settle("done")
    office.webhook(id="b")
    return office


def test_nothing_young_is_forgotten(finished: Office) -> None:
    ran = finished.run("purge")
    assert ran.code == 0
    assert ran.out == "purged: the payloads of 0 events, and 0 events with all calls and attempts\n"


def test_payloads_go_first_and_the_story_stays(finished: Office) -> None:
    ran = finished.run("purge", "--bodies-after", "0s")
    assert ran.out.startswith("purged: the payloads of 1 event, and 0 events with")
    told = finished.run("explain", "1")
    assert "  the webhook's bytes are purged" in told.lines
    assert "✓ paid: matched" in told.lines
    assert "call 1 by rule paid: done" in told.lines


def test_what_is_not_final_stays_however_old(finished: Office) -> None:
    finished.run("purge", "--bodies-after", "0s", "--rows-after", "0s")
    assert [event["id"] for event in finished.run("events", "--json").json] == [2]
    assert finished.run("explain", "2", "--json").json["document"]["name"] == "Мария"


def test_a_purged_event_cannot_be_replayed_and_says_so(finished: Office) -> None:
    finished.run("purge", "--bodies-after", "0s")
    ran = finished.run("replay", "1")
    assert ran.code == 1
    assert ran.lines == ["event 1: its payload is purged"]
    assert finished.run("replay", "1", "--rules", "original", "--again").code == 0


def test_a_span_must_be_one(finished: Office) -> None:
    ran = finished.run("purge", "--rows-after", "soon")
    assert ran.code == 2
    assert 'expected a span such as 90m, 24h or 30d, found "soon"' in ran.err
