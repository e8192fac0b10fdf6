"""The web process as shipped, with crash points where FAULTS_POINT names one."""

from __future__ import annotations

import os
import random
import sys

from bridge.asgi import main
from tests.faults import crashpoints

_MOST = 400
"""Passings at most, since the point stays with the processes that follow."""

if __name__ == "__main__":
    point = os.environ.get("FAULTS_POINT", "")
    if point:
        crashpoints.die_at(point, random.Random(os.getpid()).randint(1, _MOST))
    sys.exit(main())
