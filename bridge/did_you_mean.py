"""The nearest known name, for messages about one that is not known."""

from __future__ import annotations

from difflib import get_close_matches

from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason


def suggestion(name: str, known: list[str] | tuple[str, ...]) -> Reason | None:
    """The tail of a message that proposes the nearest known name; None where none is near."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return Reason(FindingCode.DID_YOU_MEAN, name=near[0]) if near else None
