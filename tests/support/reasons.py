"""Reasons for tests in which only the words matter."""

from __future__ import annotations

from bridge.reasons.reason import GeneralCode, Reason
from bridge.reasons.stored import from_text
from bridge.text.render import english


def because(text: str) -> Reason:
    """A reason with these words in every language."""
    return Reason(GeneralCode.VERBATIM, text=text)


def read(stored: str) -> str:
    """What a column with a reason says, in English."""
    return english(from_text(stored))
