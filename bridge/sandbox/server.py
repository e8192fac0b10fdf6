"""The sandbox as a server: bind, announce, serve until stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import uvloop

from bridge import heartbeat
from bridge.errors import BridgeError
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import Reason
from bridge.sandbox.api import Api
from bridge.sandbox.application import Application
from bridge.sandbox.connection import Connection
from bridge.sandbox.state import CALLS_KEPT, Memory

_SWEEPS_PER_IDLE = 4


@dataclass(frozen=True, slots=True)
class Options:
    """How a sandbox behaves."""

    tokens: frozenset[str] = frozenset()
    """The tokens that it accepts; empty: any but the empty one."""
    latency: float = 0.0
    """Seconds that every API response is delayed."""
    keep: int = CALLS_KEPT
    """How many calls `GET /calls` lists."""
    idle: float = 75.0
    """Seconds after which an idle connection is closed."""


DEFAULT = Options()


def run(
    host: str,
    port: int,
    listening: Callable[[str], None],
    *,
    latency_ms: int = 0,
    tokens: Iterable[str] = (),
) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. `listening` is called once, with the URL.

    Raises BridgeError if the port cannot be bound.
    """
    heartbeat.begin()
    options = Options(tokens=frozenset(tokens), latency=latency_ms / 1000)
    uvloop.run(_until_signal(host, port, options, listening))
    return 0


async def _until_signal(host: str, port: int, options: Options, listening: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(host, port, options, stop=stop, listening=listening)


async def serve(
    host: str,
    port: int,
    options: Options = DEFAULT,
    *,
    stop: asyncio.Event,
    listening: Callable[[str], None],
    clock: Callable[[], float] = time.time,
) -> None:
    """Serve until `stop` is set. `listening` is called once, with the URL; port 0 takes any free port."""
    application = Application(Api(Memory(options.keep), options.tokens, options.latency, clock))
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()
    try:
        server = await loop.create_server(
            lambda: Connection(application, connections, loop), host, port, backlog=1024
        )
    except OSError as error:
        detail = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        reason = Reason(ErrorCode.ADDRESS_TAKEN, host=host, port=port, detail=detail)
        raise BridgeError(reason, Reason(ErrorCode.CHOOSE_OTHER_PORT)) from error
    listening(_url(host, server.sockets[0].getsockname()[1]))
    sweep = loop.create_task(_sweep(connections, options.idle))
    beating = loop.create_task(heartbeat.keep_beating())
    await stop.wait()
    sweep.cancel()
    beating.cancel()
    await _close(server, connections)
    with suppress(asyncio.CancelledError):
        await sweep


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _sweep(connections: set[Connection], idle: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(idle / _SWEEPS_PER_IDLE)
        for connection in tuple(connections):
            connection.close_if_idle(loop.time() - idle)


async def _close(server: asyncio.Server, connections: set[Connection]) -> None:
    server.close()
    for connection in tuple(connections):
        connection.abort()
    while connections:
        await asyncio.sleep(0)
    await server.wait_closed()
