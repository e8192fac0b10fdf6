"""The calculation of docs/scale.md keeps its books."""

from __future__ import annotations

import pytest

from benchmarks import scale
from benchmarks.scale import DAY, Bridge, Traffic, day, most, weight

STRONG = Bridge("strong", accepted=100, sent=100, payload=3000, rows=1000, log=8000)


@pytest.mark.parametrize("burst", [0.0, 50_000.0])
@pytest.mark.parametrize("accepted", [5.0, 20.0, 1000.0])
@pytest.mark.parametrize("sent", [5.0, 20.0, 1000.0])
def test_what_comes_is_sent_or_waits_or_was_turned_away(accepted: float, sent: float, burst: float) -> None:
    traffic = Traffic(1e6, burst=burst, calls=1.5)
    seen = day(Bridge("any", accepted, sent, 1, 1, 1), traffic)
    came = sum(traffic.rate(second) for second in range(DAY))
    assert seen.accepted + seen.turned_away == pytest.approx(came)
    assert seen.sent + seen.waiting == pytest.approx(seen.accepted * 1.5)
    assert came == pytest.approx(1e6 + burst)


def test_below_the_most_nothing_waits_and_above_it_something_does() -> None:
    limit = most(STRONG)
    below, above = day(STRONG, Traffic(limit * 0.99)), day(STRONG, Traffic(limit * 1.05))
    assert (below.turned_away, below.longest_queue) == (0, 0)
    assert above.turned_away > 0


def test_a_burst_waits_as_long_as_sending_it_takes() -> None:
    slow = Bridge("slow", accepted=1000, sent=10, payload=1, rows=1, log=1)
    seen = day(slow, Traffic(0, burst=60_000))
    assert seen.longest_queue == pytest.approx(60_000 - 600 * 10, rel=0.01)
    assert seen.longest_wait == pytest.approx(5400, rel=0.01)


def test_what_is_at_rest_is_what_the_days_kept_hold() -> None:
    at_rest = weight(STRONG, Traffic(1000))
    assert at_rest.rows == 90_000
    assert at_rest.gigabytes == pytest.approx(1000 * (3000 * 30 + 1000 * 90) / 1e9)
    assert at_rest.purged_a_second == pytest.approx(3000 / DAY)


def test_it_prints_the_day_that_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale.main(["--events", "86400", "--swing", "0", "--accepted", "2"]) == 0
    assert "webhooks in the busiest second 1.0" in " ".join(capsys.readouterr().out.split())
