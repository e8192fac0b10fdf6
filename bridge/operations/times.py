"""Formats and parses points in time. Stored times are unix milliseconds; all texts are UTC."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from bridge.errors import UsageError
from bridge.language.durations import duration
from bridge.reasons.commands import CommandCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.reasons.span import span


def iso(at: int) -> str:
    """`2026-05-10T14:27:54.031Z`."""
    moment = datetime.fromtimestamp(at // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def iso_or_none(at: int) -> str | None:
    """The time, or None for 0, which means "not yet"."""
    return iso(at) if at else None


def ago(at: int, now: int) -> Reason:
    """`12 s ago`, `3 d ago`, `in 5 min`: the largest whole unit."""
    apart = abs(now - at)
    if apart < 1000:
        return Reason(CommandCode.NOW)
    return Reason(CommandCode.FROM_NOW if at > now else CommandCode.AGO, span=span(apart))


def moment(text: str, now: int, name: Reason | str) -> int:
    """Read `7d` (that long before `now`), `22:00` (the last one before `now`), a date or a date and time.

    Raises UsageError.
    """
    seconds = duration(text)
    if seconds is not None:
        return now - seconds * 1000
    if ":" in text[:3]:
        text = _latest(text, now) or text
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            Reason(ErrorCode.TIME_WRONG, name=name, found=text), Reason(ErrorCode.TIME_EXAMPLES)
        ) from None
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)


def _latest(text: str, now: int) -> str | None:
    """The last moment before `now` with this time of day; None if the text is not one."""
    try:
        read = time.fromisoformat(text if text[2:3] == ":" else f"0{text}")
    except ValueError:
        return None
    zone = read.tzinfo or UTC
    there = datetime.fromtimestamp(now / 1000, zone)
    today = datetime.combine(there.date(), read.replace(tzinfo=zone))
    return (today if today <= there else today - timedelta(days=1)).isoformat()
