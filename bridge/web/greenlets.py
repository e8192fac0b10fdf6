"""gunicorn's worker with greenlets, with a time limit for every request and a quick graceful stop."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import gevent
from gunicorn.glogging import Logger
from gunicorn.http.errors import InvalidResponseHeader, InvalidResponseHeaderName, ParseException
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.http import HTTP_STATUS_CODES

from bridge import heartbeat
from bridge.logs import trace
from bridge.model import Request
from bridge.reasons.reason import Reason
from bridge.web import parsing
from bridge.web.client import client_address
from bridge.web.line import Line

log = logging.getLogger(__name__)


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's log without a line per request, for which it would gather some thirty values first."""

    access_log_enabled = False


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Named by `worker_class` in `server.py`."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.lines: set[Line] = set()
        parsing.install()

    def run(self) -> None:
        """Serve until told to stop, and leave nothing behind."""
        try:
            super().run()
        finally:
            self.wsgi.extensions["leadbridge"].close()

    def notify(self) -> None:
        """Once a second: the loop turns."""
        super().notify()
        heartbeat.beat()

    def timeout_ctx(self) -> AbstractContextManager[None]:
        """Each line keeps its own time."""
        return nullcontext()

    def handle(self, listener: Any, client: Any, address: Any) -> None:
        """One connection, from its beginning to its end."""
        line = Line(client, lambda: not self.alive)
        self.lines.add(line)
        try:
            super().handle(listener, line, address)
        finally:
            self.lines.discard(line)

    def handle_request(self, listener: Any, request: Any, line: Line, address: Any) -> None:
        """One request; StopIteration says that it was the connection's last."""
        line.answer()
        try:
            super().handle_request(listener, request, line, address)
        finally:
            with suppress(OSError):
                line.rest()

    def handle_error(self, _req: Any, client: Line, addr: Any, exc: BaseException) -> None:
        """What cannot be read as a request: answered, counted, and in the log, each without its target."""
        answered = isinstance(exc, InvalidResponseHeader | InvalidResponseHeaderName)
        if isinstance(exc, ParseException) and not answered:
            status, why = parsing.wrong(exc)
            self._reject(addr[0] if addr else "", status, why, *parsing.meant_for(exc))
        else:
            status = 500
            log.error("a fault in the bridge itself, at a request\n%s", trace(exc))
        with suppress(OSError):
            client.sendall(_error_page(status))
            client.hear_out()

    def _reject(self, peer: str, status: int, why: Reason, method: str, source: str) -> None:
        side = self.wsgi.extensions["leadbridge"]
        request = Request(method, "", (), b"", client_address(peer, "", side.settings.proxies))
        side.intake.reject(source, status, why, request)

    def handle_exit(self, number: int, frame: Any) -> None:
        """SIGTERM: what is in hand is finished, who has asked for nothing is let go."""
        super().handle_exit(number, frame)
        gevent.spawn(self.dismiss)

    def dismiss(self) -> None:
        """Let go of connections that rest."""
        for line in list(self.lines):
            line.dismiss()


def _error_page(status: int) -> bytes:
    reason = HTTP_STATUS_CODES[status]
    body = f"{reason.lower()}\n"
    head = (f"HTTP/1.1 {status} {reason}", "Connection: close", "Content-Type: text/plain")
    return "\r\n".join((*head, f"Content-Length: {len(body)}", "", body)).encode()
