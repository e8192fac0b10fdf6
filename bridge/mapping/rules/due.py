"""When a start is due: instants, times of day, time zones. Reads no clock; times are unix milliseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bridge.language.functions.base import quote
from bridge.language.functions.dates import read_time
from bridge.language.text import Unusable, text_of
from bridge.language.zones import known_zone
from bridge.model import Json
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

LONGEST_DAYS = 400
"""How far ahead of its event's receipt a start may be due, or how long before."""

UNLIMITED = LONGEST_DAYS * 86_400
"""Seconds of an `at_most` that limits nothing: no start is due later."""

_LONGEST = LONGEST_DAYS * 86_400_000
_FIRST_UNIX = 1_000_000_000_000
"""September 2001. A number that gives an earlier time is an hour or a year, not a unix time."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class Due(NamedTuple):
    """When a start is due, and the zone that decided it; an empty zone if none did."""

    at: int
    """At least 1: a start that is due at 0 is due at once."""
    zone: str


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of day, whose next occurrence is meant."""

    hour: int
    minute: int
    next_day: bool = False
    """Whether only the following calendar day is meant, even if the time is still to come today."""

    def after(self, received_at: int, zone: ZoneInfo) -> Due:
        """Its first occurrence after this moment. Raises Unusable if it is out of range."""
        try:
            today = (_EPOCH + received_at * _MILLISECOND).astimezone(zone).date()
            days = range(int(self.next_day), 4)
            found = (_wall_clock(today + timedelta(days=one), self, zone) for one in days)
            return Due(max(1, next(at for at in found if at > received_at)), zone.key)
        except (OverflowError, ValueError) as error:
            raise Unusable(Reason(RuleCode.TIME_OUT_OF_RANGE, found=str(received_at))) from error


def time_of_day(text: str, *, next_day: bool) -> TimeOfDay | None:
    """Read 09:30; None for any other text."""
    match = _TIME.fullmatch(text)
    return TimeOfDay(int(match[1]), int(match[2]), next_day) if match else None


def instant(value: Json, zone: Callable[[], ZoneInfo]) -> Due:
    """The instant of ISO 8601 or a unix time; one without an offset is read in the zone.

    A local time that does not exist moves forward, one that exists twice is the first of both. Raises
    Unusable, also for an hour or a year alone.
    """
    try:
        read = read_time(value)
        if read.tzinfo:
            due = Due(_milliseconds(read), "")
            if due.at < _FIRST_UNIX and text_of(value).strip().isdecimal():
                raise Unusable(Reason(RuleCode.UNIX_TOO_OLD, found=text_of(value), due=shown_due(due.at, "")))
            return due
        where = zone()
        return Due(_milliseconds(read.replace(tzinfo=where)), where.key)
    except (OverflowError, ValueError) as error:
        raise Unusable(Reason(RuleCode.TIME_OUT_OF_RANGE, found=quote(value))) from error


def within_reach(due: Due, received_at: int, *, skips_past: bool = False) -> Due:
    """The same, at least 1. Raises Unusable if it is too far ahead of receipt, or back and not skipped.

    Nothing is checked if the time of receipt is unknown, 0.
    """
    is_past = due.at < received_at
    if received_at and abs(due.at - received_at) > _LONGEST and not (is_past and skips_past):
        code = RuleCode.DUE_TOO_OLD if is_past else RuleCode.DUE_TOO_FAR
        raise Unusable(Reason(code, due=shown_due(due.at, due.zone), count=LONGEST_DAYS))
    return due._replace(at=max(1, due.at))


def read_instant(text: str) -> int | None:
    """Unix milliseconds of an ISO 8601 time with its offset; None for any other text."""
    try:
        read = datetime.fromisoformat(text)
        return _milliseconds(read) if read.tzinfo else None
    except (OverflowError, ValueError):
        return None


def shown_due(at: int, zone: str) -> str:
    """The moment in ISO 8601, as the wall clock of the zone shows it, or in UTC without one."""
    moment = _EPOCH + at * _MILLISECOND
    with suppress(OverflowError):  # The last hours of the year 9999 are shown in UTC.
        moment = moment.astimezone(known_zone(zone)) if zone else moment
    return moment.isoformat(timespec="milliseconds" if at % 1000 else "seconds")


def _wall_clock(day: date, clock: TimeOfDay, zone: ZoneInfo) -> int:
    return _milliseconds(datetime.combine(day, time(clock.hour, clock.minute), tzinfo=zone))


def _milliseconds(moment: datetime) -> int:
    """Unix milliseconds, rounded up: a start is never early. With `fold=0` an ambiguous time is the first."""
    return -((_EPOCH - moment.astimezone(UTC)) // _MILLISECOND)
