"""Where requests begin and end: no part of one is read as another, and responses keep order."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from tests.support.waiting import eventually
from tests.web.served import GET, HEAD, App, Served, read_to_end, read_until

WAIT = b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"Connection: Upgrade\r\nUPGRADE: h2c\r\n"


def test_a_body_that_looks_like_a_header_is_kept_as_it_is(served: Served) -> None:
    body = b"a\nUpgrade: b\r\nUpgrade: c\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    head = HEAD.replace(b": 10", b": %d" % len(body))
    with served.connected(head + body) as made:
        assert read_until(made, b"/x" + body)
        made.sendall(GET % 1)
        assert read_until(made, b"/1")


@pytest.mark.parametrize("pause_at", [30, 50, 60, 66, 78])
def test_an_upgrade_is_ignored_wherever_its_head_was_divided(served: Served, pause_at: int) -> None:
    head = HEAD.replace(b"Host: a\r\n", b"Host: a\r\n" + UPGRADE)
    with served.connected(head[:pause_at]) as made:
        time.sleep(0.05)
        made.sendall(head[pause_at:] + b"0123456789" + GET % 1)
        assert b"/x0123456789" in read_until(made, b"/1")


def test_a_long_head_with_an_upgrade_is_ignored(served: Served) -> None:
    filler = b"".join(b"X-%d: %s\r\n" % (n, b"x" * 500) for n in range(40))
    with served.connected(
        HEAD.replace(b"Host: a\r\n", b"Host: a\r\n" + filler + UPGRADE) + b"0123456789"
    ) as made:
        assert read_until(made, b"/x0123456789")


@pytest.mark.parametrize("first", [GET % 1, CHUNKED + b"0\r\n\r\n"])
def test_an_upgrade_in_a_pipelined_head_is_ignored(served: Served, first: bytes) -> None:
    with served.connected(first + HEAD.replace(b"Content-L", UPGRADE + b"Content-L") + b"0123456789") as made:
        got = read_until(made, b"/x0123456789")
    assert got.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize("target", [b"/x", b"a:80"])
def test_connect_is_refused(served: Served, target: bytes) -> None:
    with served.connected(b"CONNECT %s HTTP/1.1\r\nHost: a\r\n\r\n" % target) as made:
        head, _, body = read_to_end(made).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\ncontent-length: %d" % len(body) in head


def test_trailers_are_no_headers(served: Served) -> None:
    trailers = b"X-Forwarded-For: 192.0.2.1\r\n" * 2000
    request = CHUNKED.replace(b"/x", b"/headers") + b"3\r\nabc\r\n0\r\n" + trailers + b"\r\n"
    with served.connected(request) as made:
        assert read_until(made, b"\r\nhost,transfer-encoding")
        made.sendall(GET % 1)
        assert read_until(made, b"/1")


@pytest.mark.parametrize("trailer", [b"Content-Length: 9", b"Transfer-Encoding: chunked", UPGRADE[:-2]])
def test_trailers_about_framing_change_nothing(served: Served, trailer: bytes) -> None:
    with served.connected(CHUNKED + b"3\r\nabc\r\n0\r\n" + trailer + b"\r\n\r\n" + GET % 1) as made:
        made.settimeout(1)
        got = b""
        try:
            while part := made.recv(4096):
                got += part
        except TimeoutError:
            pass
    assert got.count(b"HTTP/1.1 ") == 1 + got.endswith(b"/1")


@pytest.mark.parametrize("waits", [False, True])
def test_a_bad_request_after_several_good_ones_ends_the_connection(
    served: Served, app: App, waits: bool
) -> None:
    with served.connected((WAIT if waits else GET % 1) + GET % 2 + b"nonsense\r\n\r\n") as mixed:
        assert eventually(lambda: app.rejected)
        app.go_on.set()
        got = read_to_end(mixed)
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in got
    assert got.endswith((b"/wait", b"/1"))
    assert eventually(lambda: not served.connections)


@pytest.mark.parametrize("cut", [HEAD + b"123", CHUNKED + b"zz\r\n"])
@pytest.mark.parametrize("closes", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_a_cut_request_after_a_good_one_never_overtakes_its_response(
    served: Served, app: App, limit: Callable[..., None], cut: bytes, closes: bool
) -> None:
    limit(REQUEST_S=1.0)
    with served.connected(WAIT + cut) as mixed:
        if closes:
            mixed.shutdown(socket.SHUT_WR)
        time.sleep(2.5)
        app.go_on.set()
        got = read_to_end(mixed)
    assert got.startswith(b"HTTP/1.1 200 ")
    assert b"/wait" in got
    assert eventually(lambda: not served.connections)


def test_a_client_that_reads_nothing_after_a_bad_request_is_closed(
    served: Served, limit: Callable[..., None]
) -> None:
    limit(RESPONSE_S=1.0, IDLE_S=60)
    with served.connected(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n"):
        assert eventually(lambda: served.connections)
        assert eventually(lambda: not served.connections)


def test_a_client_that_wants_to_close_and_reads_nothing_is_closed(
    served: Served, limit: Callable[..., None]
) -> None:
    limit(RESPONSE_S=1.0, IDLE_S=60)
    with served.connected(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"):
        assert eventually(lambda: served.connections)
        assert eventually(lambda: not served.connections)
