"""Time zones of the IANA database by name, for files and for values of events."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bridge.did_you_mean import suggestion
from bridge.errors import BridgeError
from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason


class UnknownZone(BridgeError):
    """No time zone has this name."""


def load_zone(name: str) -> ZoneInfo:
    """The zone that a file names; raises UnknownZone with a similar name, which is slow."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        places = sorted(one for one in zone_names() if "/" in one)  # Not MST for MSK.
        hint = suggestion(name, places) or Reason(FindingCode.HINT_ZONE)
        raise UnknownZone(Reason(FindingCode.UNKNOWN_ZONE, zone=name, hint=hint)) from error


@cache
def zone_names() -> frozenset[str]:
    """The names of all zones. The first call reads every file of the database: 50 ms."""
    return frozenset(available_timezones())


@cache
def known_zone(name: str) -> ZoneInfo:
    """The zone that an event names. The name must be one of `zone_names`, so that each is read once."""
    return ZoneInfo(name)
