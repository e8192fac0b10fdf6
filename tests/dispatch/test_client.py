from __future__ import annotations

import asyncio
import logging
import re
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop
from requests import HTTPError

from bridge.dispatch.http import connection
from bridge.dispatch.http.channel import Plain
from bridge.dispatch.http.client import Client
from bridge.dispatch.http.connection import Address
from bridge.dispatch.http.exchange import Exchange, Phase
from bridge.dispatch.http.probe import Probe
from bridge.dispatch.http.transport import ExchangeResponse, Transport, lookup
from bridge.model import Account, Attempt, BotStart, Call, Outcome, Recipient, State
from bridge.reasons.calls import CallCode
from bridge.reasons.reason import GeneralCode, Reason
from bridge.text.render import english
from tests.dispatch.server import (
    HTML,
    JSON,
    Certificate,
    Peer,
    Script,
    answering,
    certificate,
    closing,
    dripping,
    http,
    resetting,
    serving,
    silent,
    stalling,
)

NOW = 1_700_000_000_000
TOKEN = "canary/7f3a+c0ffee=="
SHORT = 0.4
"""A deadline for what is to run into it."""
START = BotStart("paid", 0, "main", Recipient(subscriber_id=7), 4512, (("name", "Аня & Co"),))
CALL = Call(1, 1, "shop", START, State.SENDING, 1, 0, 0, 0, "w1", NOW, NOW, NOW * 2, NOW)
OK = http("200 OK", b'{"id": 1}', JSON)


def account(port: int, scheme: str = "http", **more: Any) -> Account:
    return replace(Account("main", TOKEN, url=f"{scheme}://127.0.0.1:{port}"), **more)


class Sender:
    """A client, each of whose methods returns when it is done."""

    def __init__(self, runner: asyncio.Runner, client: Client) -> None:
        self.runner = runner
        self.client = client

    def send(self, account: Account, call: Call) -> Attempt:
        return self.runner.run(self.client.send(account, call))

    def probe(self, account: Account) -> Probe:
        return self.runner.run(self.client.probe(account))


@contextmanager
def client(deadline: float = 5.0, **settings: Any) -> Iterator[Sender]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        made = Client(Transport(**settings), deadline=deadline, now=lambda: NOW)
        yield Sender(runner, made)
        made.close()


def send(script: Script, *, deadline: float = 5.0, call: Call = CALL, **more: Any) -> Attempt:
    """One attempt against a server that follows the script."""
    with serving(script) as server, client(deadline) as sender:
        return sender.send(account(server.port, **more), call)


def closing_after_request(peer: Peer) -> None:
    peer.read()


def showed(attempt: Attempt) -> tuple[str, str, str]:
    return attempt.outcome.value, attempt.phase, english(attempt.reason)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("own"), "127.0.0.1")


def test_a_call_goes_out_as_one_plain_post() -> None:
    with serving(answering(OK)) as server, client() as sender:
        attempt = sender.send(account(server.port), CALL)
    assert attempt == Attempt(
        started_at=NOW,
        ended_at=NOW,
        outcome=Outcome.DONE,
        reason=Reason(CallCode.ANSWERED, status=200),
        phase="complete",
        status=200,
        content_type="application/json",
        answer='{"id": 1}',
        shape="200 application/json {id: number}",
    )
    assert server.requests == [
        b"POST /api/v1/canary%2F7f3a%2Bc0ffee%3D%3D/bot.startWithVariables?subscriber_id=7&bot_id=4512"
        b"&variable%5Bname%5D=%D0%90%D0%BD%D1%8F%20%26%20Co HTTP/1.1\r\n"
        b"Host: 127.0.0.1:" + str(server.port).encode() + b"\r\n"
        b"Accept: application/json\r\nContent-Length: 0\r\n"
        b"Accept-Encoding: identity\r\nUser-Agent: leadbridge/0.1.0\r\n\r\n"
    ]


def test_a_form_goes_out_with_its_length_and_type() -> None:
    with serving(answering(OK)) as server, client() as sender:
        assert sender.send(account(server.port, parameters="form"), CALL).outcome is Outcome.DONE
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"Content-Length: 76\r\nContent-Type: application/x-www-form-urlencoded\r\n" in head
    assert body == b"subscriber_id=7&bot_id=4512&variable%5Bname%5D=%D0%90%D0%BD%D1%8F%20%26%20Co"


def test_the_environments_proxies_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(answering(OK)).outcome is Outcome.DONE


# Nothing was sent: tried again.


def test_a_refused_connection_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client() as sender:
        attempt = sender.send(account(port), CALL)
    assert showed(attempt) == ("retry", "connecting", "nothing was sent: connection refused")


def test_an_unknown_name_is_tried_again() -> None:
    def resolve(host: str, port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is not known")

    with client(resolve=resolve) as sender:
        attempt = sender.send(account(80), CALL)
    assert showed(attempt) == (
        "retry",
        "resolving",
        "nothing was sent: the server's name could not be resolved",
    )


def test_a_resolver_that_hangs_does_not_hang_the_call() -> None:
    over = threading.Event()

    def resolve(host: str, port: int) -> list[Address]:
        over.wait(10)
        raise OSError(host, port)

    with client(SHORT, resolve=resolve) as sender:
        attempt = sender.send(account(80), CALL)
        over.set()
    assert showed(attempt) == (
        "retry",
        "resolving",
        "nothing was sent: the server's name was not resolved within 0.4 s",
    )


def test_a_thread_that_cannot_be_started_costs_one_try_and_no_later_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start

    def no_room(thread: threading.Thread) -> None:
        if thread.name == "resolve":
            raise RuntimeError("can't start new thread")
        start(thread)

    with serving(answering(OK)) as server, client() as sender:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", no_room)
            attempt = sender.send(account(server.port), CALL)
        assert (attempt.outcome, attempt.phase) == (Outcome.RETRY, "resolving")
        assert sender.send(account(server.port), CALL).outcome is Outcome.DONE


def test_a_name_is_looked_up_once_at_a_time_and_keeps_no_other_waiting() -> None:
    over, asked = threading.Event(), []

    def resolve(host: str, port: int) -> list[Address]:
        asked.append(host)
        if host == "slow.test":
            over.wait(10)
        return lookup(host, port)

    with serving(answering(OK)) as server, client(SHORT, resolve=resolve) as sender:

        async def all_at_once() -> list[Attempt]:
            slow = replace(account(80), url="http://slow.test")
            to = [slow, slow, account(server.port)]
            return await asyncio.gather(*[sender.client.send(one, CALL) for one in to])

        phases = [one.phase for one in sender.runner.run(all_at_once())]
        over.set()
    assert (phases, sorted(asked)) == (["resolving", "resolving", "complete"], ["127.0.0.1", "slow.test"])


def test_a_connection_that_nobody_takes_is_given_up_at_the_deadline() -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        with client(SHORT) as sender:
            attempt = sender.send(account(listener.getsockname()[1]), CALL)
    assert showed(attempt) == (
        "retry",
        "connecting",
        "nothing was sent: no connection was made within 0.4 s",
    )


def test_the_next_address_of_a_name_is_tried_when_one_refuses() -> None:
    with serving(answering(OK)) as server, socket.create_server(("127.0.0.1", 0)) as spare:
        dead = spare.getsockname()
        spare.close()

        def resolve(host: str, port: int) -> list[Address]:
            addresses = [dead, (host, port)]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

        with client(resolve=resolve) as sender:
            assert sender.send(account(server.port), CALL).outcome is Outcome.DONE


def test_a_stalled_tls_handshake_has_sent_nothing() -> None:
    attempt = send(silent, deadline=SHORT, url="https://127.0.0.1:1")
    assert attempt.phase == "connecting"
    with serving(silent) as server, client(SHORT) as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert showed(attempt) == (
        "retry",
        "tls",
        "nothing was sent: the TLS handshake did not end within 0.4 s",
    )


def test_a_server_that_drips_its_handshake_is_given_up_at_the_deadline() -> None:
    def drip(peer: Peer) -> None:
        peer.sock.recv(65536)
        for byte in b"\x16\x03\x03\x40\x00" + bytes(200):
            if peer.over.wait(0.05):
                return
            peer.sock.sendall(bytes([byte]))

    with serving(drip) as server, client(SHORT) as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert english(attempt.reason) == "nothing was sent: the TLS handshake did not end within 0.4 s"


def test_a_server_that_speaks_no_tls_was_sent_nothing() -> None:
    def plain(peer: Peer) -> None:
        peer.sock.sendall(OK)
        peer.over.wait(0.2)

    with serving(plain) as server, client() as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert showed(attempt) == ("retry", "tls", "nothing was sent: TLS failed (wrong version number)")


@pytest.mark.parametrize("parting", [closing, Peer.reset])
def test_a_connection_lost_during_the_handshake_has_sent_nothing(parting: Script) -> None:
    with serving(parting) as server, client() as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert attempt.outcome is Outcome.RETRY
    assert attempt.phase in ("connecting", "tls")


def test_a_server_that_left_before_the_handshake_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = ssl.SSLObject.do_handshake
    made: list[Plain] = []

    class Watched(Plain):
        def __init__(self, sock: socket.socket) -> None:
            super().__init__(sock)
            made.append(self)

    def once_it_has_left(self: ssl.SSLObject) -> None:
        """The reset has come."""
        hung_up = select.poll()
        hung_up.register(made[0].sock, 0)
        assert hung_up.poll(5000)
        real(self)

    monkeypatch.setattr(connection, "Plain", Watched)
    monkeypatch.setattr(ssl.SSLObject, "do_handshake", once_it_has_left)
    with serving(Peer.reset) as server, client() as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert english(attempt.reason) == "nothing was sent: the connection was reset"
    assert [one.sock.fileno() for one in made] == [-1]


LONG = replace(CALL, start=replace(START, variables=(("text", "x" * 30_000_000),)))


def test_a_request_that_was_never_taken_whole_is_tried_again() -> None:
    attempt = send(silent, deadline=SHORT, call=LONG)
    assert attempt.outcome is Outcome.RETRY
    assert attempt.phase == "sending"
    assert english(attempt.reason).startswith("only ")
    assert english(attempt.reason).endswith(
        " bytes were sent: the server did not read the request within 0.4 s"
    )


def test_a_connection_lost_while_sending_is_tried_again() -> None:
    def leave(peer: Peer) -> None:
        peer.sock.recv(100_000)
        peer.reset()

    attempt = send(leave, call=LONG)
    assert attempt.outcome is Outcome.RETRY
    assert attempt.phase == "sending"
    assert english(attempt.reason).endswith("bytes were sent: the connection was reset")


# Certificates.


def test_a_verified_server_is_called(own: Certificate) -> None:
    with serving(answering(OK, OK), context=own.context) as server, client(ca_file=own.path) as sender:
        assert sender.send(account(server.port, "https"), CALL).outcome is Outcome.DONE
        assert sender.send(account(server.port, "https"), CALL).outcome is Outcome.DONE
    assert server.connections == 1


def test_a_certificate_nobody_vouches_for_pauses_the_account(own: Certificate) -> None:
    with serving(answering(OK), context=own.context) as server, client() as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert showed(attempt) == (
        "pause",
        "tls",
        "nothing was sent: the server's certificate is not valid: self-signed certificate",
    )
    assert attempt.pause_account
    assert server.requests == []


@pytest.mark.parametrize(
    ("name", "days", "words"),
    [
        ("leadconverter.test", 2, "IP address mismatch, certificate is not valid for '127.0.0.1'"),
        ("127.0.0.1", -1, "certificate has expired"),
    ],
)
def test_a_certificate_of_another_name_or_time_pauses_the_account(
    tmp_path: Path, name: str, days: int, words: str
) -> None:
    wrong = certificate(tmp_path, name, days=days)
    with serving(answering(OK), context=wrong.context) as server, client(ca_file=wrong.path) as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert attempt.outcome is Outcome.PAUSE
    assert english(attempt.reason).startswith(
        f"nothing was sent: the server's certificate is not valid: {words}"
    )


def test_an_end_without_a_farewell_is_a_cut(own: Certificate) -> None:
    def cut(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n{")
        socket.socket(fileno=peer.sock.detach()).close()

    with serving(cut, context=own.context) as server, client(ca_file=own.path) as sender:
        attempt = sender.send(account(server.port, "https"), CALL)
    assert showed(attempt) == (
        "uncertain",
        "reading",
        "probably done: answered 200, but the connection was closed",
    )


# Everything was sent, and the end is unknown: uncertain.

LOST = [
    (closing, "waiting", "the connection was closed unanswered"),
    (resetting(), "waiting", "the connection was reset"),
    (stalling(), "waiting", "no answer within 0.4 s"),
    (stalling(b"HTTP/1.1 200 OK\r\nContent-"), "reading", "the answer did not end within 0.4 s"),
    (dripping(OK, 0.02), "reading", "the answer did not end within 0.4 s"),
    (resetting(b"HTTP/1.1 200"), "reading", "the connection was reset"),
    (
        answering(b"HTTP/1.1 200 OK\r\nContent-Type: app"),
        "reading",
        "the answer was cut short inside its headers",
    ),
    (answering(b"HTTP/1.1 200 OK\r\n"), "reading", "the answer was cut short inside its headers"),
    (answering(b"\x15\x03\x03\x00\x02\x02\x28 nonsense\r\n\r\n"), "reading", "the answer is not HTTP"),
    (answering(b"HTTP/1.1 2000 OK\r\n\r\n"), "reading", "the answer is not HTTP"),
    (answering(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), "reading", "the answer's headers are malformed"),
    (
        answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
        "reading",
        "the answer's headers are longer than 65536 bytes",
    ),
    (answering(b"HTTP/1.1 101 Switching\r\n\r\n"), "reading", "the server changed to another protocol"),
    (answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 11), "reading", "only interim answers came"),
]


@pytest.mark.parametrize(("script", "phase", "fault"), LOST)
def test_what_was_sent_and_never_answered_is_uncertain(script: Script, phase: str, fault: str) -> None:
    attempt = send(script, deadline=SHORT)
    reason = re.sub(r"all \d+ bytes", "all bytes", english(attempt.reason))
    assert attempt.outcome is Outcome.UNCERTAIN
    assert attempt.phase == phase
    assert reason == f"all bytes were sent, then {fault}; it may have run"
    assert attempt.status is None


CUT = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", "the answer was cut short after 1 bytes of its body"),
    (
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n',
        "the answer was cut short after 5 bytes of its body",
    ),
    (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        "the answer's chunks are malformed",
    ),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}", "the answer's length is malformed"),
]


@pytest.mark.parametrize(("raw", "fault"), CUT)
def test_a_success_cut_short_is_probably_done(raw: bytes, fault: str) -> None:
    attempt = send(answering(raw))
    assert showed(attempt) == ("uncertain", "reading", f"probably done: answered 200, but {fault}")
    assert attempt.status == 200


def test_a_success_that_stalls_after_its_head_is_probably_done() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"
    for script in (stalling(raw), dripping(OK + b"x" * 50, 0.005)):
        attempt = send(script, deadline=SHORT)
        assert attempt.outcome is Outcome.UNCERTAIN
    assert english(send(stalling(raw), deadline=SHORT).reason) == (
        "probably done: answered 200, but the answer did not end within 0.4 s"
    )
    assert english(send(resetting(raw)).reason) == "probably done: answered 200, but the connection was reset"


def test_a_failure_cut_short_is_uncertain() -> None:
    attempt = send(answering(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 50\r\n\r\n<"))
    assert showed(attempt) == (
        "uncertain",
        "reading",
        "answered 502, but the answer was cut short after 1 bytes of its body; it may have run",
    )


def test_a_refusal_cut_short_is_still_a_refusal() -> None:
    attempt = send(answering(b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 50\r\n\r\n{"))
    assert attempt.outcome is Outcome.REFUSED


# Whole answers.


@pytest.mark.parametrize(
    "raw",
    [
        http("204 No Content"),
        http("200 OK", b"", HTML),
        http("200 OK", b"OK", HTML),
        http("201 Created", b'{"error": null, "success": true}', HTML),
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200\nContent-Length: 2\n\nOK",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_a_whole_success_is_done(raw: bytes) -> None:
    assert send(answering(raw)).outcome is Outcome.DONE


def test_a_response_can_be_used_like_any_of_requests() -> None:
    seen = Exchange(
        Phase.COMPLETE, status=422, headers={"content-type": "application/json"}, body=b'{"a": 1}'
    )
    response = ExchangeResponse(seen)
    assert (response.ok, response.text, response.json(), response.content) == (
        False,
        '{"a": 1}',
        {"a": 1},
        b'{"a": 1}',
    )
    assert response.headers["Content-Type"] == "application/json"
    with pytest.raises(HTTPError, match="422"):
        response.raise_for_status()


def test_a_redirect_is_neither_followed_nor_tried_again() -> None:
    with (
        serving(answering(OK)) as other,
        serving(
            answering(http("302 Found", b"", f"Location: http://127.0.0.1:{other.port}/login"))
        ) as server,
        client() as sender,
    ):
        attempt = sender.send(account(server.port), CALL)
    assert showed(attempt) == (
        "refused",
        "complete",
        "answered 302: a redirect, not followed because the token is in the URL",
    )
    assert attempt.pause_account
    assert other.connections == 0


def test_only_the_beginning_of_an_answer_is_kept() -> None:
    attempt = send(answering(http("422 No", "я".encode() * 3000, "Content-Type: text/plain; charset=utf-8")))
    assert attempt.answer == "я" * 1024


def test_a_huge_answer_is_not_read_to_its_end() -> None:
    def flood(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n")
        for _ in range(200):
            peer.sock.sendall(b"x" * 65536)

    assert showed(send(flood)) == (
        "uncertain",
        "complete",
        "probably done: answered 200 with an answer longer than the read limit",
    )


def test_a_call_that_no_request_can_carry_is_refused_without_a_connection() -> None:
    call = replace(CALL, start=replace(START, variables=(("text", "x" * 8000),)))
    with serving(answering(OK)) as server, client() as sender:
        attempt = sender.send(account(server.port, parameters="query"), call)
    assert attempt.outcome is Outcome.REFUSED
    assert attempt.phase == "building"
    assert english(attempt.reason).startswith("it cannot be sent: the encoded URL has 81")
    assert server.connections == 0


# Kept connections.


def test_a_connection_is_kept_for_the_next_call() -> None:
    with serving(answering(OK, OK, OK)) as server, client() as sender:
        assert [sender.send(account(server.port), CALL).outcome for _ in range(3)] == [Outcome.DONE] * 3
    assert server.connections == 1


UNKEPT = [
    http("200 OK", b"{}", "Connection: close"),
    http("200 OK", b"{}") + b"what nobody asked for",
    b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\n\r\n{}",
    http("200 OK", b"{}", "Keep-Alive: timeout=0"),
]


@pytest.mark.parametrize("raw", UNKEPT)
def test_a_connection_in_doubt_is_not_kept(raw: bytes) -> None:
    with serving(answering(raw)) as server, client() as sender:
        assert [sender.send(account(server.port), CALL).outcome for _ in range(2)] == [Outcome.DONE] * 2
    assert server.connections == 2


def test_a_kept_connection_that_the_server_closed_is_not_used() -> None:
    closed = threading.Event()

    def once(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(OK)
        peer.sock.shutdown(socket.SHUT_RDWR)
        closed.set()

    with serving(once, answering(OK)) as server, client(idle=60.0) as sender:
        first = sender.send(account(server.port), CALL)
        assert closed.wait(5)
        second = sender.send(account(server.port), CALL)
    assert (first.outcome, second.outcome, server.connections) == (Outcome.DONE, Outcome.DONE, 2)


def test_a_connection_idle_for_too_long_is_not_trusted() -> None:
    moments = iter([float(second) for second in range(0, 10_000, 2)])
    with serving(answering(OK, OK)) as server, client(1e6, idle=1.0, clock=lambda: next(moments)) as sender:
        sender.send(account(server.port), CALL)
        sender.send(account(server.port), CALL)
    assert server.connections == 2


def test_a_kept_connection_lost_after_sending_leaves_the_call_uncertain() -> None:
    def second_is_lost(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(OK)
        peer.read()
        peer.reset()

    with serving(second_is_lost, answering(OK)) as server, client() as sender:
        sender.send(account(server.port), CALL)
        attempt = sender.send(account(server.port), CALL)
    assert attempt.outcome is Outcome.UNCERTAIN
    assert len(server.requests) == 2


def test_a_closed_client_keeps_no_connection() -> None:
    with serving(answering(OK, OK)) as server, client() as sender:
        sender.client.close()
        assert [sender.send(account(server.port), CALL).outcome for _ in range(2)] == [Outcome.DONE] * 2
    assert server.connections == 2


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (stalling(), "timeout"),
        (stalling(b"HTTP/1.1 200 O"), "timeout"),
        (resetting(), "reset"),
        (closing_after_request, "eof"),
        (answering(b"HTTP/1.1 20"), "cut"),
        (answering(OK[:-3]), "cut"),
        (stalling(OK[:-3]), "cut"),
        (answering(b"SSH-2.0-x\r\n\r\n"), "garbage"),
        (answering(http("200 OK", b"<!DOCTYPE html>", HTML)), "html"),
        (answering(http("200 OK", b"{", JSON)), "unreadable"),
        (answering(http("500 X", b"{}", JSON)), "http_500"),
        (answering(http("502 X", b"{}", JSON)[:-1]), "http_502"),
        (answering(OK), ""),
        (answering(http("503 X", b"{}", JSON)), ""),
        (answering(http("422 X", b"{}", JSON)), ""),
        (closing, "eof"),
    ],
)
def test_an_attempt_that_may_have_run_knows_why(script: Script, cause: str) -> None:
    attempt = send(script, deadline=SHORT)
    assert attempt.cause == cause
    assert (attempt.outcome is Outcome.UNCERTAIN) == bool(cause)


# Probing.


def probe(script: Script, *, deadline: float = 5.0, **more: Any) -> Probe:
    """One probe of a server that follows the script."""
    with serving(script) as server, client(deadline) as sender:
        return sender.probe(account(server.port, **more))


def test_a_probe_is_the_method_without_a_parameter() -> None:
    refused = http("422 Unprocessable Content", b'{"message":"bot_id is required"}', JSON)
    with serving(answering(refused)) as server, client() as sender:
        assert sender.probe(account(server.port)) == Probe(True, 422)
    assert server.requests == [
        b"POST /api/v1/canary%2F7f3a%2Bc0ffee%3D%3D/bot.startWithVariables HTTP/1.1\r\n"
        b"Host: 127.0.0.1:" + str(server.port).encode() + b"\r\n"
        b"Accept: application/json\r\nContent-Length: 0\r\n"
        b"Accept-Encoding: identity\r\nUser-Agent: leadbridge/0.1.0\r\n\r\n"
    ]


@pytest.mark.parametrize("form", ["auto", "query", "form"])
def test_a_probe_is_the_same_however_parameters_travel(form: str) -> None:
    with serving(answering(OK)) as server, client() as sender:
        sender.probe(account(server.port, parameters=form, call_id_variable="bridge_call"))
    assert server.requests[0].endswith(b"leadbridge/0.1.0\r\n\r\n")
    assert b"?" not in server.requests[0]


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 408, 422, 429])
def test_an_answer_below_500_lets_a_call_try(status: int) -> None:
    assert probe(answering(http(f"{status} X"))) == Probe(True, status)


@pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 505, 520, 599])
@pytest.mark.parametrize("policy", ["hold", "retry"])
def test_a_5xx_keeps_the_calls_waiting(status: int, policy: str) -> None:
    found = probe(answering(http(f"{status} X")), server_error=policy)
    assert found == Probe(False, status)


PAGE = http("200 OK", b"<!DOCTYPE html><title>Maintenance</title>", HTML)


@pytest.mark.parametrize(
    ("script", "words", "status"),
    [
        (answering(PAGE), "answered 200", 200),
        (answering(OK[:-3]), "answered 200, but the answer was cut short after 6 bytes of its body", 200),
        (closing, "the connection was closed unanswered", None),
        (resetting(), "the connection was reset", None),
        (stalling(), "no answer within 0.4 s", None),
        (answering(b"SSH-2.0-x\r\n\r\n"), "the answer is not HTTP", None),
    ],
)
def test_what_would_leave_a_call_in_doubt_keeps_the_calls_waiting(
    script: Script, words: str, status: int | None
) -> None:
    found = probe(script, deadline=SHORT)
    assert (found.passed, english(found.found), found.status) == (False, words, status)


def test_a_server_out_of_reach_keeps_the_calls_waiting() -> None:
    for mode in ("empty", "connect"):
        with client() as sender:
            assert sender.probe(account(1, probe=mode)) == Probe(
                False, fault=Reason(CallCode.CONNECTION_REFUSED)
            )


def test_a_probe_that_only_connects_sends_nothing(own: Certificate) -> None:
    with serving(answering(OK), context=own.context) as server, client(ca_file=own.path) as sender:
        assert sender.probe(account(server.port, "https", probe="connect")) == Probe(True)
    assert server.requests == []


@pytest.mark.parametrize("mode", ["empty", "connect"])
def test_a_bad_certificate_is_left_to_a_call_which_pauses_the_account(own: Certificate, mode: str) -> None:
    with serving(answering(OK), context=own.context) as server, client() as stranger:
        found = stranger.probe(account(server.port, "https", probe=mode))
    assert found == Probe(True, fault=Reason(GeneralCode.VERBATIM, text="self-signed certificate"))
    assert server.requests == []


def test_a_probe_never_shows_the_token() -> None:
    for script in (echoing, answering(http(f"302 {TOKEN}", TOKEN.encode(), f"Location: {TOKEN}"))):
        assert TOKEN not in repr(probe(script))


# The token.


def echoing(peer: Peer) -> None:
    """A proxy that repeats in its error page, in its headers and in its JSON what it was asked for."""
    head = peer.read().decode().splitlines()[0]
    body = f"<title>{TOKEN}</title>{head} {TOKEN} " + TOKEN.replace("/", "\\/") + " " * 30 + TOKEN * 200
    peer.sock.sendall(
        http("502 Bad Gateway", body.encode(), f"Content-Type: text/html; x={TOKEN}", f"X-U: {head}")
    )


def echoing_json(peer: Peer) -> None:
    peer.read()
    said = '{"message": "' + "x" * 290 + "canary\\/7f3a\\u002bc0ffee== is wrong" + '"}'
    peer.sock.sendall(http("422 Unprocessable", said.encode(), JSON))


def cut_inside_the_token(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n/api/v1/" + TOKEN[:15].encode())


def traces(text: str) -> list[str]:
    """Six characters of the token in a row, spelled either way."""
    spellings = (TOKEN, "canary%2F7f3a%2Bc0ffee%3D%3D", "canary%2f7f3a%2bc0ffee%3d%3d")
    return [s[i : i + 6] for s in spellings for i in range(len(s) - 5) if s[i : i + 6] in text]


def everything(attempt: Attempt, sender: Sender) -> str:
    client = sender.client
    parts = [repr(attempt), str(attempt), repr(client), repr(vars(client)), repr(vars(client.transport))]
    return "\n".join([*parts, repr(account(1))])


CANARIES: list[Script] = [echoing, echoing_json, cut_inside_the_token, *[case[0] for case in LOST]]


@pytest.mark.parametrize("script", CANARIES)
def test_the_token_shows_nowhere(script: Script, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(script) as server, client(SHORT) as sender:
        attempt = sender.send(account(server.port), CALL)
        shown = everything(attempt, sender)
        refused = sender.send(account(server.port, "ftp"), CALL)
        hidden = sender.send(account(server.port, "https"), CALL)
    out, err = capfd.readouterr()
    texts = [shown, str(refused), str(hidden), caplog.text, out, err]
    assert traces("\n".join(texts)) == []
