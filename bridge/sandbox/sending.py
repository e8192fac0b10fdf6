"""How an answer goes out: its bytes, their tempo, and what becomes of the connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class End(Enum):
    """What happens to the connection after the last byte."""

    KEEP = "keep"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Sending:
    """Pieces of an answer. An iterable is asked for its next piece when the one before is on its way."""

    pieces: Iterable[bytes]
    end: End = End.KEEP
    after: float = 0.0
    """Seconds to wait before the first piece."""
    between: float = 0.0
    """Seconds to wait between two pieces."""
