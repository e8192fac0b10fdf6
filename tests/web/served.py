"""A real server with our protocol in this process, and an application for it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvloop
from uvicorn import Config

from bridge.reasons.reason import Reason
from bridge.web.asgi_messages import Receive, Scope, Send, respond
from bridge.web.protocol import Protocol
from bridge.web.server import LimitedServer
from tests.support.waiting import eventually

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"


class App:
    """Answers with the request's path and body; `/wait` waits for the test, `/big` is a large response,
    `/headers` the names of the headers."""

    def __init__(self) -> None:
        self.rejected: list[tuple[int, Reason, str, str]] = []
        self.go_on = threading.Event()
        self.proxy = True
        self.names: list[bytes] = []
        """Values of the header X-Name."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.lifespan(scope, receive, send)
        self.names += [value for name, value in scope["headers"] if name == b"x-name"]
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return await respond(send, 408, b"cut", "text/plain")
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        while scope["path"] == "/wait" and not self.go_on.is_set():
            await asyncio.sleep(0.01)
        text = b"x" * 50_000_000 if scope["path"] == "/big" else scope["path"].encode() + body
        if scope["path"] == "/headers":
            text = b",".join(name for name, _ in scope["headers"])
        return await respond(send, 200, text, "text/plain")

    async def lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        scope["state"]["reject"] = self.reject
        scope["state"]["is_proxy"] = lambda _: self.proxy
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def reject(self, _peer: str, status: int, why: Reason, method: str, source: str) -> None:
        self.rejected.append((status, why, method, source))


class Served:
    """The server on its own thread."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        config = Config(app, http=Protocol, ws="none", lifespan="on", log_config=None, access_log=False)
        self.server = LimitedServer(config)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert eventually(lambda: self.server.started)

    def run(self) -> None:
        with contextlib.suppress(SystemExit):
            uvloop.run(self.server._serve([self.listener]))

    @contextmanager
    def connected(self, data: bytes = b"") -> Iterator[socket.socket]:
        with socket.create_connection(self.address, timeout=10) as made:
            made.sendall(data)
            yield made

    @property
    def connections(self) -> list[Any]:
        return list(self.server.server_state.connections)

    def stop(self) -> None:
        self.server.should_exit = True

    def close(self) -> None:
        self.app.go_on.set()
        self.stop()
        self.thread.join(20)


def read_to_end(connection: socket.socket) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            got += part
    return got


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What arrives, in however many pieces, until it ends with `end`. The connection's time-out limits it."""
    got = b""
    while not got.endswith(end):
        part = connection.recv(4096)
        assert part, got
        got += part
    return got
