"""One line of `leadbridge doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bridge.reasons.reason import Reason

Level: TypeAlias = Literal["ok", "warn", "FAIL"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing looked at."""

    level: Level
    about: Reason
    text: Reason
