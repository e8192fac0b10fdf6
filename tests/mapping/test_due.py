"""Due times: times of day and instants, in all zones, across changes of the clock, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.language.text import Unusable
from bridge.language.zones import UnknownZone, load_zone, zone_names
from bridge.mapping.rules.due import (
    Due,
    TimeOfDay,
    instant,
    read_instant,
    shown_due,
    time_of_day,
    within_reach,
)
from bridge.model import Json
from bridge.text.render import english

DAY = 86_400_000
MOMENTS = st.integers(min_value=0, max_value=4_102_444_800_000)
"""From 1970 to 2100."""
CLOCKS = st.builds(TimeOfDay, st.integers(0, 23), st.integers(0, 59), st.booleans())
BERLIN, MOSCOW = "Europe/Berlin", "Europe/Moscow"


@cache
def zones() -> list[str]:
    return sorted(zone_names())


ZONES = st.deferred(lambda: st.sampled_from(zones()).map(load_zone))


def at(text: str) -> int:
    found = read_instant(text)
    assert found is not None
    return found


def local(moment: int, zone: ZoneInfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment)).astimezone(zone)


def next_at(time: str, received: str, zone: str, *, next_day: bool = False) -> str:
    clock = time_of_day(time, next_day=next_day)
    assert clock is not None
    return shown_due(*clock.after(at(received), load_zone(zone)))


@given(CLOCKS, MOMENTS, ZONES)
def test_a_time_of_day_is_the_next_one_that_the_clock_shows(
    clock: TimeOfDay, received: int, zone: ZoneInfo
) -> None:
    due, name = clock.after(received, zone)
    assert name == zone.key
    assert received < due <= received + 3 * DAY
    shown, before = local(due, zone), local(received, zone)
    asked = shown.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    exists = asked.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == asked.replace(tzinfo=None)
    if exists:
        assert (shown.hour, shown.minute, shown.fold) == (clock.hour, clock.minute, 0)
    else:
        assert shown.replace(tzinfo=None) > asked.replace(tzinfo=None)
    if clock.next_day:
        assert shown.date() > before.date()


@given(CLOCKS, MOMENTS, ZONES)
def test_no_earlier_day_would_do(clock: TimeOfDay, received: int, zone: ZoneInfo) -> None:
    due = clock.after(received, zone).at
    day_before = local(due, zone).replace(tzinfo=None) - timedelta(days=1)
    earlier = datetime.combine(
        day_before.date(), day_before.time().replace(hour=clock.hour, minute=clock.minute), zone
    )
    first = local(received, zone).date() + timedelta(days=int(clock.next_day))
    passed = earlier.timestamp() * 1000 <= received
    assert passed or earlier.date() < first or earlier.astimezone(UTC) == local(due, zone).astimezone(UTC)


@given(MOMENTS, ZONES)
def test_an_instant_means_the_same_in_each_spelling(moment: int, zone: ZoneInfo) -> None:
    shown = local(moment, zone)
    whole = moment // 1000 * 1000
    assert instant(f"{whole // 1000}.0", lambda: zone) == (whole, "")
    if shown.utcoffset() == timedelta(minutes=(shown.utcoffset() or timedelta()) // timedelta(minutes=1)):
        assert instant(shown.isoformat(), lambda: zone) == (moment, "")
    naive = instant(shown.replace(tzinfo=None).isoformat(), lambda: zone)
    assert naive.zone == zone.key
    assert naive.at in {moment, moment - overlap(shown)}


def overlap(shown: datetime) -> int:
    """By how much the first of two equal local times is earlier."""
    first = shown.replace(fold=0).utcoffset() or timedelta()
    return (first - (shown.utcoffset() or timedelta())) // timedelta(milliseconds=1)


@given(MOMENTS, st.integers(0, 999_999), ZONES)
def test_a_fraction_of_a_millisecond_is_rounded_up(moment: int, micro: int, zone: ZoneInfo) -> None:
    exact = local(moment, load_zone("UTC")).replace(microsecond=micro)
    due = instant(exact.isoformat(), lambda: zone).at
    distance = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=due) - exact
    assert timedelta() <= distance < timedelta(milliseconds=1)


def tried(value: Json, zone: str) -> Due | str:
    """The due time of a value, or why there is none."""
    try:
        return instant(value, lambda: load_zone(zone))
    except Unusable as error:
        return english(error.reason)


@given(st.text(max_size=30) | st.integers() | st.booleans() | st.none() | st.lists(st.integers()))
def test_junk_is_refused_and_nothing_else_happens(value: Json) -> None:
    found = tried(value, BERLIN)
    assert found
    assert isinstance(found, str) or within_reach(found, 0).at >= 1


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00", "9999-12-31T23:59-14:00", "9999-12-31T23:59:59.999999", "999999999999999"]
)
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_time_are_refused_or_shown(text: str, zone: str) -> None:
    found = tried(text, zone)
    shown = shown_due(found.at, zone) if isinstance(found, Due) else found
    assert shown.startswith(("0001-01-01T", "9999-12-3")) or shown.endswith(
        ("is a time out of range", "are read as they are")
    )


def test_all_zones_of_the_world_are_tried() -> None:
    hours = {
        (local(1_782_000_000_000, load_zone(name)).utcoffset() or timedelta()) / timedelta(hours=1)
        for name in zones()
    }
    assert (min(hours), max(hours)) == (-12, 14)


@pytest.mark.parametrize(
    ("time", "received", "zone", "wanted"),
    [
        ("10:00", "2026-11-30T09:59:59+03:00", MOSCOW, "2026-11-30T10:00:00+03:00"),
        ("10:00", "2026-11-30T10:00+03:00", MOSCOW, "2026-12-01T10:00:00+03:00"),
        ("9:05", "2026-11-30T10:00+03:00", MOSCOW, "2026-12-01T09:05:00+03:00"),
        ("00:00", "2026-12-31T23:59+03:00", MOSCOW, "2027-01-01T00:00:00+03:00"),
        ("10:00", "2024-02-28T12:00+03:00", MOSCOW, "2024-02-29T10:00:00+03:00"),
        # 29 March 2026: 02:00 becomes 03:00.
        ("02:30", "2026-03-28T12:00+01:00", BERLIN, "2026-03-29T03:30:00+02:00"),
        ("02:30", "2026-03-29T03:10+02:00", BERLIN, "2026-03-29T03:30:00+02:00"),
        ("02:30", "2026-03-29T03:30+02:00", BERLIN, "2026-03-30T02:30:00+02:00"),
        # 25 October 2026: 03:00 becomes 02:00.
        ("02:30", "2026-10-24T12:00+02:00", BERLIN, "2026-10-25T02:30:00+02:00"),
        ("02:30", "2026-10-25T02:30+02:00", BERLIN, "2026-10-26T02:30:00+01:00"),
        ("02:30", "2026-10-25T02:10+01:00", BERLIN, "2026-10-26T02:30:00+01:00"),
        # 28 March and 31 October 2027, likewise.
        ("02:30", "2027-03-27T12:00+01:00", BERLIN, "2027-03-28T03:30:00+02:00"),
        ("02:30", "2027-03-28T03:30+02:00", BERLIN, "2027-03-29T02:30:00+02:00"),
        ("02:30", "2027-10-30T12:00+02:00", BERLIN, "2027-10-31T02:30:00+02:00"),
        ("02:30", "2027-10-31T02:30+02:00", BERLIN, "2027-11-01T02:30:00+01:00"),
        # Samoa left out 30 December 2011.
        ("10:00", "2011-12-29T11:00-10:00", "Pacific/Apia", "2011-12-31T10:00:00+14:00"),
    ],
)
def test_the_next_time_of_day(time: str, received: str, zone: str, wanted: str) -> None:
    assert next_at(time, received, zone) == wanted


@pytest.mark.parametrize(
    ("received", "wanted"),
    [
        ("2026-11-30T00:20+03:00", "2026-12-01T10:00:00+03:00"),
        ("2026-11-30T23:40+03:00", "2026-12-01T10:00:00+03:00"),
        ("2026-11-30T21:40Z", "2026-12-02T10:00:00+03:00"),
    ],
)
def test_the_next_day_is_that_of_the_calendar(received: str, wanted: str) -> None:
    assert next_at("10:00", received, MOSCOW, next_day=True) == wanted


@pytest.mark.parametrize("text", ["24:00", "10", "10:60", "10:0", "1000", "", "10:00:00", "٠٩:00", " 9:00"])
def test_another_text_is_no_time_of_day(text: str) -> None:
    assert time_of_day(text, next_day=False) is None


@pytest.mark.parametrize(
    ("value", "wanted", "zone"),
    [
        ("2026-12-01T10:00", "2026-12-01T10:00:00+01:00", BERLIN),
        ("2026-12-01 10:00:00", "2026-12-01T10:00:00+01:00", BERLIN),
        ("2026-12-01", "2026-12-01T00:00:00+01:00", BERLIN),
        ("20261201", "2026-12-01T00:00:00+01:00", BERLIN),
        ("2026-12-01T10:00Z", "2026-12-01T10:00:00+00:00", ""),
        ("2026-12-01T10:00+03:00", "2026-12-01T07:00:00+00:00", ""),
        ("2026-12-01T10:00 UTC", "2026-12-01T10:00:00+00:00", ""),
        (1_796_000_000, "2026-11-30T00:53:20+00:00", ""),
        ("1796000000.5", "2026-11-30T00:53:20.500+00:00", ""),
        (1_796_000_000_123, "2026-11-30T00:53:20.123+00:00", ""),
        ("2026-03-29T02:30", "2026-03-29T03:30:00+02:00", BERLIN),
        ("2026-10-25T02:30", "2026-10-25T02:30:00+02:00", BERLIN),
    ],
)
def test_an_instant_in_each_spelling(value: Json, wanted: str, zone: str) -> None:
    found = instant(value, lambda: load_zone(BERLIN))
    assert (shown_due(*found), found.zone) == (wanted, zone)


def test_four_hundred_days_are_the_most() -> None:
    received = at("2026-11-30T12:00Z")
    assert within_reach(Due(received + 400 * DAY, ""), received).at == received + 400 * DAY
    with pytest.raises(Unusable) as caught:
        within_reach(Due(received + 400 * DAY + 1, MOSCOW), received)
    assert english(caught.value.reason) == (
        "2028-01-04T15:00:00.001+03:00 is more than 400 days after receipt"
    )
    assert within_reach(Due(received, ""), 0).at == received


def test_four_hundred_days_back_are_the_most() -> None:
    received = at("2026-11-30T12:00Z")
    assert within_reach(Due(received - 400 * DAY, ""), received).at == received - 400 * DAY
    with pytest.raises(Unusable) as caught:
        within_reach(Due(received - 400 * DAY - 1, ""), received)
    assert english(caught.value.reason) == (
        "2025-10-26T11:59:59.999+00:00 is more than 400 days before receipt"
    )
    assert within_reach(Due(1, ""), 0) == (1, "")


@pytest.mark.parametrize("value", [10, "10", 2027, Decimal("0"), "999999999"])
def test_an_hour_or_a_year_is_no_unix_time(value: Json) -> None:
    with pytest.raises(Unusable) as caught:
        instant(value, lambda: load_zone(MOSCOW))
    assert "is read as a unix time, " in english(caught.value.reason)


@pytest.mark.parametrize("value", [1_000_000_000, 1_796_000_000_123, "20261201", "1960-01-01"])
def test_other_times_are_read(value: Json) -> None:
    assert instant(value, lambda: load_zone("UTC"))


@pytest.mark.parametrize("text", ["2026-12-01T10:00", "10:00", "tomorrow", "", "1796000000"])
def test_the_time_of_a_test_has_an_offset(text: str) -> None:
    assert read_instant(text) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Moskow", 'did you mean "Europe/Moscow"?'),
        ("Moscow", 'did you mean "Europe/Moscow"?'),
        ("MSK", "write it as Europe/Moscow"),
        ("UTC+3", "write it as Europe/Moscow"),
    ],
)
def test_an_unknown_zone_has_a_hint(name: str, hint: str) -> None:
    with pytest.raises(UnknownZone) as caught:
        load_zone(name)
    assert english(caught.value.reason) == f'unknown time zone "{name}"; {hint}'
