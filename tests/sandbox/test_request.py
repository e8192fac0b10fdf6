"""Bytes to requests: what is read, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.sandbox.request import MAX_BODY, MAX_HEAD, MAX_URL, BadRequestError, Request, RequestParser

CALL = b"POST /a/b%20c?x=1&y=%D1%8F HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nz=26"
PING = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def parse(*packets: bytes) -> list[Request]:
    parser = RequestParser()
    for packet in packets:
        parser.feed(packet)
    return list(parser.requests)


def parse_one(*headers: bytes, line: bytes = b"GET / HTTP/1.1") -> Request:
    (request,) = parse(request_of(*headers, line=line))
    return request


def request_of(*headers: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    return b"\r\n".join([line, b"Host: h", *headers, b"", b""])


def refusal(*packets: bytes) -> tuple[int, str]:
    with pytest.raises(BadRequestError) as caught:
        parse(*packets)
    return caught.value.status, caught.value.message


def test_a_request_is_read_with_its_path_and_query_as_sent() -> None:
    (request,) = parse(CALL)
    assert (request.method, request.path) == ("POST", "/a/b%20c")
    assert (request.query, request.body) == (b"x=1&y=%D1%8F", b"z=26")


def test_a_request_without_a_query_has_an_empty_one() -> None:
    assert parse_one().query == b""


@given(some.lists(some.integers(1, len(CALL + PING + CALL) - 1), max_size=12))
def test_packets_do_not_change_what_is_read(places: list[int]) -> None:
    stream = CALL + PING + CALL
    edges = [0, *sorted(places), len(stream)]
    packets = [stream[start:end] for start, end in pairwise(edges)]
    assert parse(*packets) == parse(CALL, PING, CALL)


@given(some.binary(max_size=300))
def test_any_bytes_are_requests_or_incomplete_or_refused(data: bytes) -> None:
    try:
        requests = parse(data, b"\r\n\r\n")
    except BadRequestError:
        return
    assert all(request.path.startswith("/") for request in requests)


@given(some.binary(max_size=60))
def test_no_header_value_contains_a_line_break(value: bytes) -> None:
    try:
        requests = parse(request_of(b"X: " + value))
    except BadRequestError:
        return
    assert not set(b"\r\n\x00") & set(b"".join(requests[0].headers.values()))


def test_empty_lines_before_a_request_are_skipped() -> None:
    assert parse(b"\r\n\r\n" + PING) == parse(PING)


def test_a_proxy_may_send_the_whole_url() -> None:
    request = parse_one(line=b"GET http://sandbox:8090/calls?x=1 HTTP/1.1")
    assert (request.path, request.query) == ("/calls", b"x=1")


def test_the_first_of_repeated_headers_counts_and_names_are_lower_case() -> None:
    assert parse_one(b"X-A:  1 ", b"x-a: 2").header(b"x-a") == "1"


@pytest.mark.parametrize("headers", [(), (b"Accept:",), (b"Accept: ",)])
def test_an_absent_header_is_empty(headers: tuple[bytes, ...]) -> None:
    assert parse_one(*headers).header(b"accept") == ""


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"close", False),
        (b"1.1", b"Close", False),
        (b"1.1", b"keep-alive", True),
        (b"1.0", b"", False),
        (b"1.0", b"Keep-Alive", True),
    ],
)
def test_the_connection_is_kept_as_version_and_header_say(
    version: bytes, connection: bytes, kept: bool
) -> None:
    assert parse_one(b"Connection: " + connection, line=b"GET / HTTP/" + version).keep_alive is kept


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (b"application/json", True),
        (b"application/json; charset=utf-8", True),
        (b"application/vnd.api+json", True),
        (b"application/json, text/html", True),
        (b"text/html, application/json", False),
        (b"*/*", False),
        (b"", False),
    ],
)
def test_json_is_wanted_if_accept_names_it_first(accept: bytes, wanted: bool) -> None:
    assert parse_one(b"Accept: " + accept).wants_json is wanted


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1 extra",
        b"get / HTTP/1.1",
        b"FOO / HTTP/1.1",
        b"GET calls HTTP/1.1",
        b"GET ?x=1 HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET /\xd1\x8f HTTP/1.1",
        b"GET /a\x00 HTTP/1.1",
        b"GET / HTTP/1",
        b"GET / HTTP/1.2",
        b"GET / http/1.1",
        b"OPTIONS * HTTP/1.1",
        b"GET http://h HTTP/1.1",
        b"CONNECT h:80 HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"\x16\x03\x01\x02\x00\x01\x00",
    ],
)
def test_an_invalid_request_line_is_refused(line: bytes) -> None:
    assert refusal(request_of(line=line))[0] == 400


@pytest.mark.parametrize("version", ["0.9", "2.0"])
def test_another_version_of_http_is_refused(version: str) -> None:
    assert refusal(request_of(line=f"GET / HTTP/{version}".encode())) == (
        505,
        f"expected HTTP/1.0 or HTTP/1.1, found HTTP/{version}",
    )


def test_a_request_line_without_a_version_is_refused() -> None:
    assert refusal(request_of(line=b"GET /"))[0] == 505


@pytest.mark.parametrize(
    "header",
    [
        b"no colon",
        b"Name : x",
        b" folded",
        b"A: x\r\n folded",
        b": x",
        b"A\xd1: x",
        b"A: x\x00",
        b"A: x\rB: y",
        b"A: x\nB: y",
        b"A: x\n",
    ],
)
def test_an_invalid_header_is_refused(header: bytes) -> None:
    assert refusal(request_of(header))[0] == 400


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\nHost: h\n\n", b"GET / HTTP/1.1\r\nHost: h\r\n\n"])
def test_a_bare_line_feed_ends_no_line(data: bytes) -> None:
    assert refusal(data)[0] == 400


def test_a_host_is_needed_in_http_1_1_only() -> None:
    assert refusal(b"GET / HTTP/1.1\r\n\r\n") == (400, "an HTTP/1.1 request needs a Host header")
    assert parse(b"GET / HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize(
    "length", [b"-1", b"+1", b"1x", b"0x1", b"1 1", b"1_0", b"", b"1, 2", b"1, 1", "٣".encode(), b"9" * 30]
)
def test_a_length_that_is_no_whole_number_is_refused(length: bytes) -> None:
    assert refusal(request_of(b"Content-Length: " + length))[0] == 400


@pytest.mark.parametrize("second", [b"4", b"5"])
def test_two_lengths_are_refused(second: bytes) -> None:
    headers = b"Content-Length: 4", b"Content-Length: " + second
    assert refusal(request_of(*headers) + b"z=26")[0] == 400


def test_a_chunked_body_is_refused() -> None:
    message = "send the body with Content-Length, without Transfer-Encoding"
    assert refusal(request_of(b"Transfer-Encoding: chunked")) == (411, message)


@pytest.mark.parametrize(
    "headers",
    [
        (b"Transfer-Encoding: chunked", b"Content-Length: 4"),
        (b"Content-Length: 4", b"Transfer-Encoding: chunked"),
        (b"Content-Length: 4", b"transfer-encoding: CHUNKED"),
        (b"Content-Length: 4", b"Transfer-Encoding: gzip, chunked"),
        (b"Content-Length: 4", b"Transfer-Encoding: identity"),
        (b"Content-Length: 4", b"Transfer-Encoding: \x0bchunked"),
        (b"Content-Length: 4", b"Transfer-Encoding : chunked"),
        (b"Content-Length: 4", b"Transfer-Encoding:"),
        (b"Transfer-Encoding: chunked, chunked",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
        (b"Transfer-Encoding: gzip",),
    ],
)
def test_two_framings_and_unknown_ones_are_refused(headers: tuple[bytes, ...]) -> None:
    assert refusal(request_of(*headers) + b"0\r\n\r\n" + PING)[0] in (400, 411)


def test_an_upgrade_is_refused_as_its_body_would_be_lost() -> None:
    headers = b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 4"
    message = "the sandbox speaks HTTP/1.1 only; send neither Upgrade nor CONNECT"
    assert refusal(request_of(*headers) + b"z=26") == (400, message)


def test_no_refusal_quotes_the_url() -> None:
    assert "secret" not in refusal(request_of(line=b"CONNECT secret:80 HTTP/1.1"))[1]
    assert "secret" not in refusal(request_of(line=b"GET /secret\x00 HTTP/1.1"))[1]


def test_requests_before_a_refused_one_are_read() -> None:
    parser = RequestParser()
    with pytest.raises(BadRequestError):
        parser.feed(CALL + PING + b"nonsense\r\n\r\n" + PING)
    assert list(parser.requests) == parse(CALL, PING)


def test_a_url_may_be_as_long_as_the_limit_and_no_longer() -> None:
    longest = b"/" + b"x" * (MAX_URL - 1)
    assert parse_one(line=b"GET %b HTTP/1.1" % longest).path == longest.decode()
    message = "the URL is longer than 8192 bytes"
    assert refusal(request_of(line=b"GET %bx HTTP/1.1" % longest)) == (414, message)


def test_a_url_that_never_ends_is_refused_early() -> None:
    assert refusal(b"GET /", *[b"x"] * MAX_URL)[0] == 414


def test_headers_may_be_as_long_as_the_limit_and_no_longer() -> None:
    longest = b"X: " + b"x" * (MAX_HEAD - len("HosthX"))
    assert len(parse(request_of(longest))) == 1
    assert refusal(request_of(longest + b"x")) == (431, "the head is longer than 32768 bytes")


@pytest.mark.parametrize("header", [b"X: ", b"X" * 100])
def test_a_header_that_never_ends_is_refused_early(header: bytes) -> None:
    assert refusal(b"GET / HTTP/1.1\r\n" + header, *[b"x" * 100] * (MAX_HEAD // 100 + 1))[0] == 431


def test_pipelined_requests_and_bodies_do_not_count_as_head() -> None:
    long = request_of(b"Content-Length: %d" % MAX_BODY) + b"x" * MAX_BODY
    assert len(parse(*[long + PING[:-1], PING[-1:]] * 3)) == 6
    assert len(parse(PING * 2000 + PING[:-1], PING[-1:])) == 2001


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    longest = request_of(b"Content-Length: %d" % MAX_BODY) + b"x" * MAX_BODY
    assert len(parse(longest)[0].body) == MAX_BODY
    message = "the body is longer than 1048576 bytes"
    assert refusal(request_of(b"Content-Length: %d" % (MAX_BODY + 1))) == (413, message)


def test_a_parser_knows_whether_a_request_is_incomplete() -> None:
    parser = RequestParser()
    assert not parser.partial
    parser.feed(CALL[:-2])
    assert parser.partial
    parser.feed(CALL[-2:])
    assert not parser.partial


def test_a_client_that_waits_for_100_continue_is_known() -> None:
    parser = RequestParser()
    parser.feed(request_of(b"Expect: 100-continue", b"Content-Length: 2"))
    assert parser.awaits_continue
    parser.feed(b"o")
    assert not parser.awaits_continue
    parser.feed(b"k")
    assert parser.requests
