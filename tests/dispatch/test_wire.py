from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.dispatch.http.http1 import BadAnswerError, Incoming

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\n\r\nhello",
    b"HTTP/1.1 200\n\nhello",
]


def read(data: bytes, sizes: Sequence[int] = (), cap: int = 1000) -> Incoming:
    """The answer from a stream that gives the data in pieces of these sizes, then the rest, then its end."""
    incoming, place = Incoming(cap), 0
    for size in (*sizes, len(data), 0):
        if incoming.complete:
            break
        piece, place = data[place : place + size], place + size
        if piece or not size:
            incoming.feed(piece)
    return incoming


@given(st.sampled_from(ANSWERS), st.lists(st.integers(1, 30), max_size=40))
def test_an_answer_reads_the_same_in_whatever_pieces_it_comes(raw: bytes, sizes: list[int]) -> None:
    incoming = read(raw, sizes)
    assert (incoming.status, bytes(incoming.body), incoming.oversized) == (200, b"hello", False)


@given(st.sampled_from(ANSWERS[:3]), st.data())
def test_an_answer_cut_anywhere_is_never_whole(raw: bytes, data: st.DataObject) -> None:
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    with pytest.raises(BadAnswerError):
        read(cut)


@given(st.binary(max_size=200), st.lists(st.integers(1, 9), max_size=30))
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", [])
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", [])
@example("HTTP/1.1 200 OK\r\nContent-Length: ٥\r\n\r\n".encode(), [])
def test_any_bytes_are_an_answer_or_a_bad_one(raw: bytes, sizes: list[int]) -> None:
    for data in (
        raw,
        b"HTTP/1.1 200 OK\r\n" + raw,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + raw,
    ):
        try:
            incoming = read(data, sizes, 100)
        except BadAnswerError:
            continue
        assert incoming.status is not None


def test_the_first_of_a_repeated_header_counts() -> None:
    assert read(ANSWERS[0]).headers == {"content-length": "5", "x-a": "1"}


def test_repeated_lengths_must_agree() -> None:
    agreeing = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"
    assert bytes(read(agreeing).body) == b"hello"
    with pytest.raises(BadAnswerError, match="the answer's length is malformed"):
        read(agreeing.replace(b": 5\r\n\r\n", b": 6\r\n\r\n"))


@pytest.mark.parametrize("raw", ANSWERS[:4])
def test_reading_stops_at_the_cap(raw: bytes) -> None:
    incoming = read(raw, cap=2)
    assert (bytes(incoming.body), incoming.oversized, incoming.reusable) == (b"he", True, False)


@pytest.mark.parametrize(("raw", "reusable"), [(ANSWERS[0], True), (ANSWERS[1], True), (ANSWERS[3], False)])
def test_only_an_answer_with_a_known_end_leaves_its_connection_usable(raw: bytes, reusable: bool) -> None:
    assert read(raw).reusable is reusable


def test_a_connection_with_bytes_left_over_is_not_usable() -> None:
    assert not read(ANSWERS[0] + b"HTTP/1.1 200 OK").reusable


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_ends_with_its_head(status: int) -> None:
    incoming = read(b"HTTP/1.1 %d Whatever\r\n\r\n" % status)
    assert incoming.status == status
    assert incoming.reusable
