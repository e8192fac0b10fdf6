"""Row 1: webhooks accepted a second, every one on disk before its answer, beside the peers.

python -m benchmarks.accept
"""

from __future__ import annotations

import sys

from benchmarks.common.columns import LOAD
from benchmarks.common.contenders import OWN
from benchmarks.common.series import Aim, alternate, concluded, figures, middle, options, with_peers
from benchmarks.common.under_load import under_load


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 10.0).parse_args(words)
    contenders = with_peers([OWN], asked.peers)
    seen = alternate(
        contenders,
        asked.runs,
        asked.folder,
        lambda one, folder: under_load(one, folder, asked.connections, asked.seconds),
    )
    print(f"{asked.connections} connections, {asked.seconds:g} s, 1.4 KB signed, ten rules\n")
    print(figures(seen, LOAD))
    own, red = seen[OWN.name], seen.get("Node-RED", [])
    aims = [Aim("lost, own", 100 - middle(own, lambda one: one.lost), 100)]
    if red:
        rate = middle(own, lambda one: one.accepted) / middle(red, lambda one: one.accepted)
        wait = middle(red, lambda one: one.p99) / middle(own, lambda one: one.p99)
        aims += [Aim("accepted/s over Node-RED's", rate, 4), Aim("Node-RED's p99 over ours", wait, 2)]
    return concluded(aims)


if __name__ == "__main__":
    sys.exit(main())
