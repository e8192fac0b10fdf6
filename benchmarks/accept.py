"""Row 1: webhooks accepted a second, every one on disk before its answer, beside the peers.

python -m benchmarks.accept
"""

from __future__ import annotations

import sys

from benchmarks.common.contenders import OWN
from benchmarks.common.loaded import Seen, row
from benchmarks.common.series import Aim, middle


def aims(seen: Seen) -> list[Aim]:
    """Four times what Node-RED accepts, in half of its time."""
    own, red = seen[OWN.name], seen.get("Node-RED", [])
    wanted = [Aim("lost, own", 100 - middle(own, lambda one: one.lost), 100)]
    if red:
        rate = middle(own, lambda one: one.accepted) / middle(red, lambda one: one.accepted)
        wait = middle(red, lambda one: one.p99) / middle(own, lambda one: one.p99)
        wanted += [Aim("accepted/s over Node-RED's", rate, 4), Aim("Node-RED's p99 over ours", wait, 2)]
    return wanted


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    return row(words, __doc__ or "", 10.0, aims)


if __name__ == "__main__":
    sys.exit(main())
