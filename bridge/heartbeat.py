"""Reports to the parent process (`bridge/supervisor`) that this process's main loop runs."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Final

from bridge.inherited import inherited

EVERY: Final = 1.0
"""Seconds between two beats at most."""
_last = [time.monotonic()]


def begin() -> None:
    """Write all stacks to stderr on SIGUSR1 from now on, and wait until the parent lets this process begin.

    The parent starts some processes before it has migrated the database, so that their imports are done by
    then. It closes their standard input when they may begin. Returns at once without a parent.
    """
    faulthandler.register(signal.SIGUSR1)
    if inherited().heartbeat is not None:
        # SIGHUP is for the parent, though "systemctl kill -s HUP" sends it to every process.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        sys.stdin.read()


def beat() -> None:
    """Report that the main loop runs; call it from that loop only. Does not block."""
    _last[0] = time.monotonic()
    pipe = inherited().heartbeat
    if pipe is not None:
        with suppress(OSError):
            os.write(pipe, b".")


async def keep_beating() -> None:
    """Report every second that this event loop runs, until cancelled."""
    while True:
        beat()
        await asyncio.sleep(EVERY)


def silence() -> float:
    """Seconds since this process's last beat, or since its start."""
    return time.monotonic() - _last[0]
