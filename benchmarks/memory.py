"""Row 8: memory of all processes while they are under load, beside the peers.

python -m benchmarks.memory
"""

from __future__ import annotations

import sys

from benchmarks.common.columns import LOAD
from benchmarks.common.contenders import OWN
from benchmarks.common.series import Aim, alternate, concluded, figures, middle, options, with_peers
from benchmarks.common.under_load import under_load

LIMIT = 200.0
"""MB of PSS."""


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where the limit is passed."""
    asked = options(__doc__ or "", 20.0).parse_args(words)
    seen = alternate(
        with_peers([OWN], asked.peers),
        asked.runs,
        asked.folder,
        lambda one, folder: under_load(one, folder, asked.connections, asked.seconds),
    )
    print(f"{asked.connections} connections, {asked.seconds:g} s; PSS of all processes, the most seen\n")
    print(figures(seen, LOAD))
    own = middle(seen[OWN.name], lambda one: one.memory)
    return concluded([Aim(f"{LIMIT:g} MB over ours", LIMIT / own, 1)])


if __name__ == "__main__":
    sys.exit(main())
