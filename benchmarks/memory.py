"""Row 8: memory of all processes while they are under load, beside the peers.

python -m benchmarks.memory
"""

from __future__ import annotations

import sys

from benchmarks.common.contenders import OWN
from benchmarks.common.loaded import Seen, row
from benchmarks.common.series import Aim, middle

LIMIT = 200.0
"""MB of PSS."""


def aims(seen: Seen) -> list[Aim]:
    """At most so much."""
    return [Aim(f"{LIMIT:g} MB over ours", LIMIT / middle(seen[OWN.name], lambda one: one.memory), 1)]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where the limit is passed."""
    return row(words, __doc__ or "", 20.0, aims)


if __name__ == "__main__":
    sys.exit(main())
