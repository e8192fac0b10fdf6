"""Repeats for people: what differs in them, and what can be done about it."""

from __future__ import annotations

from typing import Final

from bridge.store.repeat_views import KeptRepeat
from bridge.store.repeats import Difference

_CONTENT: Final[dict[Difference, str]] = {
    "none": "same content",
    "content": "other content, the rules make the same of it",
    "outcome": "other content, the rules would make something else of it",
    "unknown": "not compared, the payload of the event is purged",
}


def content(one: KeptRepeat) -> str:
    """How it differs from its event, and what became of it."""
    if one.taken_as:
        return f"other content, taken as event {one.taken_as}"
    return _CONTENT[one.difference]
