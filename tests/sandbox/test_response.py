"""Responses as bytes."""

from __future__ import annotations

from bridge.sandbox.response import Response, encode


def test_a_response_has_its_length_and_whether_the_connection_closes() -> None:
    response = Response(200, "да".encode(), "text/plain; charset=utf-8", (("X-A", "1"),))
    assert encode(response, keep_alive=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain; charset=utf-8\r\nX-A: 1\r\n"
        b"Connection: close\r\n\r\n" + "да".encode()
    )


def test_a_204_has_neither_length_nor_type() -> None:
    assert encode(Response(204, content_type=""), keep_alive=True) == b"HTTP/1.1 204 No Content\r\n\r\n"


def test_the_response_to_head_has_the_length_and_no_body() -> None:
    assert encode(Response(200, b"four", ""), keep_alive=True, with_body=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
    )
