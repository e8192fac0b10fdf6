"""Durations as mapping files have them: `90s`, `10m`, `24h`, `30d`; and what people write in their place."""

from __future__ import annotations

import re
from typing import Final

UNITS: Final = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
"""Seconds of each unit."""
_WORDS: Final = (
    (("w", "week", "weeks"), ("нед",), 7 * 86_400),
    (("d", "day", "days", "д"), ("дн", "день", "сут"), 86_400),
    (("h", "hr", "hrs", "hour", "hours", "ч"), ("час",), 3600),
    (("m", "min", "mins", "minute", "minutes", "м"), ("мин",), 60),
    (("s", "sec", "secs", "second", "seconds", "с"), ("сек",), 1),
)
"""Words for a unit, beginnings of such words, and its seconds."""
_PART: Final = re.compile(r"([0-9]{1,9})\s*([a-zа-я]+)\.?\s*(?:and |и )?")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::([0-5][0-9]))?")
_ISO: Final = re.compile(r"p(?:\d+[wd])?t?(?:\d+[hms])*")


def duration(text: str) -> int | None:
    """Seconds of "90s", "10m", "24h" or "30d"; None if the text is not a duration."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    return int(match[1]) * UNITS[match[2]] if match else None


def written(seconds: int) -> str:
    """The seconds in the largest unit that divides them: `36h`, `90s`."""
    return next(f"{seconds // size}{unit}" for unit, size in UNITS.items() if seconds % size == 0)


def meant(text: str) -> str | None:
    """The duration that a text like "1 hour", "1h30m", "2 дня", "PT1H" or "1:30" means, as files have it.

    None if it means none.
    """
    plain = text.strip().lower()
    if _ISO.fullmatch(plain):
        plain = plain[1:].replace("t", "", 1)
    seconds = _of_clock(plain) if ":" in plain else _of_words(plain)
    return written(seconds) if seconds else None


def _of_clock(text: str) -> int:
    match = _CLOCK.fullmatch(text)
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0) if match else 0


def _of_words(text: str) -> int:
    """Seconds of numbers with units; 0 if it is something else."""
    seconds = place = 0
    while part := _PART.match(text, place):
        size = next(
            (size for words, roots, size in _WORDS if part[2] in words or part[2].startswith(roots)), 0
        )
        if not size:
            return 0
        seconds, place = seconds + int(part[1]) * size, part.end()
    return seconds if place == len(text) else 0
