"""A client that sends given bytes and returns what it receives."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

METHOD = "/api/v1/token/bot.startWithVariables"
JSON = ("Accept: application/json",)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class RawClient:
    """One connection to the sandbox."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._stream = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def send(self, data: bytes) -> Self:
        self._socket.sendall(data)
        return self

    def finish(self) -> Self:
        """Close the sending half."""
        self._socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self, *, body: bool = True) -> Answer:
        """The next response; `body=False` for the response to HEAD."""
        status = int(self._stream.readline().split(b" ")[1])
        headers: dict[str, str] = {}
        while (line := self._stream.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return Answer(status, headers, self._body(headers) if body else b"")

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            return b"".join(self._chunks())
        if "content-length" in headers:
            return self._stream.read(int(headers["content-length"]))
        return b"" if headers.get("connection") != "close" else self._stream.read()

    def _chunks(self) -> list[bytes]:
        chunks: list[bytes] = []
        while size := int(self._stream.readline(), 16):
            chunks.append(self._stream.read(size))
            assert self._stream.readline() == b"\r\n"
        assert self._stream.readline() == b"\r\n"
        return chunks

    def rest(self) -> bytes:
        """All bytes until the sandbox closes; raises ConnectionResetError on a reset."""
        return self._stream.read()


def request(
    target: str,
    *,
    method: str = "POST",
    headers: tuple[str, ...] = JSON,
    body: bytes = b"",
    version: str = "1.1",
) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def start(**parameters: str) -> bytes:
    """The bytes of a call with these parameters in its query; `variable` names are spelled `variable[x]`."""
    return start_of(list(parameters.items()))


def start_of(pairs: list[tuple[str, str]]) -> bytes:
    """The bytes of a call; for names that are no Python identifiers, and repeated ones."""
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    return request(f"{METHOD}?{query}")


def ask(port: int, data: bytes) -> Answer:
    """Send one request on a new connection."""
    with RawClient(port) as client:
        return client.send(data).answer()


SOUND = start(subscriber_id="778899", bot_id="4512")
