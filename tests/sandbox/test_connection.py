"""One connection: kept, pipelined, half closed, idle, spoken to in something that is not HTTP."""

from __future__ import annotations

import pytest

from bridge.sandbox.http import MAX_BODY
from bridge.sandbox.server import Options
from tests.sandbox.wire import METHOD, SOUND, Wire, ask, request, start
from tests.support.sandbox import Sandbox

PING = request("/healthz", method="GET", headers=())


def test_a_connection_serves_one_request_after_another(sandbox: Sandbox) -> None:
    with Wire(sandbox.port) as wire:
        assert [wire.send(SOUND).answer().status for _ in range(5)] == [200] * 5


def test_pipelined_requests_are_answered_in_their_order(sandbox: Sandbox) -> None:
    requests = [start(subscriber_id=str(number + 1), bot_id="2") for number in range(200)]
    with Wire(sandbox.port) as wire:
        wire.send(b"".join(requests))
        answered = [wire.answer().json["subscriber_id"] for _ in requests]
    assert answered == [number + 1 for number in range(200)]


def test_requests_behind_a_slow_answer_wait_for_it(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.2)
    with Wire(sandbox.port) as wire:
        wire.send(start(subscriber_id="1", bot_id="2") + start(subscriber_id="3", bot_id="2") + PING)
        assert [wire.answer().json.get("subscriber_id") for _ in range(3)] == [1, 3, None]


def test_far_more_than_is_read_ahead_may_wait_behind_a_slow_answer(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.2)
    form = ("Content-Type: application/x-www-form-urlencoded",)
    long = request(METHOD, headers=form, body=b"subscriber_id=1&bot_id=2&variable[a]=" + b"x" * 200_000)
    with Wire(sandbox.port) as wire:
        wire.send(SOUND + long * 5)
        assert [wire.answer().status for _ in range(6)] == [200] * 6


def test_a_request_may_come_byte_by_byte(sandbox: Sandbox) -> None:
    with Wire(sandbox.port) as wire:
        for place in range(len(SOUND)):
            wire.send(SOUND[place : place + 1])
        assert wire.answer().status == 200


def test_a_sender_that_asked_to_close_is_answered_and_left(sandbox: Sandbox) -> None:
    with Wire(sandbox.port) as wire:
        wire.send(request("/healthz", method="GET", headers=("Connection: close",)))
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.rest() == b""


def test_http_1_0_is_answered_and_left(sandbox: Sandbox) -> None:
    with Wire(sandbox.port) as wire:
        wire.send(request("/healthz", method="GET", version="1.0"))
        assert wire.answer().headers["connection"] == "close"
        assert wire.rest() == b""


def test_a_sender_that_closes_its_half_is_answered_in_full(sandbox: Sandbox) -> None:
    sandbox.fault("slow", seconds=0.2)
    with Wire(sandbox.port) as wire:
        wire.send(SOUND + PING).finish()
        assert [wire.answer().status, wire.answer().status] == [200, 200]
        assert wire.rest() == b""


def test_a_sender_that_leaves_in_the_middle_of_a_request_harms_nobody(sandbox: Sandbox) -> None:
    with Wire(sandbox.port) as wire:
        assert wire.send(SOUND[:20]).finish().rest() == b""
    assert ask(sandbox.port, PING).status == 200
    assert sandbox.calls() == []


def test_a_sender_that_waits_for_leave_to_send_its_body_gets_it(sandbox: Sandbox) -> None:
    form = b"subscriber_id=1&bot_id=2"
    headers = ("Content-Type: application/x-www-form-urlencoded", "Expect: 100-continue")
    data = request(METHOD, headers=headers, body=form)
    with Wire(sandbox.port) as wire:
        assert wire.send(data[: -len(form)]).answer(body=False).status == 100
        assert wire.send(form).answer().status == 200


def test_head_is_answered_as_get_without_the_body(sandbox: Sandbox) -> None:
    with Wire(sandbox.port) as wire:
        answer = wire.send(request("/healthz", method="HEAD")).answer(body=False)
        assert (answer.status, answer.headers["content-length"]) == (200, "17")
        assert wire.send(PING).answer().json == {"status": "ok"}


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            400,
            "expected a request line such as POST /path HTTP/1.1, percent-encoded",
        ),
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "expected header lines such as Name: value"),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            400,
            "expected a request line such as POST /path HTTP/1.1, percent-encoded",
        ),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, "expected HTTP/1.0 or HTTP/1.1, found HTTP/2.0"),
        (b"POST /" + b"x" * 9000, 414, "the request line is longer than 8192 bytes"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40000, 431, "the head is longer than 32768 bytes"),
        (
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000,
            413,
            f"the body is longer than {MAX_BODY} bytes",
        ),
    ],
    ids=["tls", "header", "http2", "version", "line", "head", "body"],
)
def test_what_cannot_be_read_is_told_and_the_connection_ends(
    sandbox: Sandbox, data: bytes, status: int, message: str
) -> None:
    with Wire(sandbox.port) as wire:
        answer = wire.send(data).answer()
        assert (answer.status, answer.text) == (status, f"{message}\n")
        assert answer.headers["connection"] == "close"
        assert wire.rest() == b""
    assert ask(sandbox.port, PING).status == 200


def test_requests_before_an_unreadable_one_are_answered(sandbox: Sandbox) -> None:
    with Wire(sandbox.port) as wire:
        wire.send(SOUND + b"nonsense\r\n\r\n" + SOUND)
        assert [wire.answer().status, wire.answer().status] == [200, 400]
        assert wire.rest() == b""
    assert len(sandbox.calls()) == 1


def fill(sandbox: Sandbox, calls: int) -> None:
    form = ("Content-Type: application/x-www-form-urlencoded",)
    long = request(METHOD, headers=form, body=b"subscriber_id=1&bot_id=2&variable[a]=" + b"x" * 100_000)
    with Wire(sandbox.port) as wire:
        for _ in range(calls):
            assert wire.send(long).answer().status == 200


def test_a_list_longer_than_any_buffer_is_sent_as_fast_as_it_is_read(sandbox: Sandbox) -> None:
    fill(sandbox, 300)
    with Wire(sandbox.port) as wire:
        wire.send(request("/calls", method="GET") + PING)
        assert ask(sandbox.port, PING).status == 200
        assert len(wire.answer().json) == 300
        assert wire.answer().json == {"status": "ok"}


def test_a_reader_that_leaves_in_the_middle_of_a_list_harms_nobody(sandbox: Sandbox) -> None:
    fill(sandbox, 300)
    with Wire(sandbox.port) as wire:
        wire.send(request("/calls", method="GET"))
        assert ask(sandbox.port, PING).status == 200
    assert ask(sandbox.port, PING).status == 200


def test_a_silent_connection_is_closed_after_a_while() -> None:
    sandbox = Sandbox(Options(idle=0.1)).start()
    try:
        with Wire(sandbox.port) as silent, Wire(sandbox.port) as used:
            assert used.send(PING).answer().status == 200
            assert (silent.rest(), used.rest()) == (b"", b"")
    finally:
        sandbox.stop()


def test_a_request_that_stays_half_there_is_told_so() -> None:
    sandbox = Sandbox(Options(idle=0.1)).start()
    try:
        with Wire(sandbox.port) as wire:
            answer = wire.send(SOUND[:30]).answer()
            assert (answer.status, answer.text) == (408, "the rest of the request did not come in time\n")
            assert wire.rest() == b""
    finally:
        sandbox.stop()


def test_a_connection_that_waits_for_its_answer_is_not_idle() -> None:
    sandbox = Sandbox(Options(idle=0.1, latency=0.5)).start()
    try:
        assert ask(sandbox.port, SOUND).status == 200
    finally:
        sandbox.stop()
