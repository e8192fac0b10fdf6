"""A length of time as a reason: its largest whole unit."""

from __future__ import annotations

from typing import Final

from bridge.reasons.reason import GeneralCode, Reason

_UNITS: Final = (
    (86_400_000, GeneralCode.DAYS),
    (3_600_000, GeneralCode.HOURS),
    (60_000, GeneralCode.MINUTES),
    (1000, GeneralCode.SECONDS),
)


def span(milliseconds: int) -> Reason:
    """`3 min`; below a second in milliseconds."""
    for length, unit in _UNITS:
        if milliseconds >= length:
            return Reason(unit, number=milliseconds // length)
    if milliseconds > 0:
        return Reason(GeneralCode.MILLISECONDS, number=milliseconds)
    return Reason(GeneralCode.SECONDS, number=0)
