"""Row 2: calls that arrived a second, from webhook to LeadConverter's stand-in, beside the peers.

python -m benchmarks.arrive
"""

from __future__ import annotations

import sys

from benchmarks.common.columns import LOAD
from benchmarks.common.contenders import OWN
from benchmarks.common.series import Aim, alternate, concluded, figures, middle, options, with_peers
from benchmarks.common.under_load import under_load

WANTED = {"Node-RED": 2.0, "webhook+curl": 12.0, "n8n": 25.0}


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    asked = options(__doc__ or "", 60.0).parse_args(words)
    contenders = with_peers([OWN], asked.peers)
    seen = alternate(
        contenders,
        asked.runs,
        asked.folder,
        lambda one, folder: under_load(one, folder, asked.connections, asked.seconds),
    )
    print(f"{asked.connections} connections, {asked.seconds:g} s, 1.4 KB signed, ten rules\n")
    print(figures(seen, LOAD))
    own = middle(seen[OWN.name], lambda one: one.arrived)
    aims = [Aim("arrived, own, %", 100 - max(one.lost for one in seen[OWN.name]), 100)]
    for name, least in WANTED.items():
        if name in seen:
            theirs = middle(seen[name], lambda one: one.arrived)
            aims.append(Aim(f"calls/s over {name}'s", own / max(theirs, 0.001), least))
    return concluded(aims)


if __name__ == "__main__":
    sys.exit(main())
