"""How fast the load generator can be: a server that reads requests, does nothing and answers 200."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"


@contextmanager
def trivial_server() -> Iterator[tuple[str, int]]:
    """The address of such a server, in a process of its own."""
    program = [sys.executable, "-m", "benchmarks.common.ceiling"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline())
        try:
            yield "127.0.0.1", port
        finally:
            process.terminate()


def complete(data: bytes) -> bool:
    """Whether a request has come with all of its body."""
    head, end, body = data.partition(b"\r\n\r\n")
    length = head.partition(b"\r\nContent-Length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


def serve() -> None:
    """Until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    pending: dict[socket.socket, bytes] = {}
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                sock, _address = listener.accept()
                pending[sock] = b""
                selector.register(sock, selectors.EVENT_READ)
            else:
                _hear(key.fileobj, pending, selector)


def _hear(sock: object, pending: dict[socket.socket, bytes], selector: selectors.BaseSelector) -> None:
    assert isinstance(sock, socket.socket)
    data = sock.recv(65536)
    if not data:
        selector.unregister(sock)
        del pending[sock]
        return sock.close()
    pending[sock] += data
    if complete(pending[sock]):
        pending[sock] = b""
        sock.sendall(_ANSWER)
    return None


if __name__ == "__main__":
    serve()
