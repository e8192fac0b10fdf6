"""Limits of a connection, on a real server in this process whose limits are short."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import pytest

from bridge.web import protocol
from bridge.web.protocol import Protocol
from bridge.web.server import most_connections
from tests.support.waiting import eventually
from tests.web.served import GET, HEAD, App, Served, read_to_end, read_until


def test_a_connection_that_sends_nothing_is_closed(served: Served, limit: Callable[..., None]) -> None:
    limit(FIRST_S=0.1)
    with served.connected() as silent:
        began = time.monotonic()
        assert read_to_end(silent) == b""
        assert time.monotonic() - began < 5


def test_an_idle_connection_is_kept_for_its_time_and_closed_after_it(
    served: Served, limit: Callable[..., None]
) -> None:
    limit(FIRST_S=0.1, IDLE_S=2.5)
    with served.connected(GET % 1) as idle:
        assert read_until(idle, b"/1")
        time.sleep(1.5)
        idle.sendall(GET % 2)
        assert read_until(idle, b"/2")
        began = time.monotonic()
        assert read_to_end(idle) == b""
        assert 1 < time.monotonic() - began < 6


@pytest.mark.parametrize("beginning", [HEAD[:30], HEAD, HEAD + b"12345"])
def test_a_request_that_drips_has_one_deadline(
    served: Served, limit: Callable[..., None], beginning: bytes
) -> None:
    limit(REQUEST_S=1.0)
    with served.connected(beginning) as dripping:
        with contextlib.suppress(OSError):
            for _ in range(4):
                time.sleep(0.4)
                dripping.sendall(b"6")
        assert read_to_end(dripping).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_does_not_read_its_response_is_closed(
    served: Served, limit: Callable[..., None]
) -> None:
    limit(RESPONSE_S=1.0, IDLE_S=60)
    with served.connected(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n"):
        assert eventually(lambda: served.connections)
        assert eventually(lambda: not served.connections)


def test_a_client_that_pipelines_is_answered_in_order_and_holds_little(served: Served) -> None:
    many = 3000
    with served.connected() as pipelining:
        sending = threading.Thread(target=pipelining.sendall, args=(b"".join(GET % n for n in range(many)),))
        sending.start()
        got = b""
        while got.count(b"HTTP/1.1 200") < many or not got.endswith(b"/2999"):
            got += pipelining.recv(65536)
            assert all(len(one.pipeline) <= protocol._SLICE / 20 for one in served.connections)
        sending.join()
    answers = [part.rpartition(b"/")[2] for part in got.split(b"HTTP/1.1 200")[1:]]
    assert [int(one) for one in answers] == list(range(many))


def test_others_are_answered_while_one_pipelines_without_end(served: Served) -> None:
    stop = threading.Event()

    def pipeline() -> None:
        with served.connected() as made, contextlib.suppress(OSError):
            made.settimeout(0.5)
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    made.send(b"".join(GET % n for n in range(2000)))
                made.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    while made.recv(1 << 20):
                        pass
                made.settimeout(0.5)

    flooding = [threading.Thread(target=pipeline) for _ in range(2)]
    for one in flooding:
        one.start()
    try:
        for n in range(50):
            with served.connected(GET % n) as honest:
                assert read_until(honest, b"/%d" % n)
    finally:
        stop.set()
        for one in flooding:
            one.join()


def test_a_bad_request_after_a_good_one_lets_that_be_answered(served: Served, app: App) -> None:
    with served.connected(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n") as mixed:
        assert eventually(lambda: app.rejected)
        app.go_on.set()
        got = read_to_end(mixed)
    assert got.count(b"HTTP/1.1") == 1
    assert got.endswith(b"/wait")


def test_a_client_that_closes_its_side_gets_its_response(served: Served, app: App) -> None:
    with served.connected(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n") as half:
        half.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
        app.go_on.set()
        assert read_to_end(half).endswith(b"/wait")


def test_a_header_of_a_pipelined_request_is_not_taken_for_its_line(
    served: Served, app: App, limit: Callable[..., None]
) -> None:
    first = HEAD + b"0123456789"
    second = "POST /two HTTP/1.1\r\nX-Name: Мария\r\nHost: a\r\nContent-Length: 1\r\n\r\n2".encode()
    for place in range(1, len(second)):
        limit(_SLICE=len(first) + place)
        with served.connected(first + second + GET % 3) as made:
            got = read_until(made, b"/3")
        assert b"/two2" in got
    assert set(app.names) == {"Мария".encode()}


def test_a_target_may_have_bytes_that_are_no_ascii_in_every_request_of_a_connection(served: Served) -> None:
    with served.connected() as made:
        for number in range(3):
            made.sendall(HEAD.replace(b"/x", f"/Мария{number}".encode()) + b"0123456789")
            assert read_until(made, f"/Мария{number}0123456789".encode())


def test_an_upgrade_is_ignored(served: Served) -> None:
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    with served.connected(HEAD.replace(b"Host: a\r\n", b"Host: a\r\n" + upgrade) + b"0123456789") as made:
        assert read_until(made, b"/x0123456789")
        made.sendall(HEAD.replace(b"10", b"12") + b"\nUpgrade: x\n")
        assert read_until(made, b"/x\nUpgrade: x\n")
        made.sendall(GET % 1)
        assert read_until(made, b"/1")


@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade"])
def test_an_upgrade_may_arrive_in_pieces(served: Served, name: bytes) -> None:
    head = HEAD.replace(b"Host: a\r\n", b"Host: a\r\nConnection: Upgrade\r\n%s: h2c\r\n" % name)
    for length in (1, 2, 7, 40):
        with served.connected() as made:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for place in range(0, len(head), length):
                made.sendall(head[place : place + length])
                time.sleep(0.001)
            made.sendall(b"0123456789")
            assert read_until(made, b"/x0123456789")
            made.sendall(GET % 1)
            assert read_until(made, b"/1")


def test_a_client_has_a_number_of_connections_and_a_proxy_more(
    served: Served, app: App, limit: Callable[..., None]
) -> None:
    limit(PER_CLIENT=2)
    app.proxy = False
    with served.connected() as one, served.connected() as two, served.connected() as three:
        assert read_to_end(three).startswith(b"HTTP/1.1 503 ")
        for each in (one, two):
            each.sendall(GET % 1)
            assert read_until(each, b"/1")
    app.proxy = True
    with served.connected(), served.connected(), served.connected(GET % 1) as third:
        assert read_until(third, b"/1")
    assert eventually(lambda: not Protocol.clients)


def test_a_connection_too_many_is_answered_and_leaves_files_for_all_else(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [most_connections(files) for files in (128, 1024, 1 << 20)] == [64, 824, 2000]
    monkeypatch.setattr(Protocol, "most", 1)
    with served.connected(GET % 1) as one, served.connected() as two:
        assert read_to_end(two).startswith(b"HTTP/1.1 503 ")
        assert read_until(one, b"/1")


def test_a_stop_answers_what_is_in_progress_and_what_an_idle_connection_still_sends(
    served: Served, app: App
) -> None:
    with served.connected(GET % 1) as idle, served.connected(GET % 2) as silent:
        assert read_until(idle, b"/1")
        assert read_until(silent, b"/2")
        with served.connected(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n") as working:
            assert eventually(lambda: len(served.connections) == 3)
            served.stop()
            time.sleep(0.4)
            idle.sendall(GET % 3)
            assert b"connection: close" in read_to_end(idle)
            assert read_to_end(silent) == b""
            app.go_on.set()
            assert read_to_end(working).endswith(b"/wait")
    served.thread.join(10)
    assert not served.thread.is_alive()
