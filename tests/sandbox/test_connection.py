"""One connection: keep-alive, pipelining, half-close, idle, and bytes that are not HTTP."""

from __future__ import annotations

import pytest

from bridge.sandbox.request import MAX_BODY
from bridge.sandbox.server import Options
from tests.sandbox.raw_client import METHOD, SOUND, RawClient, ask, request, start
from tests.support.sandbox import Sandbox

PING = request("/healthz", method="GET", headers=())


def test_a_connection_serves_one_request_after_another(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        assert [client.send(SOUND).answer().status for _ in range(5)] == [200] * 5


def test_pipelined_requests_are_answered_in_their_order(sandbox: Sandbox) -> None:
    requests = [start(subscriber_id=str(number + 1), bot_id="2") for number in range(200)]
    with RawClient(sandbox.port) as client:
        client.send(b"".join(requests))
        answered = [client.answer().json["subscriber_id"] for _ in requests]
    assert answered == [number + 1 for number in range(200)]


def test_requests_after_a_slow_response_wait_for_it(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.2)
    with RawClient(sandbox.port) as client:
        client.send(start(subscriber_id="1", bot_id="2") + start(subscriber_id="3", bot_id="2") + PING)
        assert [client.answer().json.get("subscriber_id") for _ in range(3)] == [1, 3, None]


def test_megabytes_may_be_pipelined_after_a_slow_response(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.2)
    form = ("Content-Type: application/x-www-form-urlencoded",)
    long = request(METHOD, headers=form, body=b"subscriber_id=1&bot_id=2&variable[a]=" + b"x" * 200_000)
    with RawClient(sandbox.port) as client:
        client.send(SOUND + long * 5)
        assert [client.answer().status for _ in range(6)] == [200] * 6


def test_a_request_may_arrive_byte_by_byte(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        for place in range(len(SOUND)):
            client.send(SOUND[place : place + 1])
        assert client.answer().status == 200


def test_connection_close_is_honoured(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        client.send(request("/healthz", method="GET", headers=("Connection: close",)))
        answer = client.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert client.rest() == b""


def test_http_1_0_is_answered_and_closed(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        client.send(request("/healthz", method="GET", version="1.0"))
        assert client.answer().headers["connection"] == "close"
        assert client.rest() == b""


def test_a_half_closed_client_gets_all_responses(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.2)
    with RawClient(sandbox.port) as client:
        client.send(SOUND + PING).finish()
        assert [client.answer().status, client.answer().status] == [200, 200]
        assert client.rest() == b""


def test_a_client_may_disconnect_inside_a_request(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        assert client.send(SOUND[:20]).finish().rest() == b""
    assert ask(sandbox.port, PING).status == 200
    assert sandbox.calls() == []


def test_100_continue_is_sent_to_a_client_that_waits_for_it(sandbox: Sandbox) -> None:
    form = b"subscriber_id=1&bot_id=2"
    headers = ("Content-Type: application/x-www-form-urlencoded", "Expect: 100-continue")
    data = request(METHOD, headers=headers, body=form)
    with RawClient(sandbox.port) as client:
        assert client.send(data[: -len(form)]).answer(body=False).status == 100
        assert client.send(form).answer().status == 200


def test_head_is_answered_as_get_without_the_body(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        answer = client.send(request("/healthz", method="HEAD")).answer(body=False)
        assert (answer.status, answer.headers["content-length"]) == (200, "17")
        assert client.send(PING).answer().json == {"status": "ok"}


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            400,
            "not an HTTP/1.1 request: ",
        ),
        (
            b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
            400,
            "not an HTTP/1.1 request: ",
        ),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            400,
            "not an HTTP/1.1 request: ",
        ),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "expected HTTP/1.0 or HTTP/1.1, found HTTP/2.0"),
        (b"POST /" + b"x" * 9000, 414, "the URL is longer than 8192 bytes"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40000, 431, "the head is longer than 32768 bytes"),
        (
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000,
            413,
            f"the body is longer than {MAX_BODY} bytes",
        ),
    ],
    ids=["tls", "header", "http2", "version", "line", "head", "body"],
)
def test_an_unreadable_request_is_answered_and_the_connection_closed(
    sandbox: Sandbox, data: bytes, status: int, message: str
) -> None:
    with RawClient(sandbox.port) as client:
        answer = client.send(data).answer()
        assert (answer.status, answer.text[: len(message)]) == (status, message)
        assert answer.headers["connection"] == "close"
        assert client.rest() == b""
    assert ask(sandbox.port, PING).status == 200


def test_requests_before_an_unreadable_one_are_answered(sandbox: Sandbox) -> None:
    with RawClient(sandbox.port) as client:
        client.send(SOUND + b"nonsense\r\n\r\n" + SOUND)
        assert [client.answer().status, client.answer().status] == [200, 400]
        assert client.rest() == b""
    assert len(sandbox.calls()) == 1


def fill(sandbox: Sandbox, calls: int) -> None:
    form = ("Content-Type: application/x-www-form-urlencoded",)
    long = request(METHOD, headers=form, body=b"subscriber_id=1&bot_id=2&variable[a]=" + b"x" * 100_000)
    with RawClient(sandbox.port) as client:
        for _ in range(calls):
            assert client.send(long).answer().status == 200


def test_a_list_longer_than_any_buffer_does_not_block_others(sandbox: Sandbox) -> None:
    fill(sandbox, 300)
    with RawClient(sandbox.port) as client:
        client.send(request("/calls", method="GET") + PING)
        assert ask(sandbox.port, PING).status == 200
        assert len(client.answer().json) == 300
        assert client.answer().json == {"status": "ok"}


def test_a_client_may_disconnect_inside_a_list(sandbox: Sandbox) -> None:
    fill(sandbox, 300)
    with RawClient(sandbox.port) as client:
        client.send(request("/calls", method="GET"))
        assert ask(sandbox.port, PING).status == 200
    assert ask(sandbox.port, PING).status == 200


def test_an_idle_connection_is_closed() -> None:
    sandbox = Sandbox(Options(idle=0.1)).start()
    try:
        with RawClient(sandbox.port) as silent, RawClient(sandbox.port) as used:
            assert used.send(PING).answer().status == 200
            assert (silent.rest(), used.rest()) == (b"", b"")
    finally:
        sandbox.stop()


def test_an_incomplete_request_times_out() -> None:
    sandbox = Sandbox(Options(idle=0.1)).start()
    try:
        with RawClient(sandbox.port) as client:
            answer = client.send(SOUND[:30]).answer()
            assert (answer.status, answer.text) == (408, "timed out waiting for the rest of the request\n")
            assert client.rest() == b""
    finally:
        sandbox.stop()


def test_a_connection_that_waits_for_its_response_is_not_idle() -> None:
    sandbox = Sandbox(Options(idle=0.1, latency=0.5)).start()
    try:
        assert ask(sandbox.port, SOUND).status == 200
    finally:
        sandbox.stop()
