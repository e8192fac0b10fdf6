"""One connection: requests in, responses out in the same order, one at a time.

An asyncio protocol and not uvicorn, because faults reset the connection, cut responses and send garbage.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from bridge.sandbox.request import BadRequestError, Request, RequestParser
from bridge.sandbox.response import End, RawResponse, Response, encode

Handler: TypeAlias = Callable[[Request], RawResponse]

_LINGER_SECONDS = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """Speaks HTTP/1.1 on one socket. Pipelined requests are answered in turn."""

    def __init__(
        self, handler: Handler, open_connections: set[Connection], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._handler = handler
        self._open = open_connections
        self._loop = loop
        self._parser = RequestParser()
        self._error: BadRequestError | None = None
        self._sending: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._half_closed = False
        self._closing = False
        self._last_read_at = loop.time()

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport
        self._open.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._closing = True
        self._open.discard(self)
        self._writable.set()
        if self._sending:
            self._sending.cancel()

    def data_received(self, data: bytes) -> None:
        if self._closing or self._error:
            return
        self._last_read_at = self._loop.time()
        try:
            self._parser.feed(data)
        except BadRequestError as error:
            self._error = error
        self._advance()
        if self._parser.requests:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends nothing more; it still gets the responses that are due."""
        self._half_closed = True
        return self._sending is not None

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def close_if_idle(self, since: float) -> None:
        """Close if nothing was read since then, by the loop's clock, and no response is due."""
        if self._sending or self._closing or self._last_read_at > since:
            return
        if self._parser.partial:
            self._refuse(BadRequestError(408, "timed out waiting for the rest of the request"))
        else:
            self._end(End.CLOSE)

    def abort(self) -> None:
        """Close at once, without sending what is due."""
        self._transport.abort()

    def _advance(self) -> None:
        """Answer what has been read, up to a response that takes time."""
        requests = self._parser.requests
        while requests and not self._sending and not self._closing:
            self._send(self._handler(requests.popleft()))
        if self._sending or self._closing:
            return
        if self._error:
            self._refuse(self._error)
        elif self._half_closed:
            self._end(End.CLOSE)
        elif self._parser.awaits_continue:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send(self, response: RawResponse) -> None:
        at_once = isinstance(response.chunks, tuple) and not response.delay and self._writable.is_set()
        if at_once:
            self._transport.writelines(response.chunks)
            self._end(response.end)
        else:
            self._sending = self._loop.create_task(self._send_slowly(response))

    async def _send_slowly(self, response: RawResponse) -> None:
        await asyncio.sleep(response.delay)
        for chunk in response.chunks:
            await self._writable.wait()
            self._transport.write(chunk)
            await asyncio.sleep(response.interval)
        self._sending = None
        self._end(response.end)
        self._advance()
        if not self._parser.requests and not self._closing:
            self._transport.resume_reading()

    def _end(self, end: End) -> None:
        if end is End.KEEP_ALIVE:
            return
        self._closing = True
        if end is End.RESET:
            sock: socket.socket = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()
        else:
            self._transport.close()

    def _refuse(self, error: BadRequestError) -> None:
        """Send the error, then read on for a while: closing a socket with unread bytes loses the response."""
        self._closing = True
        response = Response(error.status, f"{error.message}\n".encode(), "text/plain; charset=utf-8")
        self._transport.write(encode(response, keep_alive=False))
        self._transport.write_eof()
        self._transport.resume_reading()
        self._loop.call_later(_LINGER_SECONDS, self._transport.abort)
