"""Reads the bodies of webhooks within limits: for one body, and for all bodies in memory at a time."""

from __future__ import annotations

import asyncio

from bridge.web.asgi_messages import Headers, Receive

BODY_LIMIT = 1 << 20
"""Bytes of a webhook's body; counted while reading, chunked bodies too."""
IN_MEMORY = 32 << 20
"""Bytes of all incomplete bodies. The one that has been read longest makes room for others."""


class TooLargeError(Exception):
    """The body is larger than BODY_LIMIT."""


class IncompleteError(Exception):
    """The client closed the connection, or was too slow, before the end of the body."""


class EvictedError(Exception):
    """The body was incomplete for the longest time, and others needed its memory."""


class Bodies:
    """The bodies that one process reads at a time.

    Incomplete bodies of slow clients must neither fill the memory nor keep complete ones out.
    """

    def __init__(self, limit: int = IN_MEMORY) -> None:
        self._limit = limit
        self._held = 0
        self._reading: dict[asyncio.Task[bytes], None] = {}
        """The longest first."""

    async def read(self, receive: Receive, headers: Headers) -> bytes:
        """The whole body. Raises TooLargeError, IncompleteError or EvictedError."""
        length = next((int(value) for name, value in headers if name == "content-length"), 0)
        if length > BODY_LIMIT:
            raise TooLargeError
        message = await receive()
        if message["type"] == "http.disconnect":
            raise IncompleteError
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            return await self._rest(receive, body)
        _require_small(body)
        return body

    async def _rest(self, receive: Receive, first: bytes) -> bytes:
        """Read the rest in a separate task, which can be cancelled."""
        task = asyncio.create_task(self._collect(receive, bytearray(first)))
        self._reading[task] = None
        try:
            return await task
        except asyncio.CancelledError:
            if task.cancelled():
                raise EvictedError from None
            raise
        finally:
            del self._reading[task]

    async def _collect(self, receive: Receive, body: bytearray) -> bytes:
        self._held += len(body)
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise IncompleteError
                part = message.get("body", b"")
                body += part
                self._held += len(part)
                _require_small(body)
                if not message.get("more_body"):
                    return bytes(body)
                self._make_room()
        finally:
            self._held -= len(body)

    def _make_room(self) -> None:
        """Cancel the longest reading; if that is not enough, the next part cancels another."""
        if self._held > self._limit:
            next(iter(self._reading)).cancel()


def _require_small(body: bytes | bytearray) -> None:
    if len(body) > BODY_LIMIT:
        raise TooLargeError
