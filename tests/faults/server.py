"""gunicorn's configuration as shipped, with crash points in its processes where FAULTS_POINT names one."""

from __future__ import annotations

import os
import random
from typing import Any

from bridge.web.server import *  # noqa: F403 (every setting as it is)
from tests.faults import crashpoints

_POINT = os.environ.get("FAULTS_POINT", "")
_MOST = 400
"""Passings at most, since the point stays with the processes that follow."""


def post_worker_init(_: Any) -> None:
    if _POINT:
        crashpoints.die_at(_POINT, random.Random(os.getpid()).randint(1, _MOST))
