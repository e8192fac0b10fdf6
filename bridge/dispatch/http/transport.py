"""The transport beneath requests' prepared requests: it knows, of each, how far it got.

requests' own adapter retries, follows the environment's proxies, measures its time-outs per read and
reports failures by exception types that do not tell what was sent; this one does none of that.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from requests.adapters import DEFAULT_CA_BUNDLE_PATH
from requests.structures import CaseInsensitiveDict

from bridge.dispatch.http.connection import Connection, Origin, Progress, Resolve, Resolver, connect
from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.http.faults import cause_of, fault_of
from bridge.dispatch.http.http1 import BadAnswerError, Incoming
from bridge.text.render import english

CAP: Final = 1 << 18
"""Bytes of an answer's body that are read at most."""
IDLE: Final = 1.0
"""Seconds for which an idle connection is trusted: below the shortest keep-alive of usual servers (2 s)."""
PORTS: Final = {"http": 80, "https": 443}
URL = re.compile(r"(https?)://([^\s/?#@\\]+)(/[!-~]*)", re.ASCII)


class BrokenError(RequestException):
    """A request that has no complete answer. `seen` tells how far it got; the request is not kept."""

    def __init__(self, seen: Exchange) -> None:
        super().__init__(f"{seen.phase}: {english(seen.fault)}")
        self.seen = seen


class ExchangeResponse(Response):
    """A response that still knows how it came."""

    def __init__(self, seen: Exchange) -> None:
        # Without requests' own: it makes a cookie jar, at a sixth of the cost of a whole call.
        self.seen = seen
        self.status_code = seen.status or 0
        self.headers = CaseInsensitiveDict(seen.headers)
        self._content = seen.body
        self.encoding, self.reason, self.url = None, "", ""


def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
    """The system's addresses for a name."""
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class Transport:
    """Sends prepared requests over kept connections, all in one event loop.

    `ca_file` replaces the certificates that requests trusts. `idle` and all times are in seconds.
    """

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        idle: float = IDLE,
        cap: int = CAP,
        clock: Callable[[], float] = time.monotonic,
        resolve: Resolve = lookup,
    ) -> None:
        self.context = ssl.create_default_context(cafile=ca_file or DEFAULT_CA_BUNDLE_PATH)
        self.idle = idle
        self.cap = cap
        self.clock = clock
        self.resolver = Resolver(resolve)
        self.kept: dict[Origin, list[Connection]] = {}
        self.origins: dict[str, Origin] = {}
        self.closed = False

    async def send(self, request: PreparedRequest, timeout: float) -> ExchangeResponse:
        """One attempt within `timeout` seconds in all.

        Raises BrokenError when no complete answer came. There is no streaming, no proxy, no redirect,
        no repetition, and no way to switch verification off.
        """
        progress = Progress()
        try:
            async with asyncio.timeout(timeout) as deadline:
                await self.run(request, progress, deadline)
        except (OSError, ValueError, BadAnswerError) as fault:
            raise BrokenError(broken(progress, fault, timeout)) from None
        return ExchangeResponse(progress.seen())

    async def run(self, request: PreparedRequest, progress: Progress, deadline: asyncio.Timeout) -> None:
        origin, target = self.address(request.url or "")
        data = wire_format(request, origin, target)
        connection = self.reuse(origin)
        if connection is None:
            connection = await connect(origin, self.resolver, self.context, progress, deadline)
        incoming = None
        try:
            incoming = await connection.exchange(data, progress, self.cap)
        finally:
            if incoming is None:
                connection.channel.close()
        self.keep(connection, incoming)

    async def probe(self, url: str, timeout: float) -> Exchange:
        """Connect, over TLS where the address says so, and send nothing. Complete if it went well."""
        progress = Progress()
        try:
            origin, _ = self.address(url)
            async with asyncio.timeout(timeout) as deadline:
                connection = await connect(origin, self.resolver, self.context, progress, deadline)
        except (OSError, ValueError) as fault:
            return broken(progress, fault, timeout)
        connection.channel.close()
        return Exchange(Phase.COMPLETE)

    def address(self, url: str) -> tuple[Origin, str]:
        """Where to connect and what to ask for. Raises ValueError for what is no http address."""
        match = URL.fullmatch(url)
        if match is None:
            raise ValueError("not an http address")
        base = f"{match[1]}://{match[2]}"
        origin = self.origins.get(base)
        if origin is None:
            origin = self.origins[base] = origin_of(base)
        return origin, match[3]

    def reuse(self, origin: Origin) -> Connection | None:
        """The connection used last, if its state is known to be good."""
        kept = self.kept.get(origin)
        while kept:
            connection = kept.pop()
            if connection.keep_until > self.clock() and connection.channel.is_quiet():
                return connection
            connection.channel.close()
        return None

    def keep(self, connection: Connection, incoming: Incoming) -> None:
        """Keep the connection for the next request where its state is known."""
        if self.closed or not incoming.reusable:
            connection.channel.close()
            return
        now = self.clock()
        connection.keep_until = now + min(self.idle, promised(incoming.headers.get("keep-alive", "")) / 2)
        kept = self.kept.setdefault(connection.origin, [])
        kept.append(connection)
        # The last used is used first, so that the others grow old at the beginning.
        while kept and kept[0].keep_until <= now:
            kept.pop(0).channel.close()

    def close(self) -> None:
        """Close the idle connections, and keep none any more when the requests under way have ended."""
        self.closed = True
        for connection in [one for kept in self.kept.values() for one in kept]:
            connection.channel.close()
        self.kept.clear()


def origin_of(base: str) -> Origin:
    """Read scheme, host and port. Raises ValueError for a port or name that cannot be."""
    parts = urlsplit(base)
    host = (
        (parts.hostname or "").encode("idna").decode("ascii")
        if ":" not in parts.netloc.rpartition("]")[0]
        else ""
    )
    host = host or parts.hostname or ""
    port = parts.port or PORTS[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return Origin(parts.scheme, host, port, shown if parts.port is None else f"{shown}:{port}")


def wire_format(request: PreparedRequest, origin: Origin, target: str) -> bytes:
    """The request's bytes as they go out."""
    body = request.body or b""
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {origin.header}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    return head + (body if isinstance(body, bytes) else body.encode("ascii"))


def promised(keep_alive: str) -> float:
    """Seconds for which the server said it keeps idle connections; an hour when it did not say."""
    match = re.search(r"timeout=(\d{1,4})", keep_alive)
    return float(match[1]) if match else 3600.0


def broken(progress: Progress, fault: Exception, timeout: float) -> Exchange:
    """What was seen of a request that failed."""
    return progress.seen(fault_of(fault, progress.phase, timeout), cause_of(fault))
