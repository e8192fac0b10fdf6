"""Pages for people: Flask on threads, limited so that webhooks are not delayed."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final, cast

from a2wsgi import WSGIMiddleware
from flask import Flask, request

from bridge.assemble.web import WebSide
from bridge.logs import trace
from bridge.settings import Proxies
from bridge.web.asgi_messages import Message, Receive, Scope, Send, respond
from bridge.web.bodies import BODY_LIMIT, Bodies, EvictedError, IncompleteError, TooLargeError
from bridge.web.client import is_proxy
from bridge.web.console.app import blueprint as console
from bridge.web.console.auth.passwords import Hashes

log = logging.getLogger(__name__)

THREADS: Final = 8
WAITING: Final = 32
"""Requests that may wait for a thread."""
TIMEOUT_S: Final = 20.0
"""Seconds for a request, from its last byte to the response."""
_TEXT: Final = "text/plain"


class App(Flask):
    """Flask, which would write the target of a request that failed into the log."""

    def log_exception(self, exc_info: Any) -> None:
        log.error("a fault in the bridge itself, at the page %s\n%s", request.endpoint, trace(exc_info[1]))


def create_app(side: WebSide, passwords: Hashes) -> Flask:
    """The Flask application with the console."""
    app = App("bridge.web", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    # Paths mean what they say: a redirect would make senders drop or unsubscribe.
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_blueprint(console(side, passwords))
    return app


class Pages:
    """The ASGI application around Flask. A request and its response are held in memory as a whole.

    So no thread waits for a client, however slowly that sends or reads.
    """

    def __init__(self, app: Flask, proxies: Proxies) -> None:
        # A queue without a limit: after a timeout nothing reads it, and the thread must still end.
        self._app = WSGIMiddleware(cast(Any, app.wsgi_app), workers=THREADS, send_queue_size=0)
        self._proxies = proxies
        self._bodies = Bodies()
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Slow clients must not use up the requests that may run or wait.
        try:
            body = await self._bodies.read(receive, ())
        except TooLargeError:
            return await respond(send, 413, b"body too large\n", _TEXT)
        except IncompleteError:
            return await respond(send, 408, b"the request did not arrive whole\n", _TEXT)
        except EvictedError:
            return await _respond_busy(send)
        if self._running >= THREADS + WAITING:
            return await _respond_busy(send)
        self._running += 1
        try:
            messages = await self._messages(scope, body)
        finally:
            self._running -= 1
        for message in messages:
            await send(message)
        if not messages:
            await respond(send, 503, b"this takes too long, try again later\n", _TEXT)
        return None

    async def _messages(self, scope: Scope, body: bytes) -> list[Message]:
        """The whole response; empty if it took too long."""
        messages: list[Message] = []
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._app(cast(Any, self._scope(scope)), _given(body), _kept(messages))
        except TimeoutError:
            return []
        return messages

    def _scope(self, scope: Scope) -> Scope:
        """A proxy on this machine, or a trusted one, says whether the client came over TLS."""
        peer = scope["client"][0] if scope["client"] else ""
        said = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
        secure = said == [b"https"] and is_proxy(peer, self._proxies)
        # In WSGI an underscore is the same as a hyphen: such a name could pass for a proxy's own header.
        headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        return {**scope, "headers": headers, "scheme": "https" if secure else scope.get("scheme", "http")}


async def _respond_busy(send: Send) -> None:
    await respond(send, 503, b"try again later\n", _TEXT, [("Retry-After", "5")])


def _given(body: bytes) -> Any:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _kept(messages: list[Message]) -> Any:
    async def send(message: Message) -> None:
        messages.append(message)

    return send
