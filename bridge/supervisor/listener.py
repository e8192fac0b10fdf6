"""The listening socket, which outlives the processes that accept its connections."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Final

from bridge.errors import BridgeError
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason

BACKLOG: Final = 2048
"""Connections that may wait while no process accepts them. Linux limits it to net.core.somaxconn."""
_FIRST_PASSED: Final = 3
"""The descriptor of the first socket from systemd."""


def open_listener(environment: Mapping[str, str], host: str, port: int) -> socket.socket:
    """The socket that systemd passes, if it does; else a new one on this address.

    Raises BridgeError if the address cannot be used, or systemd passes something else than one such socket.
    """
    if environment.get("LISTEN_PID") == str(os.getpid()):
        return _passed(environment.get("LISTEN_FDS", ""))
    try:
        return _bound(host, port)
    except (OSError, UnicodeError) as error:
        errno = error.errno if isinstance(error, OSError) else None
        detail = os.strerror(errno) if errno and errno > 0 else str(error)
        raise BridgeError(
            Reason(ErrorCode.ADDRESS_TAKEN, host=host, port=port, detail=detail),
            Reason(ErrorCode.CHOOSE_OTHER_PORT),
        ) from error


def _passed(many: str) -> socket.socket:
    if many != "1":
        raise BridgeError(Reason(ErrorCode.SYSTEMD_SOCKETS, found=many), Reason(ErrorCode.ONE_LISTEN_STREAM))
    listener = socket.socket(fileno=_FIRST_PASSED)
    listener.set_inheritable(False)
    listener.setblocking(False)
    return listener


def _bound(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    # A name such as localhost may have addresses of both families: IPv4 first.
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        # Connections of an earlier process may still be in TIME_WAIT.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
