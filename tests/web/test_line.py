from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.web.line import ANSWER_S, FIRST_S, KEPT_S, LEAVING_S, Line


class Pair:
    """A line and its client."""

    def __init__(self) -> None:
        own, self.client = socket.socketpair()
        self.leaving = False
        self.line = Line(own, lambda: self.leaving)

    def drip(self, stop: threading.Event, every: float) -> None:
        while not stop.wait(every):
            self.client.send(b"x")


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.client.close()
    made.line.sock.close()


def test_what_the_client_sends_is_read(pair: Pair) -> None:
    pair.client.send(b"GET / HTTP/1.1")
    assert pair.line.recv(5) == b"GET /"
    assert pair.line.recv(100) == b" HTTP/1.1"


def test_a_client_that_says_nothing_is_gone_after_a_while_and_for_good(pair: Pair) -> None:
    pair.line.patience = 0.02
    assert pair.line.recv(100) == b""
    pair.client.send(b"too late")
    assert pair.line.recv(100) == b""


def test_a_request_that_drips_has_one_time_limit_for_all_its_bytes(pair: Pair) -> None:
    pair.line.limit = 0.3
    stop = threading.Event()
    dripping = threading.Thread(target=pair.drip, args=(stop, 0.02))
    began = time.monotonic()
    dripping.start()
    got = b""
    while part := pair.line.recv(100):
        got += part
    assert 1 < len(got) < 50
    assert time.monotonic() - began < 5
    stop.set()
    dripping.join()


def test_between_requests_a_line_may_rest_longer(pair: Pair) -> None:
    assert pair.line.patience == FIRST_S
    pair.client.send(b"first")
    pair.line.recv(100)
    assert pair.line.until
    pair.line.rest()
    assert pair.line.patience == KEPT_S
    assert not pair.line.until


def test_a_resting_line_is_let_go_when_the_process_stops(pair: Pair) -> None:
    waiting = threading.Thread(target=pair.line.recv, args=(100,))
    waiting.start()
    pair.line.dismiss()
    waiting.join(5)
    assert not waiting.is_alive()
    assert pair.line.recv(100) == b""


def test_a_request_in_hand_is_read_to_its_end_though_the_process_stops(pair: Pair) -> None:
    pair.client.send(b"one ")
    assert pair.line.recv(100) == b"one "
    pair.leaving = True
    pair.line.dismiss()
    pair.client.send(b"two")
    assert pair.line.recv(100) == b"two"


def test_while_the_process_stops_a_new_client_has_a_moment(pair: Pair) -> None:
    pair.leaving = True
    began = time.monotonic()
    assert pair.line.recv(100) == b""
    assert time.monotonic() - began < LEAVING_S + 5


def test_an_answer_is_sent_within_a_time_limit(pair: Pair) -> None:
    pair.line.sendall(b"OK")
    assert pair.client.recv(10) == b"OK"
    assert pair.line.gettimeout() == ANSWER_S


def test_a_reset_is_still_an_error(pair: Pair) -> None:
    pair.line.sock.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        pair.line.recv(1)


def test_the_head_of_an_answer_leaves_together_with_what_follows(pair: Pair) -> None:
    pair.client.setblocking(False)
    pair.line.answer()
    pair.line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(BlockingIOError):
        pair.client.recv(100)
    pair.line.sendall(b"one")
    assert pair.client.recv(100) == b"HTTP/1.1 200 OK\r\n\r\none"
    pair.line.sendall(b"two")
    assert pair.client.recv(100) == b"two"


def test_an_answer_without_a_body_leaves_when_it_has_ended(pair: Pair) -> None:
    pair.line.answer()
    pair.line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    pair.line.rest()
    assert pair.client.recv(100) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_what_the_server_says_outside_an_answer_leaves_at_once(pair: Pair) -> None:
    pair.line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert pair.client.recv(100) == b"HTTP/1.1 400 Bad Request\r\n\r\n"


def test_an_answer_that_does_not_fit_at_once_is_sent_whole(pair: Pair) -> None:
    body = bytes(range(256)) * 20_000
    got = bytearray()

    def read() -> None:
        while len(got) < len(body) + 4:
            got.extend(pair.client.recv(1 << 16))

    reading = threading.Thread(target=read)
    reading.start()
    pair.line.answer()
    pair.line.sendall(b"head")
    pair.line.sendall(body)
    reading.join(10)
    assert bytes(got) == b"head" + body


def test_a_file_follows_its_head(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "style.css").write_bytes(b"body {}")
    pair.line.answer()
    pair.line.sendall(b"head ")
    with (tmp_path / "style.css").open("rb") as file:
        assert pair.line.sendfile(file, offset=0, count=7) == 7
    pair.line.rest()
    assert pair.client.recv(100) == b"head body {}"
