"""`/hooks/<source>`: the door for webhooks.

It speaks WSGI itself, in front of Flask's routes: on the way of every webhook, Flask's request and response
would cost more than reading, verifying and matching it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gunicorn.http.errors import ParseException
from werkzeug.datastructures import EnvironHeaders
from werkzeug.http import HTTP_STATUS_CODES

from bridge.intake import BUSY, UNKNOWN, Intake
from bridge.logs import trace
from bridge.model import Reply, Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.settings import Proxies
from bridge.web.client import client_address

log = logging.getLogger(__name__)

PREFIX = "hooks/"
BODY_LIMIT = 1 << 20
"""Bytes of a webhook's body; counted while reading, chunked bodies too."""
SMALL_BODY = 1 << 16
LARGE_AT_ONCE = 32
"""Bodies above the small size that are read at a time: slow clients must not fill the memory with halves."""
TOO_LARGE = Reply(413, b"body too large\n")
INCOMPLETE = Reply(408, b"the request did not arrive whole\n")
MALFORMED = Reply(400, b"malformed request\n")
FAULT = Reply(500, b"internal error\n")

_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LOOPBACK = ("127.", "::1")


class _NotTakenError(Exception):
    """There is no webhook; its sender hears this."""

    def __init__(self, reply: Reply, code: WebhookCode) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.code = code


class WebhookApp:
    """Takes webhooks in; everything else goes on to `inside`.

    `trust_local`: while the sandbox stands in, this machine passes every IP list.
    """

    def __init__(
        self, inside: WSGIApplication, intake: Intake, proxies: Proxies, *, trust_local: bool
    ) -> None:
        self._inside = inside
        self._intake = intake
        self._proxies = proxies
        self._trust_local = trust_local
        self._slots = BoundedSemaphore(LARGE_AT_ONCE)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As WSGI says (PEP 3333)."""
        path = environ.get("PATH_INFO", "").lstrip("/")
        if not path.startswith(PREFIX):
            return self._inside(environ, start_response)
        reply = self._answered(environ, path[len(PREFIX) :])
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        reason = HTTP_STATUS_CODES.get(reply.status, "Unknown")
        start_response(f"{reply.status} {reason}", [*headers, *reply.headers])
        return (reply.body,)

    def _answered(self, environ: WSGIEnvironment, path: str) -> Reply:
        name, _, token = path.partition("/")
        if not _SOURCE_NAME.fullmatch(name):
            return self._rejected(environ, name, UNKNOWN, WebhookCode.REJECTED_UNKNOWN)
        try:
            with self._slot(environ):
                body = _body(environ)
        except _NotTakenError as why:
            return self._rejected(environ, name, why.reply, why.code)
        try:
            return self._intake.receive(name, self._webhook(environ, token.removesuffix("/"), body))
        except Exception as error:
            log.error("a fault in the bridge itself, at a webhook for %s\n%s", name, trace(error))
            return self._rejected(environ, name, FAULT, WebhookCode.REJECTED_FAULT)

    def _rejected(self, environ: WSGIEnvironment, name: str, reply: Reply, code: WebhookCode) -> Reply:
        self._intake.reject(name, reply.status, Reason(code), self._webhook(environ, "", b""))
        return reply

    @contextmanager
    def _slot(self, environ: WSGIEnvironment) -> Iterator[None]:
        """Leave to read the body; none where it may be large and many such are read already."""
        length = _length(environ)
        small = length <= SMALL_BODY if length is not None else "HTTP_TRANSFER_ENCODING" not in environ
        if not small and not self._slots.acquire(blocking=False):
            raise _NotTakenError(BUSY, WebhookCode.REJECTED_BUSY)
        try:
            yield
        finally:
            if not small:
                self._slots.release()

    def _webhook(self, environ: WSGIEnvironment, token: str, body: bytes) -> Request:
        peer = environ.get("REMOTE_ADDR") or ""
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        return Request(
            method=environ["REQUEST_METHOD"],
            query=environ.get("QUERY_STRING", ""),
            headers=tuple(EnvironHeaders(environ)),
            body=body,
            client=client_address(peer, forwarded, self._proxies),
            # WSGI gives the path's bytes as if they were Latin-1.
            path_token=token.encode("latin-1").decode(errors="replace") or None,
            local=self._trust_local and not forwarded and peer.startswith(_LOOPBACK),
        )


def _length(environ: WSGIEnvironment) -> int | None:
    """What the head says about the body's length; the server has let nothing pass but digits."""
    text = environ.get("CONTENT_LENGTH")
    return int(text) if text else None


def _body(environ: WSGIEnvironment) -> bytes:
    """All of it: a part of a webhook is no webhook. The server takes it for whole when the client goes."""
    length = _length(environ)
    if length is None and "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    if length is not None and length > BODY_LIMIT:
        raise _NotTakenError(TOO_LARGE, WebhookCode.REJECTED_TOO_LARGE)
    try:
        body: bytes = environ["wsgi.input"].read(BODY_LIMIT + 1 if length is None else length)
    except ParseException:
        raise _NotTakenError(MALFORMED, WebhookCode.REJECTED_MALFORMED) from None
    except OSError:
        raise _NotTakenError(INCOMPLETE, WebhookCode.REJECTED_INCOMPLETE) from None
    if len(body) > BODY_LIMIT:
        raise _NotTakenError(TOO_LARGE, WebhookCode.REJECTED_TOO_LARGE)
    if length not in (None, len(body)):
        raise _NotTakenError(INCOMPLETE, WebhookCode.REJECTED_INCOMPLETE)
    return body
