"""A client for ASGI applications in this process: one request, and its whole answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import EnvironHeaders

from bridge.intake import Intake
from bridge.model import Reply, Request
from bridge.web.asgi_messages import Message, Scope
from bridge.web.webhooks import PREFIX, Webhooks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers)[name]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it in a loop of its own. In a thread: Playwright has a loop in the test's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def scope_of(
    method: str, target: str, headers: Iterable[tuple[str, str]] = (), client: str = "203.0.113.9"
) -> Scope:
    """The scope as uvicorn gives it: names of headers in lower case, the path decoded."""
    path, _, query = target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": (client, 40000),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }


def ask(app: Any, scope: Scope, *parts: bytes, cut: bool = False) -> Answer:
    """Send a request in these parts; with `cut`, the client closes the connection after them."""
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": cut or place < len(parts) - 1}
        for place, part in enumerate(parts)
    ] or [{"type": "http.request", "body": b"", "more_body": cut}]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    run(app(scope, receive, send))
    start, *bodies = sent
    headers = tuple((name.decode(), value.decode("latin-1")) for name, value in start["headers"])
    return Answer(start["status"], headers, b"".join(one.get("body", b"") for one in bodies))


def received(intake: Intake, source: str, request: Request) -> Reply:
    """The reply of an intake to one webhook."""
    return run(intake.receive(source, request))


class WebhooksOverWsgi:
    """Lets a test client of Flask send webhooks, too."""

    def __init__(self, webhooks: Webhooks, pages: WSGIApplication) -> None:
        self.webhooks = webhooks
        self.pages = pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"].encode("latin-1").decode()
        if not path.startswith(PREFIX):
            return self.pages(environ, start_response)
        target = f"{quote(path)}?{environ.get('QUERY_STRING', '')}"
        client = environ.get("REMOTE_ADDR", "127.0.0.1")
        scope = scope_of(environ["REQUEST_METHOD"], target, EnvironHeaders(environ), client)
        answer = ask(self.webhooks, scope, environ["wsgi.input"].read())
        start_response(f"{answer.status} Answered", list(answer.headers))
        return [answer.body]
