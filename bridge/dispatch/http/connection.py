"""One connection to LeadConverter, and the progress of one request over it.

Every operation gets only the time that the request's one deadline has left, name resolution included.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.http.http1 import BadAnswerError, Incoming
from bridge.model import EOF, LOST, RESET, TIMEOUT
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import GeneralCode, Reason

CHUNK: Final = 1 << 14
Address: TypeAlias = tuple[Any, ...]
"""Family, type, protocol, name and socket address, as socket.getaddrinfo gives them."""
Resolve: TypeAlias = Callable[[str, int], list[Address]]


class NoAddressError(OSError):
    """A name was found, and has no address."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go."""

    scheme: str
    host: str
    port: int
    header: str
    """What the Host header says."""


class Deadline:
    """The one moment by which a request must have its whole answer."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds
        self.at = clock() + seconds

    def left(self) -> float:
        """Seconds, more than none. Raises TimeoutError when there are none."""
        left = self.at - self.clock()
        if left <= 0:
            raise TimeoutError
        return left


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
    """Looks names up in threads, for the system's own lookup has no time limit."""

    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.lock = threading.Lock()
        self.running: dict[tuple[str, int], Future[list[Address]]] = {}

    def lookup(self, host: str, port: int, deadline: Deadline) -> list[Address]:
        """Addresses in the order to be tried. Raises TimeoutError, or OSError for an unknown name."""
        key = (host, port)
        with self.lock:
            result = self.running.get(key)
            if result is None:
                result = self.running[key] = Future()
                threading.Thread(target=self.run, args=(key, result), name="resolve", daemon=True).start()
        return result.result(deadline.left())

    def run(self, key: tuple[str, int], result: Future[list[Address]]) -> None:
        try:
            result.set_result(self.resolve(*key))
        except (OSError, ValueError) as fault:
            result.set_exception(fault)
        finally:
            with self.lock:
                del self.running[key]


class Connection:
    """A connected socket that carries one request at a time."""

    def __init__(self, origin: Origin, sock: socket.socket) -> None:
        self.origin = origin
        self.sock = sock
        self.keep_until = 0.0
        """Monotonic time until which the idle connection may be trusted with another request."""

    def exchange(self, data: bytes, progress: Progress, deadline: Deadline, cap: int) -> Incoming:
        """Send the request and read the answer. Raises OSError, TimeoutError or BadAnswerError."""
        progress.phase = Phase.SENDING
        progress.total = len(data)
        view = memoryview(data)
        while progress.sent < progress.total:
            self.sock.settimeout(deadline.left())
            progress.sent += self.sock.send(view[progress.sent :])
        progress.phase = Phase.WAITING
        incoming = progress.incoming = Incoming(lambda: self.receive(progress, deadline), cap)
        incoming.read()
        progress.phase = Phase.COMPLETE
        return incoming

    def receive(self, progress: Progress, deadline: Deadline) -> bytes:
        self.sock.settimeout(deadline.left())
        chunk = self.sock.recv(CHUNK)
        if chunk:
            progress.phase = Phase.READING
        return chunk

    def is_quiet(self) -> bool:
        """Nothing came in while it was idle: neither an end nor bytes that nobody asked for."""
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)

    def close(self) -> None:
        try:
            self.sock.close()
        except OSError:
            return


def connect(
    origin: Origin, resolver: Resolver, context: ssl.SSLContext, progress: Progress, deadline: Deadline
) -> Connection:
    """A new connection, over verified TLS for https. Raises OSError or ValueError; nothing was sent then."""
    progress.phase = Phase.RESOLVING
    addresses = resolver.lookup(origin.host, origin.port, deadline)
    progress.phase = Phase.CONNECTING
    sock = dial(addresses, origin, context, deadline)
    if isinstance(sock, ssl.SSLSocket):
        progress.phase = Phase.TLS
        shake_hands(sock, progress, deadline)
    return Connection(origin, sock)


def dial(
    addresses: list[Address], origin: Origin, context: ssl.SSLContext, deadline: Deadline
) -> socket.socket:
    """The first address that answers; each gets its share of the time that is left."""
    fault: OSError | ValueError = NoAddressError()
    for tried, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = unconnected(socket.socket(family, kind, protocol), origin, context)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(deadline.left() / (len(addresses) - tried))
            sock.connect(address)
        except (OSError, ValueError) as failed:
            sock.close()
            fault = failed
        else:
            return sock
    raise fault


def unconnected(plain: socket.socket, origin: Origin, context: ssl.SSLContext) -> socket.socket:
    """Made ready for TLS before it connects: ssl loses a connected socket, unclosed, whose peer has gone."""
    if origin.scheme != "https":
        return plain
    return context.wrap_socket(
        plain, server_hostname=origin.host, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )


def shake_hands(sock: ssl.SSLSocket, progress: Progress, deadline: Deadline) -> None:
    """TLS with the server's name and certificate verified."""
    try:
        sock.settimeout(deadline.left())
        sock.do_handshake()
    except OSError as fault:
        progress.bad_certificate = isinstance(fault, ssl.SSLCertVerificationError)
        sock.close()
        raise


def fault_of(fault: Exception, phase: Phase, seconds: float) -> Reason:
    """What went wrong: never the exception's own text where that could hold an address."""
    match fault:
        case BadAnswerError():
            return fault.fault
        case TimeoutError():
            return Reason(LATE[phase], seconds=f"{seconds:g}")
        case ssl.SSLError():
            return tls_fault(fault)
        case socket.gaierror() | UnicodeError():
            return Reason(CallCode.NO_SUCH_NAME)
        case ValueError():
            return Reason(CallCode.BAD_URL)
        case ConnectionResetError() | BrokenPipeError():
            return Reason(CallCode.RESET)
        case NoAddressError():
            return Reason(CallCode.NO_ADDRESS)
        case OSError(errno=int(number), strerror=str(text)):
            return (
                Reason(KNOWN[number]) if number in KNOWN else Reason(GeneralCode.VERBATIM, text=text.lower())
            )
    return Reason(CallCode.CONNECTION_FAILED)


def tls_fault(fault: ssl.SSLError) -> Reason:
    """What went wrong with TLS."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return Reason(GeneralCode.VERBATIM, text=fault.verify_message)
    if isinstance(fault, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Reason(CallCode.CLOSED)
    detail = (fault.reason or "").lower().replace("_", " ")
    return Reason(CallCode.TLS_FAILED, detail=detail or Reason(CallCode.UNKNOWN))


def cause_of(fault: Exception) -> str:
    """The fault as one of `model.CAUSES`."""
    match fault:
        case BadAnswerError():
            return fault.cause
        case TimeoutError():
            return TIMEOUT
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return EOF
        case ConnectionResetError() | BrokenPipeError():
            return RESET
    return LOST


KNOWN: Final = {
    errno.ECONNREFUSED: CallCode.CONNECTION_REFUSED,
    errno.EHOSTUNREACH: CallCode.NO_ROUTE,
    errno.ENETUNREACH: CallCode.UNREACHABLE,
}
LATE: Final = {
    Phase.RESOLVING: CallCode.NOT_RESOLVED,
    Phase.CONNECTING: CallCode.NOT_CONNECTED,
    Phase.TLS: CallCode.NO_TLS,
    Phase.SENDING: CallCode.NOT_TAKEN,
    Phase.WAITING: CallCode.NO_ANSWER,
    Phase.READING: CallCode.ENDLESS,
}
"""What was not done in time in each phase that waits for the network."""
