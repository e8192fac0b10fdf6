"""Suggests the most similar known name for an unknown one."""

from __future__ import annotations

from difflib import get_close_matches

from bridge.reasons.findings import FindingCode
from bridge.reasons.reason import Reason


def suggestion(name: str, known: list[str] | tuple[str, ...]) -> Reason | None:
    """The reason that suggests the most similar known name; None if no name is similar."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return Reason(FindingCode.DID_YOU_MEAN, name=near[0]) if near else None
