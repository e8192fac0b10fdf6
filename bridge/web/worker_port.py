"""The dispatcher's own port: `/healthz`, `/readyz` and `/metrics`, answered on threads."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

from bridge import heartbeat
from bridge.errors import BridgeError, StoreUnavailable
from bridge.reasons.errors import ErrorCode
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.store.db.engine import Store
from bridge.store.db.revision import require_newest
from bridge.text.render import english
from bridge.web.counting import CONTENT_TYPE, Counted, page
from bridge.web.metrics import Sample

SILENT: Final = 30.0
"""Seconds without a turn of the main loop after which the process is not healthy."""
_TIMEOUT: Final = 10.0
"""Seconds that a client may take to send its request."""

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


def serve(
    host: str, port: int, store: Store, counted: Counted, samples: Callable[[], Iterable[Sample]]
) -> None:
    """Answer requests on this port from now on. Raises BridgeError if it cannot be used."""
    pages: dict[str, Callable[[], Answer]] = {
        "/healthz": healthz,
        "/readyz": partial(readyz, store),
        "/metrics": lambda: (200, CONTENT_TYPE, page("", samples, counted)),
    }
    try:
        server = _Server((host, port), partial(_Handler, pages))
    except OSError as error:
        detail = os.strerror(error.errno) if error.errno else str(error)
        reason = Reason(ErrorCode.ADDRESS_TAKEN, host=host, port=port, detail=detail)
        raise BridgeError(reason, Reason(ErrorCode.CHOOSE_OTHER_PORT)) from error
    Thread(target=server.serve_forever, name="worker-port", daemon=True).start()


def healthz() -> Answer:
    """200 while the main loop runs."""
    silent = heartbeat.silence()
    if silent > SILENT:
        return 503, "text/plain", f"the main loop has hung for {silent:.0f} s\n".encode()
    return 200, "text/plain", b"OK\n"


def readyz(store: Store) -> Answer:
    """200 if calls can be dispatched now. Omits the driver's words, which may name hosts."""
    wrong: dict[str, str] = {}
    try:
        with store.read() as connection:
            require_newest(connection)
    except StoreUnavailable as error:
        wrong["database"] = error.message if error.hint else english(Reason(ProblemCode.DATABASE_UNUSABLE))
    if heartbeat.silence() > SILENT:
        wrong["loop"] = healthz()[2].decode().strip()
    body = json.dumps({"ready": not wrong, "problems": wrong}).encode() + b"\n"
    return 503 if wrong else 200, "application/json", body


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Log nothing about clients that closed the connection."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET, and logs no line per request."""

    timeout = _TIMEOUT
    default_request_version = "HTTP/1.0"  # the version of answers to what is not HTTP

    def __init__(self, pages: Mapping[str, Callable[[], Answer]], *connection: object) -> None:
        self.pages = pages
        super().__init__(*connection)  # type: ignore[arg-type]  # passed on as socketserver gives them

    def do_GET(self) -> None:
        """Answer a page, or 404."""
        found = self.pages.get(self.path.partition("?")[0])
        status, kind, body = found() if found else (404, "text/plain", b"not found\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def send_error(self, code: int, *_: object) -> None:
        """The status alone: Python's own text repeats what was sent."""
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
