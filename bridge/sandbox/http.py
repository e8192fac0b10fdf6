"""HTTP/1.1 as bytes: requests read out of a stream under limits, answers written into it. Pure.

Limits are those of a stock nginx in front of the real thing: a request line of 8 KB, a head of 32 KB,
a body of 1 MiB. Bodies come with Content-Length; a chunked body is answered 411.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

MAX_LINE = 8 * 1024
MAX_HEAD = 32 * 1024
MAX_BODY = 1024 * 1024

_LINE = re.compile(rb"([A-Z]{1,20}) (?:https?://[!-.0-~]+)?(/[!->@-~]*)(?:\?([!-~]*))? HTTP/([0-9]\.[0-9])")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_LENGTH = re.compile(r"[0-9]{1,15}")


class BadRequestError(Exception):
    """What came in is not a request that can be answered; the connection ends after saying so."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Headers:
    """A head's fields: names in lower case, repeated ones joined by a comma."""

    values: Mapping[str, str]
    length: int
    """Of the body, in bytes."""
    expects: bool
    """The sender waits for 100 Continue before it sends the body."""

    def get(self, name: str) -> str:
        """The field's value; empty where it is absent."""
        return self.values.get(name, "")

    @property
    def wants_json(self) -> bool:
        """Whether Accept asks for JSON, as Laravel reads it."""
        accept = self.get("accept").partition(",")[0]
        return "/json" in accept or "+json" in accept


@dataclass(frozen=True, slots=True)
class Head:
    method: str
    path: str
    """As sent, percent-encoded."""
    query: bytes
    headers: Headers
    version: str
    """1.0 or 1.1."""
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Request:
    head: Head
    body: bytes


class RequestReader:
    """Cuts a stream of bytes into requests, however it was cut into packets."""

    def __init__(self) -> None:
        self._buffer = b""
        self._head: Head | None = None

    def __len__(self) -> int:
        """Bytes that wait to become a request."""
        return len(self._buffer)

    @property
    def partial(self) -> bool:
        """A request has begun to arrive and is not complete."""
        return self._head is not None or bool(self._buffer)

    @property
    def wants_continue(self) -> bool:
        """The sender holds the body back until it hears 100 Continue."""
        return self._head is not None and self._head.headers.expects and not self._buffer

    def feed(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data

    def next(self) -> Request | None:
        """The next complete request, None while there is none; raises BadRequestError."""
        head = self._head or self._read_head()
        if head is None:
            return None
        length = head.headers.length
        if len(self._buffer) < length:
            self._head = head
            return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        self._head = None
        return Request(head, body)

    def _read_head(self) -> Head | None:
        self._buffer = self._buffer.lstrip(b"\r\n")
        end = self._buffer.find(b"\r\n\r\n")
        _check_size(self._buffer, end)
        if end < 0:
            return None
        head = parse_head(self._buffer[:end])
        self._buffer = self._buffer[end + 4 :]
        return head


def _check_size(buffer: bytes, end: int) -> None:
    if len(buffer) > MAX_LINE and buffer.find(b"\r\n", 0, MAX_LINE + 2) < 0:
        raise BadRequestError(414, f"the request line is longer than {MAX_LINE} bytes")
    if end > MAX_HEAD or (end < 0 and len(buffer) > MAX_HEAD + 3):
        raise BadRequestError(431, f"the head is longer than {MAX_HEAD} bytes")
    if end < 0 and b"\n\n" in buffer:
        raise BadRequestError(400, "lines of the head must end with CR LF, found a bare LF")


def parse_head(data: bytes) -> Head:
    """The head without its empty line; raises BadRequestError."""
    line, _, block = data.partition(b"\r\n")
    match = _LINE.fullmatch(line)
    if not match:
        raise BadRequestError(400, "expected a request line such as POST /path HTTP/1.1, percent-encoded")
    version = match[4].decode()
    if version not in ("1.0", "1.1"):
        raise BadRequestError(505, f"expected HTTP/1.0 or HTTP/1.1, found HTTP/{version}")
    headers = parse_headers(block)
    if version == "1.1" and "host" not in headers.values:
        raise BadRequestError(400, "an HTTP/1.1 request needs a Host header")
    keep_alive = _keeps_alive(version, headers.get("connection").lower())
    return Head(match[1].decode(), match[2].decode(), match[3] or b"", headers, version, keep_alive)


def _keeps_alive(version: str, connection: str) -> bool:
    return "keep-alive" in connection if version == "1.0" else "close" not in connection


@lru_cache(maxsize=256)
def parse_headers(block: bytes) -> Headers:
    """The lines after the request line; raises BadRequestError. Clients repeat theirs, hence the cache."""
    values: dict[str, str] = {}
    for line in block.split(b"\r\n") if block else ():
        match = _HEADER.fullmatch(line)
        if not match:
            raise BadRequestError(400, "expected header lines such as Name: value")
        name = match[1].decode().lower()
        value = match[2].decode("latin-1").strip(" \t")
        values[name] = f"{values[name]}, {value}" if name in values else value
    return Headers(values, _body_length(values), "100-continue" in values.get("expect", "").lower())


def _body_length(values: Mapping[str, str]) -> int:
    if "transfer-encoding" in values:
        raise BadRequestError(
            411, "send the body with Content-Length; the sandbox reads no Transfer-Encoding"
        )
    lengths = {text.strip() for text in values.get("content-length", "0").split(",")}
    if len(lengths) != 1 or not _LENGTH.fullmatch(length := lengths.pop()):
        raise BadRequestError(400, "Content-Length must be one whole number")
    if int(length) > MAX_BODY:
        raise BadRequestError(413, f"the body is longer than {MAX_BODY} bytes")
    return int(length)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


def to_json(document: object) -> bytes:
    """Readable by people who write Cyrillic; half a surrogate pair becomes a question mark."""
    return _ENCODER.encode(document).encode(errors="replace")


def json_response(status: int, document: object) -> Response:
    return Response(status, to_json(document) + b"\n")


def encode_head(response: Response, framing: str, *, keep_alive: bool) -> bytes:
    """Status line and fields; `framing` is the line that says where the body ends."""
    lines = STATUSES.get(response.status, f"HTTP/1.1 {response.status} \r\n") + framing
    if response.content_type:
        lines += f"Content-Type: {response.content_type}\r\n"
    for name, value in response.headers:
        lines += f"{name}: {value}\r\n"
    if not keep_alive:
        lines += "Connection: close\r\n"
    return f"{lines}\r\n".encode("latin-1")


def encode(response: Response, *, keep_alive: bool, with_body: bool = True) -> bytes:
    """The whole answer. Without the body it is the answer to HEAD."""
    framing = "" if response.status == HTTPStatus.NO_CONTENT else f"Content-Length: {len(response.body)}\r\n"
    head = encode_head(response, framing, keep_alive=keep_alive)
    return head + response.body if with_body else head


STATUSES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
"""The first line of an answer by its status; proxies know others, such as 520, which have no phrase."""
