"""The ASGI application: webhooks, health and metrics in the event loop, the console on threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from bridge.assemble.web import WebSide
from bridge.logs import trace
from bridge.model import Request
from bridge.reasons.reason import Reason
from bridge.web import counting
from bridge.web.asgi_messages import Receive, Scope, Send, respond
from bridge.web.client import client_address, is_proxy
from bridge.web.flask_app import Pages
from bridge.web.health import readyz
from bridge.web.scrape import Scrape
from bridge.web.webhooks import PREFIX, Webhooks

log = logging.getLogger(__name__)

_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a web process consists of, once its database is open."""

    side: WebSide
    webhooks: Webhooks
    pages: Pages
    scrape: Scrape


class WebApp:
    """Standard ASGI 3, for any server. `build` is called when the server starts, in its process.

    Its lifespan state has what a server with limits of its own can use: `reject`, which counts and keeps a
    request that is no HTTP, and `is_proxy`, which recognises peers that connect for many clients.
    """

    def __init__(self, build: Callable[[], Parts]) -> None:
        self._build = build
        self._parts: Parts | None = None
        self._scraper = ThreadPoolExecutor(1, "scrape")
        """Apart from the threads that verify webhooks by certificate: scrapes must not delay those."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http":
            if self._parts is None:
                raise RuntimeError("expected ASGI's lifespan before the first request")
            await self._serve(self._parts, scope, receive, send)

    async def _serve(self, parts: Parts, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path.startswith(PREFIX):
            await parts.webhooks(scope, receive, send)
        elif path in ("/healthz", "/readyz", "/metrics") and scope["method"] in ("GET", "HEAD"):
            await self._report(parts, path, send)
        else:
            await parts.pages(scope, receive, send)

    async def _report(self, parts: Parts, path: str, send: Send) -> None:
        if path == "/healthz":
            await respond(send, 200, b"OK\n", _TEXT)
        elif path == "/readyz":
            status, body = readyz(parts.side.readiness.facts())
            await respond(send, status, body, "application/json")
        else:
            page = await asyncio.get_running_loop().run_in_executor(self._scraper, parts.scrape.page)
            await respond(send, 200, page, counting.CONTENT_TYPE)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self._parts = parts = self._build()
        except Exception as error:
            log.error("the web process cannot start\n%s", trace(error))
            await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
            raise
        if "state" in scope:
            scope["state"]["reject"] = partial(_reject, parts.side)
            scope["state"]["is_proxy"] = partial(is_proxy, proxies=parts.side.settings.proxies)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        parts.side.close()
        await send({"type": "lifespan.shutdown.complete"})


def _reject(side: WebSide, peer: str, status: int, why: Reason, method: str, source: str) -> None:
    request = Request(method, "", (), b"", client_address(peer, "", side.settings.proxies))
    side.intake.reject(source, status, why, request)
