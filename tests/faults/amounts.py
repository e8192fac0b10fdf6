"""How much of each fault: little in `make thorough`, as much as is asked for in `make faults`."""

from __future__ import annotations

import os

SHORT = not any(name.startswith("FAULTS_") for name in os.environ)
"""Whether this is the short form."""


def amount(name: str, short: int) -> int:
    """`make faults KILLS=1000` sets FAULTS_KILLS; without it the short form runs."""
    return int(os.environ.get(f"FAULTS_{name}") or short)
