"""Requests and answers cut at every byte, plain and over TLS: each ends in the phase that is true."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest
import uvloop

from bridge.dispatch.http.channel import Channel, Plain, Tls
from bridge.dispatch.http.connection import Connection, Origin, Progress
from bridge.dispatch.http.exchange import Phase
from bridge.model import Attempt, Outcome
from bridge.text.render import english
from tests.dispatch.server import JSON, Certificate, Peer, Script, certificate, closing, http, serving, silent
from tests.dispatch.test_client import CALL, LONG, SHORT, account, client

ANSWER = http("200 OK", b'{"id": 1}', JSON)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    b'4\r\n{"id\r\n5\r\n": 1}\r\n0\r\nTrailer: x\r\n\r\n'
)
REQUEST: Final = (
    b"POST /api/v1/t/bot.startWithVariables?bot_id=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
)
LONGER: Final = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40_000


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("own"), "127.0.0.1")


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def attempts(scripts: list[Script], own: Certificate, scheme: str) -> Iterator[Attempt]:
    """An attempt against each script."""
    context = own.context if scheme == "https" else None
    with serving(*scripts, context=context) as server, client(ca_file=own.path) as sender:
        for _ in scripts:
            yield sender.send(account(server.port, scheme), CALL)


# Answers.


def cut_off(raw: bytes, *, farewell: bool) -> Script:
    """Answer with this much and close, over TLS with its closing message or without."""

    def script(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(raw)
        if farewell and isinstance(peer.sock, ssl.SSLSocket):
            peer.sock.unwrap().close()
            return
        peer.sock.shutdown(socket.SHUT_RDWR)

    return script


@pytest.mark.parametrize("raw", [ANSWER, CHUNKED])
@pytest.mark.parametrize("farewell", [True, False])
def test_an_answer_cut_at_any_byte(raw: bytes, farewell: bool, own: Certificate, scheme: str) -> None:
    head = raw.index(b"\r\n\r\n") + 4
    scripts = [cut_off(raw[:size], farewell=farewell) for size in range(len(raw) + 1)]
    for size, attempt in enumerate(attempts(scripts, own, scheme)):
        if size == len(raw):
            assert (attempt.outcome, attempt.phase) == (Outcome.DONE, "complete")
            continue
        assert attempt.outcome is Outcome.UNCERTAIN, size
        assert attempt.phase == ("reading" if size else "waiting"), size
        assert attempt.status == (200 if size >= head else None), size


def test_an_answer_whose_connection_is_reset_at_any_byte(own: Certificate, scheme: str) -> None:
    """A reset may overtake the bytes before it."""

    def resetting(size: int) -> Script:
        def script(peer: Peer) -> None:
            peer.read()
            peer.sock.sendall(ANSWER[:size])
            peer.reset()

        return script

    scripts = [resetting(size) for size in range(len(ANSWER))]
    for attempt in attempts(scripts, own, scheme):
        assert attempt.outcome is Outcome.UNCERTAIN
        assert attempt.phase in ("waiting", "reading")


# Requests.


def test_a_server_that_has_read_any_part_of_the_request_may_have_run_it(
    own: Certificate, scheme: str
) -> None:
    """All of it was handed over at once; how much of that the server read nobody knows here."""

    def leaving(size: int) -> Script:
        def script(peer: Peer) -> None:
            peer.sock.recv(size)
            peer.reset()

        return script

    for attempt in attempts([leaving(size) for size in range(1, 240)], own, scheme):
        assert (attempt.outcome, attempt.phase) == (Outcome.UNCERTAIN, "waiting"), english(attempt.reason)


class Limited(Plain):
    """A socket whose kernel takes only so many bytes before the connection is reset."""

    left = 1 << 30

    async def send(self, data: memoryview) -> int:
        if not self.left:
            raise ConnectionResetError
        taken = await super().send(data[: self.left])
        self.left -= taken
        return taken


async def hand_over(port: int, data: bytes, own: Certificate, scheme: str, size: int) -> tuple[Progress, int]:
    """Send a request of which the kernel takes so many bytes, encrypted ones over TLS; how many it took."""
    plain = await Limited.connect(socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", port))
    channel: Channel = plain
    if scheme == "https":
        tls = channel = Tls(plain, ssl.create_default_context(cafile=own.path), "127.0.0.1")
        await tls.shake_hands()
    plain.left, progress = size, Progress()
    try:
        await Connection(Origin(scheme, "127.0.0.1", port, "a"), channel).exchange(data, progress, 1000)
    except ConnectionResetError:
        assert plain.left == 0
    finally:
        channel.close()
    return progress, size - plain.left


def reading(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(ANSWER)


@pytest.mark.parametrize("data", [REQUEST, pytest.param(LONGER, marks=pytest.mark.thorough)])
def test_a_request_of_which_the_kernel_takes_any_part_was_not_sent_whole(
    data: bytes, own: Certificate, scheme: str
) -> None:
    context = own.context if scheme == "https" else None
    with (
        serving(reading, context=context) as server,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):

        def sent(size: int) -> tuple[Progress, int]:
            return runner.run(hand_over(server.port, data, own, scheme, size))

        progress, whole = sent(1 << 30)
        assert (progress.phase, progress.sent) == (Phase.COMPLETE, len(data))
        assert len(server.requests) == 1
        some = range(whole) if data is REQUEST else {*range(0, whole, 997), *range(whole - 20, whole)}
        for size in some:
            progress, _ = sent(size)
            assert progress.phase is Phase.SENDING, size
            assert progress.sent < progress.total == len(data), size
        assert len(server.requests) == 1
        assert sent(whole)[0].phase is Phase.COMPLETE


def leave(peer: Peer) -> None:
    peer.sock.recv(100_000)
    peer.reset()


@pytest.mark.parametrize("script", [silent, leave])
def test_a_server_that_does_not_take_the_whole_request(script: Script, own: Certificate, scheme: str) -> None:
    context = own.context if scheme == "https" else None
    with serving(script, context=context) as server, client(SHORT, ca_file=own.path) as sender:
        attempt = sender.send(account(server.port, scheme), LONG)
    assert (attempt.outcome, attempt.phase) == (Outcome.RETRY, "sending"), english(attempt.reason)


# Kept connections over TLS.


def test_a_kept_connection_that_the_server_ended_is_not_used(own: Certificate, scheme: str) -> None:
    def once(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(ANSWER)
        closing(peer)

    context = own.context if scheme == "https" else None
    with serving(once, context=context) as server, client(ca_file=own.path, idle=60.0) as sender:
        for _ in range(2):
            assert sender.send(account(server.port, scheme), CALL).outcome is Outcome.DONE
            asyncio.run(asyncio.sleep(0.1))
    assert server.connections == 2


def test_bytes_that_nobody_asked_for_end_a_kept_connection(own: Certificate, scheme: str) -> None:
    def chatty(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(ANSWER)
        peer.over.wait(0.05)
        peer.sock.sendall(ANSWER)
        peer.over.wait(10)

    context = own.context if scheme == "https" else None
    with serving(chatty, context=context) as server, client(ca_file=own.path, idle=60.0) as sender:
        for _ in range(2):
            found = sender.send(account(server.port, scheme), replace(CALL, attempt=1))
            assert found.outcome is Outcome.DONE
            asyncio.run(asyncio.sleep(0.15))
    assert server.connections == 2
