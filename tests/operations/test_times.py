from __future__ import annotations

import pytest

from bridge.errors import UsageError
from bridge.operations.times import ago, iso, iso_or_none, moment
from bridge.text.render import english
from bridge.text.times import clock

NOW = 1_778_423_283_412


def test_times_are_written_in_utc_with_milliseconds() -> None:
    assert iso(NOW) == "2026-05-10T14:28:03.412Z"
    assert clock(NOW) == "2026-05-10 14:28:03"
    assert iso_or_none(0) is None
    assert iso_or_none(NOW) == "2026-05-10T14:28:03.412Z"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"),
        (1, "1 s ago"),
        (119, "1 min ago"),
        (7200, "2 h ago"),
        (200_000, "2 d ago"),
        (-300, "in 5 min"),
    ],
)
def test_a_distance_is_its_largest_whole_unit(seconds: int, said: str) -> None:
    assert english(ago(NOW - seconds * 1000, NOW)) == said


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("90m", "2026-05-10T12:58:03.412Z"),
        ("7d", "2026-05-03T14:28:03.412Z"),
        ("14:28", "2026-05-10T14:28:00.000Z"),
        ("14:29", "2026-05-09T14:29:00.000Z"),
        ("9:05", "2026-05-10T09:05:00.000Z"),
        ("22:00:30", "2026-05-09T22:00:30.000Z"),
        ("17:20+03:00", "2026-05-10T14:20:00.000Z"),
        ("01:00+12:00", "2026-05-10T13:00:00.000Z"),
        ("2026-05-01", "2026-05-01T00:00:00.000Z"),
        ("2026-05-01T10:30", "2026-05-01T10:30:00.000Z"),
        ("2026-05-01T10:30+03:00", "2026-05-01T07:30:00.000Z"),
        ("2026-05-01T10:30:05Z", "2026-05-01T10:30:05.000Z"),
    ],
)
def test_a_moment_is_a_span_before_now_or_a_time(text: str, read: str) -> None:
    assert iso(moment(text, NOW, "--since")) == read


def test_what_is_no_time_is_refused_with_examples() -> None:
    with pytest.raises(UsageError) as caught:
        moment("yesterday", NOW, "--since")
    assert caught.value.message == '--since is "yesterday", expected a time span or a time'
    assert caught.value.hint == ("for example 90m, 7d, 22:00, 2026-05-10 or 2026-05-10T14:30+03:00")
