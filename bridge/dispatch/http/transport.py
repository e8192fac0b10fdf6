"""The transport beneath requests: an adapter that knows, of every request, how far it got.

requests' own adapter retries, follows the environment's proxies, measures its time-outs per read and
reports failures by exception types that do not tell what was sent; this one does none of that.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, BaseAdapter
from requests.structures import CaseInsensitiveDict

from bridge.dispatch.http.connection import (
    Connection,
    Deadline,
    Origin,
    Progress,
    Resolve,
    Resolver,
    cause_of,
    connect,
    fault_of,
)
from bridge.dispatch.http.exchange import Exchange, Phase
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

    seen: Exchange


def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
    """The system's addresses for a name."""
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class Transport(BaseAdapter):
    """Sends prepared requests over kept connections. Safe to be shared by threads.

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
        super().__init__()
        self.context = ssl.create_default_context(cafile=ca_file or DEFAULT_CA_BUNDLE_PATH)
        self.idle = idle
        self.cap = cap
        self.clock = clock
        self.resolver = Resolver(resolve)
        self.lock = threading.Lock()
        self.kept: dict[Origin, list[Connection]] = {}
        self.origins: dict[str, Origin] = {}
        self.closed = False

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = 20.0,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> ExchangeResponse:
        """One attempt within `timeout` seconds in all.

        Raises BrokenError when no complete answer came. There is no streaming, no proxy, no redirect,
        no repetition, and no way to switch verification off.
        """
        if (
            stream
            or cert is not None
            or proxies
            or verify is not True
            or not isinstance(timeout, int | float)
        ):
            raise ValueError("this transport takes a request and one time-out, nothing else")
        progress = Progress()
        deadline = Deadline(self.clock, timeout)
        try:
            seen = self.run(request, progress, deadline)
        except (OSError, ValueError, BadAnswerError) as fault:
            what = fault_of(fault, progress.phase, timeout)
            raise BrokenError(progress.seen(what, cause_of(fault))) from None
        return response_of(seen)

    def run(self, request: PreparedRequest, progress: Progress, deadline: Deadline) -> Exchange:
        origin, target = self.address(request.url or "")
        data = wire_format(request, origin, target)
        connection = self.reuse(origin) or connect(origin, self.resolver, self.context, progress, deadline)
        incoming = None
        try:
            incoming = connection.exchange(data, progress, deadline, self.cap)
        finally:
            if incoming is None:
                connection.close()
        self.keep(connection, incoming)
        return progress.seen()

    def probe(self, url: str, timeout: float) -> Exchange:
        """Connect, over TLS where the address says so, and send nothing. Complete if it went well."""
        progress = Progress()
        try:
            origin, _ = self.address(url)
            connection = connect(origin, self.resolver, self.context, progress, Deadline(self.clock, timeout))
        except (OSError, ValueError) as fault:
            return progress.seen(fault_of(fault, progress.phase, timeout), cause_of(fault))
        connection.close()
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
        while True:
            with self.lock:
                kept = self.kept.get(origin)
                if not kept:
                    return None
                connection = kept.pop()
            if connection.keep_until > self.clock() and connection.is_quiet():
                return connection
            connection.close()

    def keep(self, connection: Connection, incoming: Incoming) -> None:
        if incoming.reusable:
            self.park(connection, min(self.idle, promised(incoming.headers.get("keep-alive", "")) / 2))
        else:
            connection.close()

    def park(self, connection: Connection, seconds: float) -> None:
        now = self.clock()
        connection.keep_until = now + seconds
        with self.lock:
            kept = self.kept.setdefault(connection.origin, [])
            kept.append(connection)
            stale = [old for old in kept if old.keep_until <= now or self.closed]
            kept[:] = [old for old in kept if old not in stale]
        for old in stale:
            old.close()

    def close(self) -> None:
        """Close the idle connections, and keep none any more when the requests under way have ended."""
        with self.lock:
            self.closed = True
            idle = [connection for kept in self.kept.values() for connection in kept]
            self.kept.clear()
        for connection in idle:
            connection.close()


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


def response_of(seen: Exchange) -> ExchangeResponse:
    response = ExchangeResponse()
    response.seen = seen
    response.status_code = seen.status or 0
    response.headers = CaseInsensitiveDict(seen.headers)
    response._content = seen.body
    return response
