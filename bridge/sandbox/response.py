"""Responses: as values, as bytes, and how the bytes are sent. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import NamedTuple

_ENCODER = json.JSONEncoder(ensure_ascii=False)
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class End(Enum):
    """What happens to the connection after the last byte of a response."""

    KEEP_ALIVE = "keep-alive"
    CLOSE = "close"
    RESET = "reset"


class RawResponse(NamedTuple):
    """The bytes of a response and when to send them. The next chunk is taken when the last one is sent."""

    chunks: Iterable[bytes]
    end: End
    delay: float = 0.0
    """Seconds before the first chunk."""
    interval: float = 0.0
    """Seconds after each chunk."""


def end_of(*, keep_alive: bool) -> End:
    return End.KEEP_ALIVE if keep_alive else End.CLOSE


def to_json(document: object) -> bytes:
    """JSON with Cyrillic unescaped; a lone surrogate becomes a question mark."""
    return _ENCODER.encode(document).encode(errors="replace")


def json_response(status: int, document: object) -> Response:
    return Response(status, to_json(document) + b"\n")


def encode_head(response: Response, framing: str, *, keep_alive: bool) -> bytes:
    """Status line and headers; `framing` is the header line that says where the body ends."""
    lines = _STATUS_LINES.get(response.status, f"HTTP/1.1 {response.status} \r\n") + framing
    if response.content_type:
        lines += f"Content-Type: {response.content_type}\r\n"
    for name, value in response.headers:
        lines += f"{name}: {value}\r\n"
    if not keep_alive:
        lines += "Connection: close\r\n"
    return f"{lines}\r\n".encode("latin-1")


def encode(response: Response, *, keep_alive: bool, with_body: bool = True) -> bytes:
    """The whole response; without its body it is the response to HEAD."""
    framing = "" if response.status == HTTPStatus.NO_CONTENT else f"Content-Length: {len(response.body)}\r\n"
    head = encode_head(response, framing, keep_alive=keep_alive)
    return head + response.body if with_body else head
