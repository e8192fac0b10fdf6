"""uvicorn's HTTP/1.1 with limits that it lacks: for heads, whole requests, clients and pipelining."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Any, ClassVar, Final
from urllib.parse import quote

import httptools
from httptools import HttpParserCallbackError, HttpParserInvalidMethodError
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode

FIRST_S: Final = 30.0
"""Seconds from the connection to the first byte of its first request."""
IDLE_S: Final = 75.0
"""Seconds between two requests of a connection: longer than usual proxies keep theirs."""
REQUEST_S: Final = 30.0
"""Seconds from a request's first byte to its last, head and body together."""
RESPONSE_S: Final = 60.0
"""Seconds from a request's first byte to the last byte of its response, if the client reads slowly."""
LINGER_S: Final = 1.0
"""Seconds in which a rejected client may still send: closing a socket on unread bytes resets it, and the
client loses the response."""
LEAVING_S: Final = 1.0
"""Seconds in which an idle connection may still send a request when the process stops."""
CONNECTIONS: Final = 2000
PER_CLIENT: Final = 512
LINE_LIMIT: Final = 8190
HEAD_LIMIT: Final = 1 << 16
HEADERS_LIMIT: Final = 100
REQUEST_LIMIT: Final = 8 << 20
"""Bytes of a whole request: head, body, and what chunks add to it. Larger bodies are rejected by then."""
PIPELINE_S: Final = 0.002
"""Seconds before the next request that a client has pipelined: without it, two such clients keep the loop
busy all the time."""
_SLICE: Final = 8192
"""Bytes that are parsed at a time: one client that pipelines must not keep the loop for long."""
_ASCII: Final = bytes(range(0x80))
_BEGINNING: Final = 1024
_ONCE: Final = (b"host", b"content-type", b"content-length", b"transfer-encoding")


class _Flow(FlowControl):
    """Reads nothing more from the socket while requests of the connection wait for their turn."""

    def __init__(self, transport: asyncio.Transport, pipeline: deque[Any]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class Protocol(HttpToolsProtocol):
    """One connection. `app_state`, which the application fills as it starts, has `reject` and `is_proxy`."""

    clients: ClassVar[Counter[str]] = Counter()
    """Connections of each client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self.peer = self.client[0] if self.client else ""
        self.clients[self.peer] += 1
        self.since = self.loop.time()
        """When the request began, or the last one was answered."""
        self.idle_s = FIRST_S
        self.head_size = 0
        """Bytes of an incomplete head; -1 once it is complete."""
        self.size = 0
        """Bytes of an incomplete request."""
        self.in_line = True
        """The request line may go on."""
        self.beginning = b""
        self.receiving = False
        """A request has begun and is not complete."""
        self.unparsed = b""
        self.rejected = False
        self.leaving = False
        proxy = self.app_state["is_proxy"](self.peer) if "is_proxy" in self.app_state else True
        if len(self.connections) > CONNECTIONS or (self.clients[self.peer] > PER_CLIENT and not proxy):
            self._reject(503, Reason(WebhookCode.REJECTED_BUSY))

    def connection_lost(self, exc: Exception | None) -> None:
        self.clients[self.peer] -= 1
        if not self.clients[self.peer]:
            del self.clients[self.peer]
        self.unparsed = b""
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.rejected:
            self.unparsed += data
            self._parse()

    def eof_received(self) -> bool:  # type: ignore[override]
        """A client that closes its side still gets the response to a complete request."""
        if self.rejected or self.cycle is None or self.cycle.response_complete:
            return False
        if self.cycle.more_body:
            self._refuse(408)
            return False
        self.cycle.keep_alive = False
        return True

    def on_message_begin(self) -> None:
        self.since, self.receiving = self.loop.time(), True
        if self.head_size == 0:
            # It begins behind another request, in the middle of a piece.
            self.head_size, self.in_line, self.beginning = 1, False, b""
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.head_size = -1
        status, why = self._fault()
        if why and not self.rejected:
            self._reject(status, why)
        if self.rejected:
            return
        if self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        if self.leaving:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        if not self.rejected:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.head_size, self.size, self.in_line, self.receiving = 0, 0, True, False
        self.headers = []
        if not self.rejected:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with what was pipelined. `enforce` limits how long the connection may be idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not self.receiving:
            self.since, self.idle_s = self.loop.time(), IDLE_S
        if self.pipeline or self.unparsed:
            self.loop.call_later(PIPELINE_S, self._go_on)
        else:
            self.flow.resume_reading()

    def shutdown(self) -> None:
        """Stop: requests in progress are answered; on an idle connection one may just be under way."""
        self.leaving = True
        if self._is_idle():
            self.loop.call_later(LEAVING_S, self._close_idle)
        elif self.cycle:
            self.cycle.keep_alive = False

    def enforce(self, now: float) -> None:
        """Close the connection if it has been idle, incomplete or unread for too long. For a timer."""
        waited = now - self.since
        if self.transport.get_write_buffer_size() and waited > RESPONSE_S:
            self.transport.abort()
        elif self.rejected or self.transport.is_closing():
            return
        elif self.receiving and waited > REQUEST_S:
            self._refuse(408)
        elif self._is_idle() and waited > self.idle_s:
            self.transport.close()

    def _go_on(self) -> None:
        """Handle the next request that was pipelined."""
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if not self.pipeline:
            self.flow.resume_reading()
            self._parse()

    def _is_idle(self) -> bool:
        return (self.cycle is None or self.cycle.response_complete) and not self.receiving

    def _close_idle(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()

    def _parse(self) -> None:
        while self.unparsed and not self.pipeline and not self.rejected and self.parser:
            piece, self.unparsed = self.unparsed[:_SLICE], self.unparsed[_SLICE:]
            if self.head_size >= 0:
                piece = self._in_head(piece)
                if self.head_size > HEAD_LIMIT:
                    return self._reject(431, Reason(WebhookCode.HTTP_HEADERS))
            self.size += len(piece)
            if self.size > REQUEST_LIMIT:
                return self._refuse(413)
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserError as error:
                self._reject(400, self._wrong(error))
        return None

    def _in_head(self, piece: bytes) -> bytes:
        """Count the head. curl and PHP send a URL's letters as they are: percent-encode them (RFC 3986)."""
        if self.head_size == 0:
            self.beginning = piece[:_BEGINNING]
        self.head_size += len(piece)
        if self.in_line and not self.headers:
            line, end, rest = piece.partition(b"\n")
            self.in_line = not end
            if not line.isascii():
                piece = quote(line, safe=_ASCII).encode() + end + rest
        head, end, body = piece.partition(b"\r\n\r\n")
        if b"pgrade:" in head:
            # A server may ignore an upgrade (RFC 9110 7.8). The parser would not read the request's body.
            for name in (b"Upgrade:", b"upgrade:"):
                head = head.replace(b"\n" + name, b"\nx-" + name)
            return head + end + body
        return piece

    def _fault(self) -> tuple[int, Reason | None]:
        """What is wrong with a head that the parser takes."""
        if len(self.url) > LINE_LIMIT:
            return 414, Reason(WebhookCode.HTTP_LINE_LONG)
        if not self.url.startswith((b"/", b"http")):
            return 400, Reason(WebhookCode.HTTP_LINE, detail="Invalid URL")
        if self.parser.get_http_version() not in ("1.0", "1.1"):
            return 400, Reason(WebhookCode.HTTP_VERSION)
        if len(self.headers) > HEADERS_LIMIT:
            return 431, Reason(WebhookCode.HTTP_HEADERS)
        names = [name for name, _ in self.headers]
        if b"expect" in names and not self.expect_100_continue:
            return 417, Reason(WebhookCode.HTTP_EXPECT)
        wrong = self._wrong_header(names, old=self.parser.get_http_version() == "1.0")
        return 400, Reason(WebhookCode.HTTP_NAMED, name=wrong) if wrong else None

    def _wrong_header(self, names: list[bytes], *, old: bool) -> str:
        """The name of a header that is missing, repeated or not valid; empty if there is none."""
        for name in _ONCE:
            if names.count(name) > 1:
                return name.decode().title()
        if not old and b"host" not in names:
            return "Host"
        if b"transfer-encoding" in names:
            # Other codings would have to be decoded. HTTP/1.0 has none (RFC 9112 6.1).
            coding = dict(self.headers)[b"transfer-encoding"].lower()
            if old or coding != b"chunked":
                return "Transfer-Encoding"
        return "Upgrade" if self.parser.should_upgrade() else ""

    def _wrong(self, error: Exception) -> Reason:
        """What the parser rejects. Its own words never contain what was sent."""
        detail = str(error)
        if isinstance(error, HttpParserInvalidMethodError):
            return Reason(WebhookCode.HTTP_METHOD)
        if isinstance(error, HttpParserCallbackError):
            return Reason(WebhookCode.HTTP_LINE, detail="Invalid URL")
        if self.head_size < 0:
            return Reason(WebhookCode.HTTP_BODY, detail=detail)
        return Reason(WebhookCode.HTTP_HEADER if self.headers else WebhookCode.HTTP_LINE, detail=detail)

    def _reject(self, status: int, why: Reason) -> None:
        """Refuse what is no request, and tell the application."""
        if self.rejected:
            return
        if self.cycle and not self.cycle.response_complete and self.cycle.more_body:
            self.cycle.scope["state"]["malformed"] = why
        elif "reject" in self.app_state:
            self.app_state["reject"](self.peer, status, why, *_meant_for(self.beginning))
        self._refuse(status)

    def _refuse(self, status: int) -> None:
        """Send the last response of the connection, and read nothing more from it."""
        self.rejected = True
        self.unparsed = b""
        self.pipeline.clear()
        if self.cycle and not self.cycle.response_complete:
            self.cycle.keep_alive = False
            if not self.cycle.more_body:
                return  # An earlier request is being answered. Its response is the last one.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        phrase = STATUS_LINE[status]
        body = phrase.split(b" ", 2)[2].strip().lower() + b"\n"
        head = b"connection: close\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(b"".join((phrase, head, body)))
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(LINGER_S, self.transport.abort)


def _meant_for(beginning: bytes) -> tuple[str, str]:
    """Method and source of a rejected request, as far as they can be read; else empty."""
    method, target = [*beginning.split(None, 2), b"", b""][:2]
    path = target.partition(b"?")[0].lstrip(b"/").split(b"/")
    if len(path) < 2 or path[0] != b"hooks" or not method.isalpha() or len(method) > 20:
        return "", ""
    return method.decode(errors="replace"), path[1].decode(errors="replace")
