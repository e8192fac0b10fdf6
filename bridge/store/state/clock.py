"""Remembers a jump of the database's clock, after which no waiting call is released for a while."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import Connection

from bridge.store.db.tables import FOR_EVER
from bridge.store.state import key_value

PAUSE_MS: Final = 120_000
"""How long nothing is released after a jump."""
FAR_MS: Final = 600_000
"""After a jump ahead by more than this, nothing is released until a person trusts the clock."""
_NAME: Final = "clock"


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump of the clock. Times are unix milliseconds of that clock."""

    ahead: int
    """By how many milliseconds; negative if it went back."""
    at: int
    until: int
    """Until when nothing is released."""

    @property
    def needs_person(self) -> bool:
        """Whether nothing is released until a person trusts the clock."""
        return self.until == FOR_EVER


def held(connection: Connection, now: int) -> Jump | None:
    """The jump because of which no waiting call is released now."""
    text = key_value.read(connection, _NAME)
    jump = Jump(**json.loads(text)) if text else None
    return jump if jump and now < jump.until else None


def jumped(connection: Connection, now: int, ahead: int) -> Jump:
    """Remember a jump that was seen now. One that needs a person is not forgotten because of a later one."""
    before = held(connection, now)
    lasting = ahead > FAR_MS or (before is not None and before.needs_person)
    jump = Jump(ahead, now, FOR_EVER if lasting else now + PAUSE_MS)
    key_value.write(connection, _NAME, json.dumps(asdict(jump)))
    return jump


def trust(connection: Connection, now: int) -> Jump | None:
    """Release waiting calls by this clock from now on; returns the jump that kept them, None if none did."""
    before = held(connection, now)
    key_value.write(connection, _NAME, "")
    return before
