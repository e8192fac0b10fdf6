"""A real TCP server that answers each connection as its script says, down to the byte."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Script: TypeAlias = Callable[["Peer"], None]


@dataclass
class Peer:
    """One accepted connection, seen from the server."""

    sock: socket.socket
    over: threading.Event
    """Set when the test is over: what stalls, stalls until then."""
    requests: list[bytes]

    def read(self) -> bytes:
        """A whole request. Raises ConnectionError when the client hung up."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.some()
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or b"0")
        while len(body) < length:
            body += self.some()
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def some(self) -> bytes:
        chunk = self.sock.recv(65536)
        if not chunk:
            raise ConnectionError
        return chunk

    def reset(self) -> None:
        """Hang up with RST rather than FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


@dataclass
class Server:
    """Where the scripted server listens, and what it was asked."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def serving(*scripts: Script, context: ssl.SSLContext | None = None, backlog: int = 16) -> Iterator[Server]:
    """Serve connection n by script n, all further ones by the last."""
    over = threading.Event()
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as listener:
        server = Server(listener.getsockname()[1])

        def serve(sock: socket.socket, script: Script) -> None:
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                sock.settimeout(10)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stack.callback(lambda: sock.close())
                if context is not None:
                    sock = context.wrap_socket(sock, server_side=True)
                script(Peer(sock, over, server.requests))

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    if over.is_set():
                        sock.close()
                        return
                    script = scripts[min(server.connections, len(scripts) - 1)]
                    server.connections += 1
                    thread = threading.Thread(target=serve, args=(sock, script))
                    thread.start()
                    threads.append(thread)

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield server
        finally:
            over.set()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", server.port), 1).close()
            accepting.join()
    for thread in threads:
        thread.join()


def answering(*raw: bytes) -> Script:
    """Answer request n of a connection with answer n, then hang up."""

    def script(peer: Peer) -> None:
        for answer in raw:
            peer.read()
            peer.sock.sendall(answer)
        peer.sock.shutdown(socket.SHUT_WR)
        peer.sock.recv(1)

    return script


def stalling(raw: bytes = b"") -> Script:
    """Answer with a beginning and leave it at that."""

    def script(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(raw)
        peer.over.wait(10)

    return script


def dripping(raw: bytes, pause: float) -> Script:
    """Answer byte by byte, never so slow that a single read would time out."""

    def script(peer: Peer) -> None:
        peer.read()
        for place in range(len(raw)):
            if peer.over.wait(pause):
                return
            peer.sock.sendall(raw[place : place + 1])

    return script


def resetting(raw: bytes = b"") -> Script:
    """Take the request, answer with a beginning, reset the connection."""

    def script(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(raw)
        if raw:
            peer.over.wait(0.05)
        peer.reset()

    return script


def closing(peer: Peer) -> None:
    """Accept and hang up without reading."""
    peer.sock.shutdown(socket.SHUT_RDWR)


def silent(peer: Peer) -> None:
    """Accept and do nothing at all."""
    peer.over.wait(10)


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


JSON = "Content-Type: application/json"
HTML = "Content-Type: text/html; charset=UTF-8"


@dataclass(frozen=True)
class Certificate:
    """A certificate that signs itself."""

    path: str
    context: ssl.SSLContext
    """For a server that shows it."""


def certificate(folder: Path, name: str, *, days: int = 2) -> Certificate:
    """Make a certificate for an IP address or host name; `days` below none makes an expired one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    is_address = name.replace(".", "").isdigit()
    alternative = x509.IPAddress(ip_address(name)) if is_address else x509.DNSName(name)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=5))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}{days}.crt", folder / f"{name}{days}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return Certificate(str(public), context)
