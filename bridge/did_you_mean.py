"""The nearest known name, for messages about one that is not known."""

from __future__ import annotations

from difflib import get_close_matches


def suggestion(name: str, known: list[str] | tuple[str, ...]) -> str:
    """The tail of a message that proposes the nearest known name; empty where none is near."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
