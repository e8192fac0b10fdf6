"""PostgreSQL as a benchmark needs it: with its data on the disk, so that a commit costs what it costs."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager

from tests.support.postgres import Postgres, running_postgres


def postgres_on_disk(shared_buffers: str = "256MB", **settings: str) -> AbstractContextManager[Postgres]:
    """A server of its own, durable as it comes. The suite's own lies in memory where there is enough."""
    return running_postgres(tempfile.gettempdir(), shared_buffers=shared_buffers, **settings)
