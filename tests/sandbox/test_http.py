"""Bytes to requests and answers to bytes, without a socket."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.sandbox.http import (
    MAX_BODY,
    MAX_HEAD,
    MAX_LINE,
    BadRequestError,
    Request,
    RequestReader,
    Response,
    encode,
    parse_head,
    parse_headers,
)

CALL = b"POST /a/b%20c?x=1&y=%D1%8F HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nz=26"
PING = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def read_all(*packets: bytes) -> list[Request]:
    reader = RequestReader()
    requests: list[Request] = []
    for packet in packets:
        reader.feed(packet)
        while request := reader.next():
            requests.append(request)
    return requests


def refusal(*packets: bytes) -> tuple[int, str]:
    with pytest.raises(BadRequestError) as caught:
        read_all(*packets)
    return caught.value.status, caught.value.message


def head_of(*lines: str) -> bytes:
    return "\r\n".join(["GET / HTTP/1.1", "Host: h", *lines]).encode()


def test_a_request_is_read_with_its_path_and_query_as_sent() -> None:
    (request,) = read_all(CALL)
    assert (request.head.method, request.head.path) == ("POST", "/a/b%20c")
    assert (request.head.query, request.body) == (b"x=1&y=%D1%8F", b"z=26")


def test_a_request_without_a_query_has_an_empty_one() -> None:
    assert parse_head(head_of()).query == b""


@given(some.lists(some.integers(1, len(CALL + PING + CALL) - 1), max_size=12))
def test_however_the_stream_is_cut_the_requests_are_the_same(places: list[int]) -> None:
    stream = CALL + PING + CALL
    edges = [0, *sorted(places), len(stream)]
    packets = [stream[start:end] for start, end in pairwise(edges)]
    assert read_all(*packets) == read_all(CALL, PING, CALL)


@given(some.binary(max_size=300))
def test_any_bytes_are_a_request_or_unfinished_or_refused(data: bytes) -> None:
    try:
        requests = read_all(data, b"\r\n\r\n")
    except BadRequestError:
        return
    assert all(request.head.path.startswith("/") for request in requests)


@given(some.binary(max_size=60))
def test_no_header_value_brings_a_line_break_along(value: bytes) -> None:
    try:
        headers = parse_headers(b"Host: h\r\nX: " + value)
    except BadRequestError:
        return
    assert not set("\r\n\x00") & set("".join(headers.values.values()))


def test_empty_lines_before_a_request_are_passed_over() -> None:
    assert read_all(b"\r\n\r\n" + PING) == read_all(PING)


def test_a_proxy_may_send_the_whole_url() -> None:
    head = parse_head(b"GET http://sandbox:8090/calls?x=1 HTTP/1.1\r\nHost: h")
    assert (head.path, head.query) == ("/calls", b"x=1")


def test_repeated_headers_are_joined_and_names_are_lower_case() -> None:
    assert parse_head(head_of("X-A: 1", "x-a:  2 ")).headers.get("x-a") == "1, 2"


def test_an_absent_header_is_empty() -> None:
    assert parse_head(head_of()).headers.get("accept") == ""


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", "", True),
        ("1.1", "close", False),
        ("1.1", "Close", False),
        ("1.1", "keep-alive", True),
        ("1.0", "", False),
        ("1.0", "Keep-Alive", True),
    ],
)
def test_the_connection_is_kept_as_version_and_header_say(version: str, connection: str, kept: bool) -> None:
    head = parse_head(f"GET / HTTP/{version}\r\nHost: h\r\nConnection: {connection}".encode())
    assert head.keep_alive is kept


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("application/vnd.api+json", True),
        ("application/json, text/html", True),
        ("text/html, application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_json_is_wanted_where_accept_names_it_first(accept: str, wanted: bool) -> None:
    assert parse_head(head_of(f"Accept: {accept}")).headers.wants_json is wanted


REQUEST_LINE = "expected a request line such as POST /path HTTP/1.1, percent-encoded"
HEADER_LINE = "expected header lines such as Name: value"


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1 extra",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"get / HTTP/1.1",
        b"GET calls HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET /\xd1\x8f HTTP/1.1",
        b"GET /a\x00 HTTP/1.1",
        b"GET / HTTP/1",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"",
    ],
)
def test_what_is_no_request_line_is_refused(line: bytes) -> None:
    assert refusal(line + b"\r\nHost: h\r\n\r\nx\r\n\r\n") == (400, REQUEST_LINE)


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0"])
def test_another_version_of_http_is_refused(version: str) -> None:
    assert refusal(f"GET / HTTP/{version}\r\nHost: h\r\n\r\n".encode()) == (
        505,
        f"expected HTTP/1.0 or HTTP/1.1, found HTTP/{version}",
    )


@pytest.mark.parametrize(
    "line",
    [b"no colon", b"Name : x", b" folded", b": x", b"A\xd1: x", b"A: x\x00", b"A: x\rB: y", b"A: x\nB: y"],
)
def test_what_is_no_header_line_is_refused(line: bytes) -> None:
    assert refusal(b"GET / HTTP/1.1\r\nHost: h\r\n" + line + b"\r\n\r\n") == (400, HEADER_LINE)


def test_a_host_is_needed_in_http_1_1_only() -> None:
    assert refusal(b"GET / HTTP/1.1\r\n\r\n") == (400, "an HTTP/1.1 request needs a Host header")
    assert read_all(b"GET / HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize("length", ["-1", "1x", "", "1, 2", "٣", "9" * 16])
def test_a_length_that_is_no_whole_number_is_refused(length: str) -> None:
    data = f"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n".encode()
    assert refusal(data) == (400, "Content-Length must be one whole number")


def test_the_same_length_twice_is_one_length() -> None:
    head = parse_head(head_of("Content-Length: 4", "Content-Length: 4"))
    assert head.headers.length == 4


def test_a_chunked_body_is_asked_for_with_a_length() -> None:
    assert refusal(head_of("Transfer-Encoding: chunked", "Content-Length: 4") + b"\r\n\r\n") == (
        411,
        "send the body with Content-Length; the sandbox reads no Transfer-Encoding",
    )


def test_a_bare_line_feed_ends_no_line() -> None:
    assert refusal(b"GET / HTTP/1.1\nHost: h\n\n") == (
        400,
        "lines of the head must end with CR LF, found a bare LF",
    )


def test_a_request_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    around = len("GET / HTTP/1.1")
    longest = f"GET /{'x' * (MAX_LINE - around)} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
    assert len(read_all(longest)) == 1
    longer = longest.replace(b"GET /", b"GET /x")
    assert refusal(longer) == (414, "the request line is longer than 8192 bytes")


def test_a_request_line_that_never_ends_is_refused_before_it_has_all_come() -> None:
    assert refusal(b"GET /" + b"x" * MAX_LINE)[0] == 414


def test_a_head_may_be_as_long_as_the_limit_and_no_longer() -> None:
    start = head_of("X: ")
    longest = start + b"x" * (MAX_HEAD - len(start))
    assert len(read_all(longest + b"\r\n\r\n")) == 1
    assert refusal(longest + b"x\r\n\r\n") == (431, "the head is longer than 32768 bytes")
    assert refusal(longest + b"xxxx")[0] == 431


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    longest = head_of(f"Content-Length: {MAX_BODY}") + b"\r\n\r\n" + b"x" * MAX_BODY
    assert len(read_all(longest)[0].body) == MAX_BODY
    longer = head_of(f"Content-Length: {MAX_BODY + 1}") + b"\r\n\r\n"
    assert refusal(longer) == (413, "the body is longer than 1048576 bytes")


def test_a_reader_knows_whether_a_request_is_half_there() -> None:
    reader = RequestReader()
    assert not reader.partial
    reader.feed(CALL[:-2])
    assert reader.next() is None
    assert (reader.partial, len(reader)) == (True, 2)
    reader.feed(CALL[-2:])
    assert reader.next()
    assert not reader.partial


def test_a_sender_that_waits_for_leave_to_send_its_body_is_known() -> None:
    reader = RequestReader()
    reader.feed(head_of("Expect: 100-continue", "Content-Length: 2") + b"\r\n\r\n")
    assert reader.next() is None
    assert reader.wants_continue
    reader.feed(b"ok")
    assert not reader.wants_continue
    assert reader.next()


def test_an_answer_says_how_long_it_is_and_whether_the_connection_ends() -> None:
    answer = Response(200, "да".encode(), "text/plain; charset=utf-8", (("X-A", "1"),))
    assert encode(answer, keep_alive=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain; charset=utf-8\r\nX-A: 1\r\n"
        b"Connection: close\r\n\r\n" + "да".encode()
    )


def test_an_answer_without_content_has_neither_length_nor_type() -> None:
    assert encode(Response(204, content_type=""), keep_alive=True) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_an_answer_to_head_gives_the_length_and_no_body() -> None:
    assert encode(Response(200, b"four", ""), keep_alive=True, with_body=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
    )
