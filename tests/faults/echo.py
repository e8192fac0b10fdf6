"""An API that fails in every way and repeats, wherever an answer has room, the address it was called at."""

from __future__ import annotations

import html
import json
import socket
import socketserver
import struct
from collections.abc import Callable
from random import Random
from urllib.parse import quote, unquote

LIMIT = 2048
"""Where the bridge cuts what it keeps of an answer."""


def body(status: str, content: str, kind: str = "application/json", more: str = "") -> bytes:
    data = content.encode()
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
        "Connection: close",
    )
    return "\r\n".join((*lines, more, "")).encode() + data


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


ANSWERS: tuple[Callable[[str, Random], bytes], ...] = (
    lambda url, _: body("500 Server Error", json.dumps({"message": f"no route to {url}", "url": url})),
    lambda url, _: body(
        f"502 Bad Gateway at {url}", f"<html><title>{html.escape(url)}</title></html>", "text/html"
    ),
    lambda url, _: body(
        "422 Unprocessable", json.dumps({"errors": {"bot_id": [f"unknown at {unquote(url)}"]}})
    ),
    lambda url, _: body("401 Unauthorized", json.dumps({"message": "Unauthenticated.", "exception": url})),
    lambda url, _: body("404 Not Found", f'{{"message": "{escaped(url)}"}}'),
    lambda url, _: body("302 Found", "", "text/html", f"Location: https://elsewhere.example{url}\r\n"),
    lambda url, _: body("200 OK", json.dumps({"success": False, "message": quote(url, safe="")})),
    lambda url, _: body("200 OK", f"<html><title>Login to {url}</title></html>", "text/html"),
    lambda url, _: body("200 OK", json.dumps({"success": True, "called": url})),
    lambda url, _: body("503 Busy", url, f"text/plain; at={url}", f"Retry-After: {url}\r\n"),
    lambda url, random: body("500 Long", " " * (LIMIT - random.randint(1, 90)) + url, "text/plain"),
    lambda url, random: body("500 Cut", f"failed at {url}")[: -random.randint(1, 30)],
    lambda url, _: f"HTTP/1.1 200 OK\r\nX-{url}\r\n: {url}\r\n\r\n".encode(),
    lambda url, _: f"\x15\x03 {url} is not HTTP\r\n\r\n".encode(),
    lambda url, _: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{url}\r\n".encode(),
    lambda _, __: b"",
)


class _Handler(socketserver.StreamRequestHandler):
    server: EchoingApi

    def handle(self) -> None:
        line = self.rfile.readline().decode("latin-1")
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        random = self.server.random
        self.server.asked += 1
        if random.random() < 0.05:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        url = line.split(" ")[1] if line.count(" ") == 2 else line
        self.wfile.write(random.choice(ANSWERS)(url, random))


class EchoingApi(socketserver.ThreadingTCPServer):
    """Serves in threads of its own from `serve_forever` to `shutdown`."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, seed: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.random = Random(seed)
        self.asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"
