"""uvicorn's HTTP/1.1 with limits that it lacks: for heads, whole requests, clients and pipelining."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import Any, ClassVar, Final
from urllib.parse import quote

import httptools
from httptools import HttpParserCallbackError, HttpParserInvalidMethodError
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from bridge.reasons.reason import Reason
from bridge.reasons.webhooks import WebhookCode
from bridge.web.request_head import Head, meant_for

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
HEAD_LIMIT: Final = 1 << 16
REQUEST_LIMIT: Final = 8 << 20
"""Bytes of a whole request: head, body, and what chunks add to it. Larger bodies are rejected by then."""
PIPELINE_S: Final = 0.002
"""Seconds before the next request that a client has pipelined: without it, two such clients keep the loop
busy all the time."""
_SLICE: Final = 8192
"""Bytes that are parsed at a time: one client that pipelines must not keep the loop for long."""
_ASCII: Final = bytes(range(0x80))
_BEGINNING: Final = 1024


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
    most: ClassVar[int] = CONNECTIONS
    """Connections at a time."""

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
        self.answering: RequestResponseCycle | None = None
        """The request that is being answered or was last; `cycle` is the one that was read last."""
        self.unparsed = b""
        self.rejected = False
        self.leaving = False
        proxy = self.app_state["is_proxy"](self.peer) if "is_proxy" in self.app_state else True
        if len(self.connections) > self.most or (self.clients[self.peer] > PER_CLIENT and not proxy):
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
        """A client that closes its side still gets the responses to its complete requests."""
        if not self.rejected and self.cycle and not self.cycle.response_complete:
            if self.cycle.more_body:
                self._refuse(408)
            else:
                self.cycle.keep_alive = False
        return bool(self.pipeline) or self._is_answering()

    def on_message_begin(self) -> None:
        self.since, self.receiving = self.loop.time(), True
        if self.head_size == 0:
            # It begins behind another request, in the middle of a piece.
            self.head_size, self.in_line, self.beginning = 1, False, b""
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.head_size = -1
        if self._is_upgrade():
            return
        fault = self._head().fault()
        if fault and not self.rejected:
            self._reject(*fault)
        if self.rejected:
            return
        if self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        # Trailers are no headers: neither a proxy nor this class has checked them.
        self.headers = deque(maxlen=0)  # type: ignore[assignment]
        if self.leaving:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        if not self.rejected:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.head_size, self.size, self.in_line, self.receiving = 0, 0, True, False
        if not self.rejected and not self._is_upgrade():
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

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, app)

    def _is_answering(self) -> bool:
        """Whether a complete request waits for the rest of its response."""
        one = self.answering
        return one is not None and not (one.response_complete or one.disconnected)

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
            except httptools.HttpParserUpgrade as upgrade:
                self.unparsed = self._head().without_upgrade() + piece[upgrade.args[0] :] + self.unparsed
            except httptools.HttpParserError as error:
                self._reject(400, self._wrong(error))
        return None

    def _in_head(self, piece: bytes) -> bytes:
        """Count the head. curl and PHP send a URL's letters as they are: percent-encode them (RFC 3986)."""
        if self.head_size == 0:
            self.beginning = piece[:_BEGINNING]
        self.head_size += len(piece)
        if self.in_line:
            line, end, rest = piece.partition(b"\n")
            self.in_line = not end
            if not line.isascii():
                piece = quote(line, safe=_ASCII).encode() + end + rest
        return piece

    def _is_upgrade(self) -> bool:
        """A server may ignore an upgrade (RFC 9110 7.8). The parser would then skip the request's body."""
        return bool(self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT")

    def _head(self) -> Head:
        version, upgrades = self.parser.get_http_version(), bool(self.parser.should_upgrade())
        return Head(
            self.parser.get_method(), self.url, version, self.headers, upgrades, self.expect_100_continue
        )

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
        """Reject what is not a valid request, and report it to the application."""
        if self.rejected:
            return
        if self._is_cut() and self.cycle is self.answering:
            self.cycle.scope["state"]["malformed"] = why
        elif "reject" in self.app_state:
            self.app_state["reject"](self.peer, status, why, *meant_for(self.beginning))
        self._refuse(status)

    def _is_cut(self) -> bool:
        """Whether the request that is being read has no response yet."""
        return bool(self.cycle) and self.cycle.more_body and not self.cycle.response_complete

    def _refuse(self, status: int) -> None:
        """Send the last response of the connection, and read nothing more from it.

        A complete request before it is still answered, and its response is the last one.
        """
        self.rejected = True
        self.unparsed = b""
        self.pipeline.clear()
        answered = self.cycle and self.cycle.more_body and self.cycle.response_started
        if self._is_cut():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.flow.resume_reading()
        if self.answering and self._is_answering():
            self.answering.keep_alive = False
            return
        if not answered:
            phrase = STATUS_LINE[status]
            body = phrase.split(b" ", 2)[2].strip().lower() + b"\n"
            head = b"connection: close\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % len(body)
            self.transport.write(b"".join((phrase, head, body)))
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.abort)
