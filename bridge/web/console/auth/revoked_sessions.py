"""Who logged out: a session is over for all processes, though its cookie would still be good."""

from __future__ import annotations

from typing import Final

from bridge.store.queue.due_calls import Transaction
from bridge.store.state import key_value

NOTE: Final = "console/ended/"
"""Followed by the session's id; the note is the time until which its cookie could be shown again."""


def end(connection: Transaction, now: int, session: str, lifetime: int) -> None:
    """The session is over; those that are too old to matter are forgotten. Times are milliseconds."""
    key_value.delete(connection, NOTE, _written(now))
    key_value.write(connection, f"{NOTE}{session}", _written(now + lifetime))


def is_over(connection: Transaction, session: str) -> bool:
    """Whether somebody logged out of it."""
    return key_value.read(connection, f"{NOTE}{session}") is not None


def _written(at: int) -> str:
    """So that earlier times come first as texts, too."""
    return f"{at:015d}"
