"""Requests, and how httptools reads them from the bytes of a connection, under limits.

Limits are those of a stock nginx in front of the real LeadConverter: a URL of 8 KB, a head of 32 KB,
a body of 1 MiB. Bodies need a Content-Length; a chunked body is answered 411.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import httptools

MAX_URL = 8 * 1024
MAX_HEAD = 32 * 1024
MAX_BODY = 1024 * 1024


class BadRequestError(Exception):
    """The request cannot be answered as asked: send status and message, then close the connection."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Request(NamedTuple):
    method: str
    path: str
    """As sent, percent-encoded."""
    query: bytes
    headers: Mapping[bytes, bytes]
    """Names in lower case; of a repeated name the first value."""
    body: bytes
    version: str
    """1.0 or 1.1."""
    keep_alive: bool

    def header(self, name: bytes) -> str:
        """The header's value; empty if it is absent."""
        return self.headers.get(name, b"").decode("latin-1").strip()

    @property
    def wants_json(self) -> bool:
        """Whether Accept asks for JSON, as Laravel reads it."""
        accept = self.header(b"accept").partition(",")[0]
        return "/json" in accept or "+json" in accept


class RequestParser:
    """Reads requests from a stream of bytes. httptools calls the methods that start with `on_`."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self.requests: deque[Request] = deque()
        """Complete requests, the oldest first."""
        self.partial = False
        """A request has begun to arrive and is not complete."""
        self.awaits_continue = False
        """The client sends the body only after a 100 Continue."""
        self._in_head = False
        self._unread = 0

    def feed(self, data: bytes) -> None:
        """Read the next bytes. Raises BadRequestError, after which nothing more may be fed."""
        self._unread += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise (error.__context__ or error) from None
        except httptools.HttpParserError as error:
            raise BadRequestError(400, f"not an HTTP/1.1 request: {error}") from None
        if self._in_head and self._unread > MAX_HEAD:
            raise _head_too_long()

    def on_message_begin(self) -> None:
        self.partial = self._in_head = True
        self._url = b""
        self._head_size = 0
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def on_url(self, part: bytes) -> None:
        self._url += part
        if len(self._url) > MAX_URL:
            raise BadRequestError(414, f"the URL is longer than {MAX_URL} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD:
            raise _head_too_long()
        self._headers.setdefault(name.lower(), value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._version = self._parser.get_http_version()
        if self._version not in ("1.0", "1.1"):
            raise BadRequestError(505, f"expected HTTP/1.0 or HTTP/1.1, found HTTP/{self._version}")
        if self._version == "1.1" and b"host" not in self._headers:
            raise BadRequestError(400, "an HTTP/1.1 request needs a Host header")
        if self._parser.should_upgrade():  # httptools would drop the body
            raise BadRequestError(400, "the sandbox speaks HTTP/1.1 only; send neither Upgrade nor CONNECT")
        if b"transfer-encoding" in self._headers:
            raise BadRequestError(411, "send the body with Content-Length, without Transfer-Encoding")
        if int(self._headers.get(b"content-length", b"0")) > MAX_BODY:
            raise BadRequestError(413, f"the body is longer than {MAX_BODY} bytes")
        self.awaits_continue = self._headers.get(b"expect", b"").lower() == b"100-continue"

    def on_body(self, part: bytes) -> None:
        self.awaits_continue = False
        self._body.append(part)

    def on_message_complete(self) -> None:
        self.partial = self.awaits_continue = False
        self._unread = 0
        url = httptools.parse_url(self._url)
        if not (url.path or b"").startswith(b"/"):
            raise BadRequestError(400, "expected a URL with a path, such as /calls")
        request = Request(
            method=self._parser.get_method().decode(),
            path=url.path.decode(),
            query=url.query or b"",
            headers=self._headers,
            body=b"".join(self._body),
            version=self._version,
            keep_alive=self._parser.should_keep_alive(),
        )
        self.requests.append(request)


def _head_too_long() -> BadRequestError:
    return BadRequestError(431, f"the head is longer than {MAX_HEAD} bytes")
