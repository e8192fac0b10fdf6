"""One connection: requests in, answers out in the same order, one at a time."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from bridge.sandbox.http import BadRequestError, Request, RequestReader, Response, encode
from bridge.sandbox.sending import End, Sending

Answer: TypeAlias = Callable[[Request], Sending]

_ROOM = 32 * 1024
"""Bytes taken in at once, always into the same place: a plain Protocol maps new memory for each packet."""
_READ_AHEAD = 64 * 1024
_LINGER_SECONDS = 2.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(asyncio.BufferedProtocol):
    """Speaks HTTP/1.1 over one socket. Pipelined requests wait their turn."""

    def __init__(
        self, answer: Answer, open_connections: set[Connection], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._answer = answer
        self._open = open_connections
        self._loop = loop
        self._reader = RequestReader()
        self._room = memoryview(bytearray(_ROOM))
        self._sending: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._last = False
        self._leaving = False
        self.heard_at = loop.time()
        """When bytes last came in, by the loop's clock."""

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.Transport = transport
        self._open.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._leaving = True
        self._open.discard(self)
        self._writable.set()
        if self._sending:
            self._sending.cancel()

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._room

    def buffer_updated(self, count: int) -> None:
        if self._leaving:
            return
        self.heard_at = self._loop.time()
        self._reader.feed(bytes(self._room[:count]))
        self._advance()
        if self._sending and len(self._reader) > _READ_AHEAD:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """A sender that has closed its half still gets the answers under way."""
        self._last = True
        return self._sending is not None

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def close_if_idle(self, since: float) -> None:
        """Close a connection that said nothing since then and waits for no answer."""
        if self._sending or self._leaving or self.heard_at > since:
            return
        if self._reader.partial:
            self._refuse(BadRequestError(408, "the rest of the request did not come in time"))
        else:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._transport.abort()

    def _advance(self) -> None:
        while not self._sending and not self._leaving:
            try:
                request = self._reader.next()
            except BadRequestError as error:
                return self._refuse(error)
            if request is None:
                if self._reader.wants_continue:
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return None
            self._send(self._answer(request))
        return None

    def _send(self, sending: Sending) -> None:
        at_once = isinstance(sending.pieces, tuple) and not sending.after and self._writable.is_set()
        if at_once:
            self._transport.writelines(sending.pieces)
            self._end(sending.end)
        else:
            self._sending = self._loop.create_task(self._send_in_time(sending))

    async def _send_in_time(self, sending: Sending) -> None:
        if sending.after:
            await asyncio.sleep(sending.after)
        for piece in sending.pieces:
            await self._writable.wait()
            self._transport.write(piece)
            await asyncio.sleep(sending.between)
        self._sending = None
        self._end(sending.end)
        if not self._leaving:
            self._transport.resume_reading()
            self._advance()
        if self._last and not self._sending and not self._leaving:
            self._end(End.CLOSE)

    def _end(self, end: End) -> None:
        if end is End.KEEP:
            return
        self._leaving = True
        if end is End.RESET:
            sock: socket.socket = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()
        else:
            self._transport.close()

    def _refuse(self, error: BadRequestError) -> None:
        """Answer, then hear the sender out for a while: closed on unread bytes, a socket loses the answer."""
        self._leaving = True
        text = Response(error.status, f"{error.message}\n".encode(), "text/plain; charset=utf-8")
        self._transport.write(encode(text, keep_alive=False))
        self._transport.write_eof()
        self._loop.call_later(_LINGER_SECONDS, self._transport.abort)
