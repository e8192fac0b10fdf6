"""Clients that misuse a server, in a process of their own: `python -m benchmarks.common.attackers slow 8080`.

They come from another address than the honest sender. One line is printed when all have begun; a connection
that the server ends is opened anew.
"""

from __future__ import annotations

import select
import socket
import sys
from contextlib import suppress
from time import monotonic
from typing import Final

ATTACKS: Final = {
    "slow": "300 slow clients: idle, or one byte a second of a head or of a body",
    "pipelining": "two that pipeline GET /healthz without end",
    "half-sent": "200 half-sent bodies of 1 MB",
}
_ADDRESS: Final = "127.0.0.2"
_HALF_A_HEAD: Final = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nX-Half: "
_HALF_A_BODY: Final = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nContent-Length: 100000\r\n\r\n"
_HALF_A_MEGABYTE: Final = (
    b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000000\r\n\r\n" + b"x" * 500_000
)
_PIPELINED: Final = b"GET /healthz HTTP/1.1\r\nHost: bridge\r\n\r\n" * 200


def main(name: str, port: int) -> None:
    """Attack until this process is killed."""
    {"slow": slow, "pipelining": pipelining, "half-sent": half_sent}[name](port)


def slow(port: int) -> None:
    """A third idle, a third in the middle of a head, a third in the middle of a body; the latter two drip."""
    begun = (b"", _HALF_A_HEAD, _HALF_A_BODY)
    _hold(port, [begun[number % 3] for number in range(300)], drips=True)


def half_sent(port: int) -> None:
    _hold(port, [_HALF_A_MEGABYTE] * 200, drips=False)


def pipelining(port: int) -> None:
    """Write as many requests as the server takes, and read what it answers."""
    socks = [_connected(port) for _ in range(2)]
    rests = [_PIPELINED, _PIPELINED]
    print(flush=True)
    while True:
        readable, writable, _ = select.select(socks, socks, [])
        for place, sock in enumerate(list(socks)):
            try:
                if sock in readable and not sock.recv(1 << 20):
                    raise ConnectionResetError
                if sock in writable:
                    rests[place] = rests[place][sock.send(rests[place]) :] or _PIPELINED
            except BlockingIOError:
                continue
            except OSError:
                sock.close()
                socks[place], rests[place] = _connected(port), _PIPELINED


def _hold(port: int, parts: list[bytes], *, drips: bool) -> None:
    """Keep a connection for each part of a request; those the server ends are begun anew once a second."""
    held = [(part, _begun(port, part)) for part in parts]
    print(flush=True)
    while True:
        end = monotonic() + 1
        while (left := end - monotonic()) > 0:
            select.select([], [], [], left)
        held = [(part, sock if _goes_on(sock, drips and part) else _begun(port, part)) for part, sock in held]


def _goes_on(sock: socket.socket, drip: bytes | bool) -> bool:
    with suppress(BlockingIOError):
        try:
            if drip:
                sock.send(b"x")
            while sock.recv(65536):
                pass
        except ConnectionError:
            pass
        sock.close()
        return False
    return True


def _begun(port: int, part: bytes) -> socket.socket:
    sock = _connected(port)
    with suppress(OSError):
        sock.settimeout(2)
        sock.sendall(part)
    sock.setblocking(False)
    return sock


def _connected(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(_ADDRESS, 0))
    sock.setblocking(False)
    return sock


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
