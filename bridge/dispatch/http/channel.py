"""Non-blocking sockets in the event loop, plain and with TLS, which know which bytes the kernel has taken.

All raise OSError; how long they may take is the caller's to limit.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, Self, TypeAlias, TypeVar

CHUNK = 1 << 14
"""Bytes that are read at a time, and a TLS record's most."""
One = TypeVar("One")


class Plain:
    """A socket."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.loop = asyncio.get_running_loop()

    @classmethod
    async def connect(cls, family: int, kind: int, protocol: int, address: Any) -> Self:
        made = cls(socket.socket(family, kind, protocol))
        with ExitStack() as undo:
            undo.callback(made.close)
            made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with suppress(BlockingIOError):
                made.sock.connect(address)
            await made.writable()
            if failed := made.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(failed, os.strerror(failed))
            undo.pop_all()
        return made

    async def send(self, data: memoryview) -> int:
        """Hand some of the bytes over to the kernel; returns how many, once it has all of these."""
        while True:
            with suppress(BlockingIOError):
                return self.sock.send(data)
            await self.writable()

    async def receive(self) -> bytes:
        """The next bytes, empty when the server has ended the stream."""
        return await self.loop.sock_recv(self.sock, CHUNK)

    async def writable(self) -> None:
        """Wait until the socket can be written to."""
        waiting = self.loop.create_future()

        def set_ready() -> None:
            if not waiting.done():
                waiting.set_result(None)

        self.loop.add_writer(self.sock, set_ready)
        try:
            await waiting
        finally:
            self.loop.remove_writer(self.sock)

    def is_quiet(self) -> bool:
        """Whether nothing was received since the last response: neither bytes nor an end."""
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        self.sock.close()


class Tls:
    """TLS over a socket. Encrypted bytes wait in a buffer until the kernel takes them."""

    def __init__(self, plain: Plain, context: ssl.SSLContext, host: str) -> None:
        self.plain = plain
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=host)

    async def shake_hands(self) -> None:
        """Verify the server's name and certificate. Raises ssl.SSLCertVerificationError, too."""
        try:
            await self.step(self.tls.do_handshake)
        except ssl.SSLError:
            # Send the alert that says why, without waiting.
            with suppress(OSError):
                self.plain.sock.send(self.outgoing.read())
            raise
        await self.flush()

    async def send(self, data: memoryview) -> int:
        count = await self.step(lambda: self.tls.write(data[:CHUNK]))
        await self.flush()
        return count

    async def receive(self) -> bytes:
        return await self.step(lambda: self.tls.read(CHUNK))

    async def step(self, take: Callable[[], One]) -> One:
        """Run an operation of TLS, which may have to exchange other bytes first."""
        while True:
            with suppress(ssl.SSLWantReadError):
                return take()
            await self.flush()
            data = await self.plain.receive()
            if data:
                self.incoming.write(data)
            else:
                self.incoming.write_eof()

    async def flush(self) -> None:
        """Hand over everything that is encrypted."""
        data = memoryview(self.outgoing.read())
        while data:
            data = data[await self.plain.send(data) :]

    def is_quiet(self) -> bool:
        return not self.incoming.pending and not self.tls.pending() and self.plain.is_quiet()

    def close(self) -> None:
        self.plain.close()


Channel: TypeAlias = Plain | Tls
