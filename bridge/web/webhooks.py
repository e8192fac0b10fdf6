"""`/hooks/<source>`: reads a webhook from an ASGI server and gives it to the intake."""

from __future__ import annotations

import logging
import re
from functools import partial

from bridge.intake import BUSY, UNKNOWN, Intake
from bridge.logs import trace
from bridge.model import Reply, Request
from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.settings import Proxies
from bridge.web.asgi_messages import Headers, Receive, Scope, Send, respond
from bridge.web.bodies import Bodies, EvictedError, IncompleteError, TooLargeError
from bridge.web.client import client_address, is_loopback

log = logging.getLogger(__name__)

PREFIX = "/hooks/"
TOO_LARGE = Reply(413, b"body too large\n")
INCOMPLETE = Reply(408, b"the request did not arrive whole\n")
MALFORMED = Reply(400, b"malformed request\n")
FAULT = Reply(500, b"internal error\n")

_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Webhooks:
    """The ASGI application for webhooks.

    `trust_local`: while the sandbox is used, this machine passes every IP list.
    """

    def __init__(self, intake: Intake, proxies: Proxies, *, trust_local: bool) -> None:
        self._intake = intake
        self._proxies = proxies
        self._trust_local = trust_local
        self._bodies = Bodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self._handle(scope, receive)
        await respond(send, reply.status, reply.body, reply.content_type, reply.headers)

    async def _handle(self, scope: Scope, receive: Receive) -> Reply:
        path = scope["path"].removeprefix(PREFIX)
        name, _, token = path.partition("/")
        headers = tuple([(key.decode("latin-1"), value.decode("latin-1")) for key, value in scope["headers"]])
        reject = partial(self._reject, scope, headers, name)
        if not _SOURCE_NAME.fullmatch(name):
            return reject(UNKNOWN, Reason(WebhookCode.REJECTED_UNKNOWN))
        try:
            body = await self._bodies.read(receive, headers)
        except IncompleteError:
            malformed = scope["state"].get("malformed") if "state" in scope else None
            if malformed:
                return reject(MALFORMED, malformed)
            return reject(INCOMPLETE, Reason(WebhookCode.REJECTED_INCOMPLETE))
        except TooLargeError:
            return reject(TOO_LARGE, Reason(WebhookCode.REJECTED_TOO_LARGE))
        except EvictedError:
            return reject(BUSY, Reason(WebhookCode.REJECTED_BUSY))
        try:
            return await self._intake.receive(
                name, self._request(scope, headers, token.removesuffix("/") or None, body)
            )
        except Exception as error:
            log.error("a fault in the bridge itself, at a webhook for %s\n%s", name, trace(error))
            return reject(FAULT, Reason(WebhookCode.REJECTED_FAULT))

    def _reject(self, scope: Scope, headers: Headers, name: str, reply: Reply, why: Reason) -> Reply:
        self._intake.reject(name, reply.status, why, self._request(scope, headers, None, b""))
        return reply

    def _request(self, scope: Scope, headers: Headers, token: str | None, body: bytes) -> Request:
        peer = scope["client"][0] if scope["client"] else ""
        forwarded = ",".join([value for name, value in headers if name == "x-forwarded-for"])
        return Request(
            method=scope["method"],
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            client=client_address(peer, forwarded, self._proxies),
            path_token=token,
            local=self._trust_local and not forwarded and is_loopback(peer),
        )
