"""Time formats, implemented here so that the machine's locale does not change them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from bridge.errors import BridgeError
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason

MAX_FORMAT = 200

_DIRECTIVE = re.compile(r"%(-?[A-Za-z]|%)|%")

_NAMES = {
    "en": (
        "January February March April May June July August September October November December",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Mon Tue Wed Thu Fri Sat Sun",
    ),
    "ru": (
        "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "янв фев мар апр мая июн июл авг сен окт ноя дек",
        "понедельник вторник среда четверг пятница суббота воскресенье",
        "пн вт ср чт пт сб вс",
    ),
}
LANGUAGES = tuple(_NAMES)

Formatter = Callable[[datetime], str]


class FormatError(BridgeError):
    """An invalid format; the reason says why."""


def compile_format(text: str, language: str = "en") -> Formatter:
    """Compile a strftime format to a function that formats a time. Raises FormatError.

    `%-d`, `%-m`, `%-H` have no leading zero. "iso" and "unix" are complete formats.
    """
    if text in _WHOLE:
        return _WHOLE[text]
    if not text or len(text) > MAX_FORMAT:
        raise FormatError(Reason(FindingCode.FORMAT_LENGTH, limit=MAX_FORMAT, length=len(text)))
    parts = _parts(text, _directives(language))
    return lambda time: "".join(part if isinstance(part, str) else part(time) for part in parts)


def _parts(text: str, directives: dict[str, Formatter]) -> list[str | Formatter]:
    parts: list[str | Formatter] = []
    position = 0
    for match in _DIRECTIVE.finditer(text):
        directive = directives.get(match[1] or "")
        if directive is None:
            known = _known(directives)
            raise FormatError(Reason(FindingCode.UNKNOWN_DIRECTIVE, directive=match[0], known=known))
        parts += [text[position : match.start()], directive]
        position = match.end()
    return [*parts, text[position:]]


def _known(directives: dict[str, Formatter]) -> tuple[str, ...]:
    return tuple(f"%{name}" for name in directives if not name.startswith("-"))


def _directives(language: str) -> dict[str, Formatter]:
    months, short_months, days, short_days = (names.split() for names in _NAMES[language])
    return {
        **_NUMERIC,
        "B": lambda time: months[time.month - 1],
        "b": lambda time: short_months[time.month - 1],
        "A": lambda time: days[time.weekday()],
        "a": lambda time: short_days[time.weekday()],
    }


_NUMERIC: dict[str, Formatter] = {
    "d": lambda time: f"{time.day:02}",
    "-d": lambda time: f"{time.day}",
    "m": lambda time: f"{time.month:02}",
    "-m": lambda time: f"{time.month}",
    "Y": lambda time: f"{time.year:04}",
    "y": lambda time: f"{time.year % 100:02}",
    "H": lambda time: f"{time.hour:02}",
    "-H": lambda time: f"{time.hour}",
    "I": lambda time: f"{(time.hour + 11) % 12 + 1:02}",
    "-I": lambda time: f"{(time.hour + 11) % 12 + 1}",
    "p": lambda time: "AM" if time.hour < 12 else "PM",
    "M": lambda time: f"{time.minute:02}",
    "S": lambda time: f"{time.second:02}",
    "f": lambda time: f"{time.microsecond:06}",
    "z": lambda time: f"{time:%z}",
    "Z": lambda time: time.tzname() or "",
    "j": lambda time: f"{time.timetuple().tm_yday:03}",
    "u": lambda time: f"{time.isoweekday()}",
    "V": lambda time: f"{time.isocalendar().week:02}",
    "G": lambda time: f"{time.isocalendar().year:04}",
    "F": lambda time: f"{time:%Y-%m-%d}",
    "T": lambda time: f"{time:%H:%M:%S}",
    "s": lambda time: f"{int(time.timestamp())}",
    "%": lambda _: "%",
}
_WHOLE: dict[str, Formatter] = {
    "iso": lambda time: time.isoformat(timespec="seconds"),
    "unix": _NUMERIC["s"],
}
