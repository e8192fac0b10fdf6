"""Row 3: calls that arrived a second with PostgreSQL on the same machine, beside the embedded database.

python -m benchmarks.postgres
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common.api import Api
from benchmarks.common.columns import LOAD
from benchmarks.common.contenders import OWN, Contender, Running, leadbridge
from benchmarks.common.series import Aim, alternate, concluded, figures, middle, options
from benchmarks.common.under_load import under_load
from tests.support.postgres import running_postgres


@contextmanager
def on_postgres(folder: Path, api: Api) -> Iterator[Running]:
    """The bridge on a PostgreSQL of its own, durable as it comes."""
    with (
        running_postgres(shared_buffers="256MB") as server,
        leadbridge(folder, api, server.url(server.create())) as running,
    ):
        yield running


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where the aim is not reached."""
    asked = options(__doc__ or "", 60.0, names=()).parse_args(words)
    contenders = [OWN, Contender("on PostgreSQL", on_postgres)]
    seen = alternate(
        contenders,
        asked.runs,
        asked.folder,
        lambda one, folder: under_load(one, folder, asked.connections, asked.seconds),
    )
    print(f"{asked.connections} connections, {asked.seconds:g} s; cpu and PSS are without PostgreSQL's\n")
    print(figures(seen, LOAD))
    embedded, postgres = (middle(seen[one.name], lambda run: run.arrived) for one in contenders)
    lost = max(run.lost for run in seen["on PostgreSQL"])
    return concluded(
        [
            Aim("arrived, %", 100 - lost, 100),
            Aim("calls/s over the embedded database's", postgres / embedded, 0.7),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
