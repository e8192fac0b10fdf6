"""Runs the ASGI application in this process: uvicorn with uvloop, and limits for clients."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final, cast

import uvloop
from uvicorn import Config, Server

from bridge import heartbeat, logs
from bridge.errors import StoreUnavailable
from bridge.settings import Settings
from bridge.store.db.engine import open_store
from bridge.web.asgi_messages import ASGI
from bridge.web.protocol import CONNECTIONS, Protocol

log = logging.getLogger(__name__)

STOP_S: Final = 20
"""Seconds for requests in progress when the process is to stop."""
BACKLOG: Final = 2048
_OTHER_FILES: Final = 200
_EVERY: Final = 10
"""Ticks of uvicorn, each of a tenth of a second."""


class LimitedServer(Server):
    """uvicorn's server, which enforces the limits of connections and reports that the loop turns.

    It ends with exit code 0 on a signal.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        # Connections accepted in this turn of the loop come up in the next, and are to hear of the stop, too.
        await asyncio.sleep(0)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % _EVERY == 0:
            heartbeat.beat()
            now = asyncio.get_running_loop().time()
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, Protocol):
                    connection.enforce(now)
        return await super().on_tick(counter)


def run(app: ASGI, given: Settings, listener: socket.socket | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code. Without a listener, bind host and port.

    Raises BridgeError if the database does not keep what it confirms.
    """
    logs.set_up(given.log)
    _require_durable(given)
    Protocol.most = most_connections(_allow_files(CONNECTIONS + _OTHER_FILES))
    config = Config(
        cast(Any, app),
        host=given.host,
        port=given.port,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_S,
    )
    server = LimitedServer(config)
    gc.collect()
    gc.freeze()
    uvloop.run(server.serve([listener] if listener else None))
    return 0 if server.started else 1


def _require_durable(given: Settings) -> None:
    """Raise BridgeError if the database does not keep what it confirms; one that is down may come later."""
    try:
        with closing(open_store(given.database_url)) as store, store.read():
            pass
    except StoreUnavailable:
        return


def most_connections(files: int) -> int:
    """How many connections leave files for all else, if so many files may be open."""
    return min(CONNECTIONS, files - min(_OTHER_FILES, files // 2))


def _allow_files(wanted: int) -> int:
    """Make room for as many open files as the machine allows; returns how many may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
