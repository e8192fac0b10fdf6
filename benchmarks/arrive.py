"""Row 2: calls that arrived a second, from webhook to LeadConverter's stand-in, beside the peers.

python -m benchmarks.arrive
"""

from __future__ import annotations

import sys

from benchmarks.common.contenders import OWN
from benchmarks.common.loaded import Seen, row
from benchmarks.common.series import Aim, middle

WANTED = {"Node-RED": 2.0, "webhook+curl": 12.0, "n8n": 25.0}


def aims(seen: Seen) -> list[Aim]:
    """All of the own ones, and many times the peers'."""
    own = middle(seen[OWN.name], lambda one: one.arrived)
    wanted = [Aim("arrived, own, %", 100 - max(one.lost for one in seen[OWN.name]), 100)]
    for name, least in WANTED.items():
        if name in seen:
            theirs = middle(seen[name], lambda one: one.arrived)
            wanted.append(Aim(f"calls/s over {name}'s", own / max(theirs, 0.001), least))
    return wanted


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    return row(words, __doc__ or "", 60.0, aims)


if __name__ == "__main__":
    sys.exit(main())
