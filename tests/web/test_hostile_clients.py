"""Idle, half-open and dripping connections against `leadbridge serve` without a proxy in front."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.processes import Installation
from tests.web.conftest import Serve

MANY = 100
"""Of each kind."""
HALF_A_HEAD = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nX-Half: "
HEAD = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"


def connected(bridge: Installation, data: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", bridge.port), timeout=30)
    made.sendall(data)
    return made


def answer(connection: socket.socket) -> bytes:
    """One complete response."""
    got = b""
    while part := connection.recv(4096):
        got += part
        head, end, body = got.partition(b"\r\n\r\n")
        if end and len(body) >= int(
            head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0
        ):
            break
    return got


@contextmanager
def dripping(victims: list[socket.socket]) -> Iterator[None]:
    """Send a byte every half second on each of these connections."""
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.5):
            for victim in victims:
                with suppress(OSError):
                    victim.send(b"x")

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def sale(number: int) -> dict[str, object]:
    return {"id": f"o{number}", "kind": "sale", "buyer": number}


def test_hundreds_of_hostile_connections_do_not_delay_honest_senders(serve: Serve, sqlite_url: str) -> None:
    bridge = serve(sqlite_url)
    idle = [connected(bridge) for _ in range(MANY)]
    half_open = [connected(bridge, HALF_A_HEAD) for _ in range(MANY)]
    slow = [connected(bridge, HEAD) for _ in range(MANY)]
    times = []
    with dripping([*half_open, *slow]):
        for number in range(200):
            began = time.monotonic()
            assert bridge.post("/hooks/shop", sale(number)).status == 200
            times.append(time.monotonic() - began)
    assert sorted(times)[197] < 1.0
    for one in (*idle, *half_open, *slow):
        one.close()


def test_an_incomplete_webhook_is_not_accepted(serve: Serve, sqlite_url: str) -> None:
    bridge = serve(sqlite_url)
    for data in (HEAD + b'{"id": "o1"}', CHUNKED):
        with connected(bridge, data) as half:
            half.shutdown(socket.SHUT_WR)
            response = answer(half)
        assert response.startswith(b"HTTP/1.1 408 ")
    assert bridge.command("events", "--json").stdout.strip() == "[]"


def test_an_invalid_chunk_is_a_malformed_request(serve: Serve, sqlite_url: str) -> None:
    bridge = serve(sqlite_url)
    with connected(bridge, CHUNKED + b'"a":1}never a chunk\r\n') as odd:
        response = answer(odd)
    assert response.startswith(b"HTTP/1.1 400 ")


def test_chunked_bodies_are_limited_too(serve: Serve, sqlite_url: str) -> None:
    bridge = serve(sqlite_url)
    head = b"POST /hooks/shop HTTP/1.1\r\nHost: bridge\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    end = b"0\r\n\r\n"
    with connected(bridge, head + chunk * 16 + b"1\r\n \r\n" + end) as big:
        assert answer(big).startswith(b"HTTP/1.1 413 ")
    with connected(
        bridge, head + chunk * 15 + b"fffe\r\n" + b" " * 0xFFFE + b"\r\n2\r\n{}\r\n" + end
    ) as full:
        assert answer(full).startswith(b"HTTP/1.1 200 ")


def test_incomplete_bodies_fill_neither_the_memory_nor_keep_large_ones_out(
    serve: Serve, sqlite_url: str
) -> None:
    bridge = serve(sqlite_url)
    head = HEAD.replace(b"100000", b"1000000")
    slow = [connected(bridge, head + b" " * 500_000) for _ in range(200)]
    big = b'{"id": "big"}' + b" " * 1_000_000
    assert bridge.post("/hooks/shop", big).status == 200
    assert bridge.post("/hooks/shop", sale(1)).status == 200
    assert answer(slow[0]).startswith(b"HTTP/1.1 503 ")
    for one in slow:
        one.close()


def test_two_lengths_in_one_request_are_refused(serve: Serve, sqlite_url: str) -> None:
    bridge = serve(sqlite_url)
    head = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    with connected(bridge, head + b"0\r\n\r\n") as smuggler:
        assert answer(smuggler).startswith(b"HTTP/1.1 400 ")
