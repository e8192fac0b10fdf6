"""What a parent process (`bridge/supervisor`) passes to its children in their environment."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

LISTENER: Final = "BRIDGE_LISTENER"
HEARTBEAT: Final = "BRIDGE_HEARTBEAT"
OWNER: Final = "BRIDGE_OWNER"
ENDED: Final = "BRIDGE_ENDED"
WATCHDOG: Final = "BRIDGE_WATCHDOG"
"""Variables that a parent process passes to its children, and after how many seconds without a beat it kills
one. They are not for users; tests make the latter shorter."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What the parent process passed to this one."""

    listener: int | None
    """Descriptor of the listening socket; None: this process opens its own."""
    heartbeat: int | None
    """Descriptor of the pipe for beats; None without a parent that watches this process."""
    owner: str
    """The name under which this process owns calls."""
    ended: Mapping[str, str]
    """Names of former processes that ended unexpectedly, each with the cause, as in `model.CAUSES`."""


@cache
def inherited() -> Inherited:
    """Take what the parent passed out of the environment: this process's own children do not get it."""
    listener, heartbeat, owner, ended = (
        os.environ.pop(name, "") for name in (LISTENER, HEARTBEAT, OWNER, ENDED)
    )
    return Inherited(
        int(listener) if listener else None,
        int(heartbeat) if heartbeat else None,
        owner or unique_name(),
        dict(one.split("=", 1) for one in ended.split()),
    )


def unique_name() -> str:
    """A name that no other process has, on any machine."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
