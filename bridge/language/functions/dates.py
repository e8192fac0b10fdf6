"""The function `date`: converts ISO 8601 and unix times to text in a format and time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from bridge.language.functions.base import Arguments, Function, Step, quote, unless_blank
from bridge.language.functions.strftime import LANGUAGES, FormatError, compile_format
from bridge.language.schema import TEXT, Key, Plain
from bridge.language.text import Unusable, text_of
from bridge.language.zones import UnknownZone, load_zone
from bridge.model import Json
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason
from bridge.reasons.rules import RuleCode

_UNIX = re.compile(r"(-?[0-9]{1,13})(\.[0-9]{1,9})?")
_COMPACT = re.compile(r"([0-9]{8})([0-9]{6})?")
_ZONE = re.compile(r" {0,9}(Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})$")
_LONGEST = 100
"""Maximum length of a time. A longer text is rejected before it is parsed, which could be slow."""
_SAMPLE = datetime(2024, 5, 22, 14, 17, 18, tzinfo=UTC)
_FIRST_MILLISECONDS = 100_000_000_000
"""A unix time from this value on is in milliseconds: in seconds it would be after the year 5138."""


def moment(value: Json, naive: tzinfo = UTC) -> datetime:
    """The time of a value, always with a time zone; `naive` is the zone of times without one.

    Raises Unusable, and OverflowError or ValueError for a time out of range.
    """
    read = read_time(value)
    return read if read.tzinfo else read.replace(tzinfo=naive)


def read_time(value: Json) -> datetime:
    """The time of a value, with a time zone if the value has one.

    Reads ISO 8601 in its usual forms and unix seconds or milliseconds. Raises Unusable, and OverflowError or
    ValueError for a time out of range.
    """
    text = _bounded_text(value)
    compact = _COMPACT.fullmatch(text)
    unix = None if compact else _UNIX.fullmatch(text)
    if unix:
        return _of_unix(int(unix[1]), float(unix[2] or 0))
    try:
        return datetime.fromisoformat(_with_separator(compact) if compact else _plain(text))
    except ValueError as error:
        raise Unusable(Reason(RuleCode.NOT_TIME, found=quote(text))) from error


def _bounded_text(value: Json) -> str:
    """The text of a value that may be a time. Raises Unusable."""
    text = text_of(value).strip()
    if len(text) > _LONGEST:
        raise Unusable(Reason(RuleCode.TIME_TOO_LONG, found=quote(text), most=_LONGEST))
    return text


def _of_unix(whole: int, fraction: float) -> datetime:
    seconds = whole / 1000 if abs(whole) >= _FIRST_MILLISECONDS else whole + fraction
    return datetime.fromtimestamp(seconds, UTC)


def _with_separator(compact: re.Match[str]) -> str:
    """20240522 and 20240522141718, which are not unix times, with the T of ISO 8601."""
    return f"{compact[1]}T{compact[2]}" if compact[2] else compact[1]


def _plain(text: str) -> str:
    """The text with its zone as an offset. Raises ValueError for digits other than ASCII."""
    return _ZONE.sub(_zone, text.encode("ascii").decode())


def _zone(match: re.Match[str]) -> str:
    return "+00:00" if match[1] in {"Z", "UTC", "GMT"} else match[1]


def zone_of(arguments: Arguments, name: str) -> tzinfo | None:
    """The IANA time zone of an option; None if the option is absent. Raises UnfitError."""
    zone = arguments[name]
    if zone is None:
        return None
    try:
        return load_zone(zone)
    except UnknownZone as error:
        raise arguments.unfit(name, error.reason) from error


def _date(arguments: Arguments) -> Step:
    try:
        formatted = compile_format(arguments.main, arguments["language"])
    except FormatError as error:
        raise arguments.unfit("date", error.reason) from error
    shown, naive = zone_of(arguments, "tz"), zone_of(arguments, "from_tz") or UTC
    read = _reader(arguments, naive)

    def date(value: Json) -> str:
        try:
            time = read(value)
            return formatted(time.astimezone(shown) if shown else time)
        except (OverflowError, ValueError) as error:
            raise Unusable(Reason(RuleCode.TIME_OUT_OF_RANGE, found=quote(value))) from error

    return unless_blank(date)


def _reader(arguments: Arguments, naive: tzinfo) -> Callable[[Json], datetime]:
    """A function that reads times: by the format in `from`, or as ISO 8601 or unix time."""
    form = arguments["from"]
    if form is None:
        return lambda value: moment(value, naive)
    if not _readable(form):
        raise arguments.unfit("from", Reason(FindingCode.FORM_NOT_READABLE, form=form))

    def read(value: Json) -> datetime:
        text = _bounded_text(value)
        try:
            time = datetime.strptime(text, form)
        except ValueError as error:
            raise Unusable(Reason(RuleCode.NOT_TIME_OF_FORM, found=quote(text), form=form)) from error
        return time if time.tzinfo else time.replace(tzinfo=naive)

    return read


def _readable(form: str) -> bool:
    """Whether strptime can read what strftime writes in this format."""
    try:
        datetime.strptime(_SAMPLE.strftime(form), form)
    except (ValueError, re.error):
        return False
    return True


DATES = (
    Function(
        "date",
        "writes a time in a strftime format, or as `iso` or `unix`",
        _date,
        argument=TEXT,
        required=True,
        options=(
            Key("tz", TEXT, "time zone of the result, such as Europe/Moscow; by default that of the value"),
            Key("from_tz", TEXT, "time zone of values without one; UTC by default"),
            Key("from", TEXT, "strptime format of the value, if it is not ISO 8601 or unix"),
            Key(
                "language", Plain("text", LANGUAGES), "language of the names of months and days", default="en"
            ),
        ),
    ),
)
