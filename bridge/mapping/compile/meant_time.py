"""Guesses what a literal `at` means that is not a time, to say what to write in its place."""

from __future__ import annotations

import re
from typing import Final

from bridge.jsonpath.path import is_path
from bridge.language import durations
from bridge.language.templates import is_template
from bridge.language.text import text_of
from bridge.mapping.rules.due import time_of_day
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason

_CLOCK: Final = re.compile(r"([0-9]{1,2})(?:[:.h]([0-9]{2}))?(?::[0-9]{2})? ?(am|pm)?")
_DAY: Final = re.compile(r"([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})(?:[ T,]+([0-9]{1,2}:[0-9]{2}))?")
_PATH: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_TOMORROW: Final = ("tomorrow", "next day", "завтра")
_FROM_NOW: Final = ("now", "in", "after", "через")


def meant_clock(text: str) -> Reason | None:
    """The time of day that a text such as "10am", "10.30" or "9" seems to mean; None if it means none."""
    if is_path(text) or is_template(text):
        return Reason(FindingCode.SAME_FOR_ALL)
    clock = _clock(text.strip().lower())
    return Reason(FindingCode.DID_YOU_MEAN, name=clock) if clock else None


def meant_time(value: Json) -> Reason | None:
    """What to write for a value of `at` that is not a time."""
    text = "" if value is None else text_of(value).strip().lower()
    day = next((word for word in _TOMORROW if word in text), "")
    rest = text.replace(day, "").replace(" at ", " ").strip() if day else text
    if clock := _clock((rest or "10:00") if day else rest):
        next_day = ", day: next" if day else ""
        return _write(f'{{time: "{clock}"{next_day}}}')
    if match := _DAY.fullmatch(text):
        date = f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
        return _write(f"{date}T{match[4]:0>5}" if match[4] else date)
    first = next((word for word in _FROM_NOW if text.startswith(word)), "")
    if found := durations.meant(text.removeprefix(first).strip().removeprefix("+")):
        return Reason(MappingCode.AFTER_MEANT, duration=found)
    if "." in text and _PATH.fullmatch(text):
        return Reason(MappingCode.PATH_MEANT, path=f"$.{text_of(value).strip()}")
    return Reason(MappingCode.TIME_OR_PATH, time='{time: "10:00"}')


def _write(text: str) -> Reason:
    return Reason(FindingCode.WRITE_THIS, text=text)


def _clock(text: str) -> str:
    """09:30 for 9.30, 9:30am; empty if the text is no time of day."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return ""
    hour = int(match[1]) % 12 + 12 * (match[3] == "pm") if match[3] else int(match[1])
    clock = f"{hour:02}:{match[2] or '00'}"
    return clock if time_of_day(clock, next_day=False) else ""
