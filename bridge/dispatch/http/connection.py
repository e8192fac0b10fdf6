"""One connection to LeadConverter, and the progress of one request over it."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
import threading
from asyncio import Timeout
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bridge.dispatch.http.channel import Channel, Plain, Tls
from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.http.faults import NoAddressError
from bridge.dispatch.http.http1 import Incoming
from bridge.reasons.reason import Reason

Address: TypeAlias = tuple[Any, ...]
"""Family, type, protocol, name and socket address, as socket.getaddrinfo gives them."""
Resolve: TypeAlias = Callable[[str, int], list[Address]]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go."""

    scheme: str
    host: str
    port: int
    header: str
    """What the Host header says."""


@dataclass(slots=True)
class Progress:
    """How far one request has got. Read after a failure it tells what may have run."""

    phase: Phase = Phase.RESOLVING
    sent: int = 0
    total: int = 0
    bad_certificate: bool = False
    incoming: Incoming | None = field(default=None, repr=False)

    def seen(self, fault: Reason | None = None, cause: str = "") -> Exchange:
        """What the outcome is judged by."""
        came = self.incoming
        if came is None or came.status is None:
            return Exchange(self.phase, fault, self.bad_certificate, self.sent, self.total, cause=cause)
        return Exchange(
            self.phase,
            fault,
            sent=self.sent,
            total=self.total,
            status=came.status,
            headers=came.headers,
            body=bytes(came.body),
            framed=came.framed,
            oversized=came.oversized,
            cause=cause,
        )


class Resolver:
    """Looks names up, each in a thread: the system's own lookup has no time limit.

    The threads are daemons, so that no process waits at its end for a name server that does not answer.
    """

    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.running: dict[tuple[str, int], Future[list[Address]]] = {}

    async def lookup(self, host: str, port: int) -> list[Address]:
        """Addresses in the order to be tried. Raises OSError for an unknown name."""
        key = (host, port)
        found = self.running.get(key)
        if found is None:
            found = self.running[key] = Future()
            # It cannot be cancelled from here on: others may wait for it when one has run out of time.
            found.set_running_or_notify_cancel()
            try:
                threading.Thread(target=self.run, args=(key, found), name="resolve", daemon=True).start()
            except RuntimeError as fault:
                # Others must not wait for a thread that does not run, and nothing was sent.
                del self.running[key]
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from fault
        return await asyncio.wrap_future(found)

    def run(self, key: tuple[str, int], found: Future[list[Address]]) -> None:
        try:
            found.set_result(self.resolve(*key))
        except (OSError, ValueError) as fault:
            found.set_exception(fault)
        finally:
            del self.running[key]


class Connection:
    """A connection that carries one request at a time."""

    def __init__(self, origin: Origin, channel: Channel) -> None:
        self.origin = origin
        self.channel = channel
        self.keep_until = 0.0
        """Monotonic time until which the idle connection may be trusted with another request."""

    async def exchange(self, data: bytes, progress: Progress, cap: int) -> Incoming:
        """Send the request and read the answer. Raises OSError or BadAnswerError."""
        progress.phase = Phase.SENDING
        progress.total = len(data)
        view = memoryview(data)
        while progress.sent < progress.total:
            progress.sent += await self.channel.send(view[progress.sent :])
        progress.phase = Phase.WAITING
        incoming = progress.incoming = Incoming(cap)
        while not incoming.complete:
            chunk = await self.channel.receive()
            if chunk:
                progress.phase = Phase.READING
            incoming.feed(chunk)
        progress.phase = Phase.COMPLETE
        return incoming


async def connect(
    origin: Origin, resolver: Resolver, context: ssl.SSLContext, progress: Progress, deadline: Timeout
) -> Connection:
    """A new connection, over verified TLS for https. Raises OSError or ValueError; nothing was sent then."""
    progress.phase = Phase.RESOLVING
    addresses = await resolver.lookup(origin.host, origin.port)
    progress.phase = Phase.CONNECTING
    plain = await dial(addresses, deadline)
    if origin.scheme != "https":
        return Connection(origin, plain)
    progress.phase = Phase.TLS
    with ExitStack() as undo:
        undo.callback(plain.close)
        tls = Tls(plain, context, origin.host)
        try:
            await tls.shake_hands()
        except ssl.SSLCertVerificationError:
            progress.bad_certificate = True
            raise
        undo.pop_all()
    return Connection(origin, tls)


async def dial(addresses: list[Address], deadline: Timeout) -> Plain:
    """The first address that answers; each gets its share of the time that is left."""
    fault: OSError | ValueError = NoAddressError()
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        left = (deadline.when() or 0.0) - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(left / (len(addresses) - tried)):
                return await Plain.connect(family, kind, protocol, address)
        except (OSError, ValueError) as failed:
            fault = failed
    raise fault
