"""Figures, times and names as the console shows them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

TONES: Final = {
    **dict.fromkeys(("done", "matched", "closed", "retried"), "good"),
    **dict.fromkeys(("refused", "exhausted", "expired", "failed", "unreadable", "open", "error"), "bad"),
    **dict.fromkeys(("uncertain", "paused", "trial", "pause", "retry", "warning"), "warn"),
    **dict.fromkeys(("queued", "waiting"), "info"),
    **dict.fromkeys(("claimed", "sending"), "busy"),
}
"""The colour of a badge by the state it shows; any other state is `idle`."""


def tone(state: str) -> str:
    """Of a badge: good, bad, warn, info, busy or idle."""
    return TONES.get(state, "idle")


def size(number: int) -> tuple[str, str]:
    """Bytes as a figure and its unit: B, KB, MB."""
    if number < 1000:
        return str(number), "B"
    for unit, limit in (("KB", 1_000_000), ("MB", 1_000_000_000)):
        if number < limit:
            return f"{number / (limit / 1000):.1f}", unit
    return f"{number / 1_000_000_000:.1f}", "GB"


def instant(milliseconds: int) -> str:
    """For `datetime=`: 2026-11-27T13:51:33.123Z. Empty for what no calendar has."""
    moment = _moment(milliseconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z" if moment else ""


def clock(milliseconds: int) -> str:
    """For who reads without a script: 2026-11-27 13:51:33 UTC."""
    moment = _moment(milliseconds)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else str(milliseconds)


def tick(milliseconds: int, manner: str) -> str:
    """Below a chart, for who reads without a script: `14:05` by the hour, `27.11` by the date."""
    moment = _moment(milliseconds)
    return "" if moment is None else f"{moment:%d.%m}" if manner == "date" else f"{moment:%H:%M}"


def _moment(milliseconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds // 1000, UTC)
    except (ValueError, OSError, OverflowError):
        return None
