"""`/hooks/<source>`: the door for webhooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import Blueprint, Response, current_app, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from bridge.errors import Overloaded
from bridge.intake import BUSY, UNKNOWN, Intake
from bridge.model import Reply, Request
from bridge.settings import Proxies
from bridge.web.client import client_address

BODY_LIMIT = 1 << 20
"""Bytes of a webhook's body; counted while reading, chunked bodies too."""
SMALL_BODY = 1 << 16
LARGE_AT_ONCE = 32
"""Bodies above the small size that are read at a time: slow clients must not fill the memory with halves."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
TOO_LARGE = Reply(413, b"body too large\n")
INCOMPLETE = Reply(408, b"the request did not arrive whole\n")
MALFORMED = Reply(400, b"malformed request\n")

_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LOOPBACK = ("127.", "::1")


def blueprint(intake: Intake, proxies: Proxies, *, trust_local: bool) -> Blueprint:
    """The routes. `trust_local`: while the sandbox stands in, this machine passes every IP list."""
    hooks = Blueprint("hooks", __name__)
    slots = BoundedSemaphore(LARGE_AT_ONCE)

    def receive(source: str, token: str | None = None) -> Response:
        if not _SOURCE_NAME.fullmatch(source):
            return _response(UNKNOWN)
        try:
            with _slot(slots):
                webhook = _webhook(token, proxies, trust_local=trust_local)
        except Overloaded:
            return _response(BUSY)
        except RequestEntityTooLarge:
            return _response(TOO_LARGE)
        except ClientDisconnected:
            return _response(INCOMPLETE)
        except ParseException:
            return _response(MALFORMED)
        return _response(intake.receive(source, webhook))

    for rule in ("/hooks/<source>", "/hooks/<source>/<path:token>"):
        hooks.add_url_rule(rule, view_func=receive, methods=METHODS, provide_automatic_options=False)
    return hooks


@contextmanager
def _slot(slots: BoundedSemaphore) -> Iterator[None]:
    """Leave to read the body. Raises Overloaded when it may be large and many large ones are read already."""
    length = request.content_length
    small = length <= SMALL_BODY if length is not None else "Transfer-Encoding" not in request.headers
    if not small and not slots.acquire(blocking=False):
        raise Overloaded(f"{LARGE_AT_ONCE} large bodies are being read already")
    try:
        yield
    finally:
        if not small:
            slots.release()


def _webhook(token: str | None, proxies: Proxies, *, trust_local: bool) -> Request:
    environ = request.environ
    peer = environ.get("REMOTE_ADDR") or ""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return Request(
        method=request.method,
        query=environ.get("QUERY_STRING", ""),
        headers=tuple(request.headers.items()),
        body=_body(),
        client=client_address(peer, forwarded, proxies),
        path_token=token,
        local=trust_local and not forwarded and peer.startswith(_LOOPBACK),
    )


def _body() -> bytes:
    """All of it: a part of a webhook is no webhook. The server takes it for whole when the client goes."""
    body = request.get_data(cache=False)
    if len(body) > BODY_LIMIT:
        raise RequestEntityTooLarge
    if request.content_length not in (None, len(body)):
        raise ClientDisconnected
    return body


def _response(reply: Reply) -> Response:
    response: Response = current_app.response_class(
        reply.body, status=reply.status, content_type=reply.content_type
    )
    response.headers.extend(reply.headers)
    return response
