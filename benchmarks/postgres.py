"""Row 3: calls that arrived a second with PostgreSQL on the same machine, beside the embedded database.

python -m benchmarks.postgres
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.common.api import Api
from benchmarks.common.contenders import OWN, Contender, Running, leadbridge
from benchmarks.common.loaded import Seen, row
from benchmarks.common.series import Aim, middle
from tests.support.postgres import running_postgres


@contextmanager
def on_postgres(folder: Path, api: Api) -> Iterator[Running]:
    """The bridge on a PostgreSQL of its own, durable as it comes."""
    with (
        running_postgres(shared_buffers="256MB") as server,
        leadbridge(folder, api, server.url(server.create())) as running,
    ):
        yield running


CONTENDER = Contender("on PostgreSQL", on_postgres)


def aims(seen: Seen) -> list[Aim]:
    """All of the calls, at nearly the embedded database's pace."""
    embedded, postgres = (middle(seen[one.name], lambda run: run.arrived) for one in (OWN, CONTENDER))
    lost = max(run.lost for run in seen[CONTENDER.name])
    return [
        Aim("arrived on PostgreSQL, %", 100 - lost, 100),
        Aim("calls/s over the embedded database's", postgres / embedded, 0.7),
    ]


def main(words: list[str] | None = None) -> int:
    """Measure and print; 1 where an aim is not reached."""
    return row(words, __doc__ or "", 60.0, aims, beside=CONTENDER)


if __name__ == "__main__":
    sys.exit(main())
