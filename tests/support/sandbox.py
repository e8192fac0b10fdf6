"""A sandbox on a free port, in its own thread, and the fixture `sandbox`."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import quote

import pytest
import uvloop

from bridge.sandbox.server import DEFAULT, Options, serve


class Sandbox:
    """A running sandbox. `url` is the value for an account's `url`."""

    def __init__(self, options: Options = DEFAULT, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host = host
        self.url = ""
        self.port = port
        self._options = options
        self._ready = threading.Event()
        self._loop = uvloop.new_event_loop()
        self._stop = asyncio.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> Self:
        """Start the thread; returns when the sandbox listens."""
        self._thread.start()
        self._ready.wait()
        if self._error:
            raise self._error
        return self

    def stop(self) -> None:
        """Close all connections and the port; the second time it does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def calls(self) -> list[dict[str, Any]]:
        """`GET /calls`."""
        calls: list[dict[str, Any]] = self.control("GET", "/calls")
        return calls

    def probes(self) -> list[dict[str, Any]]:
        """`GET /probes`."""
        probes: list[dict[str, Any]] = self.control("GET", "/probes")
        return probes

    def ran(self) -> list[dict[str, Any]]:
        """The calls that started a bot."""
        return [call for call in self.calls() if call["ran"]]

    def delete_calls(self) -> None:
        self.control("DELETE", "/calls")

    def fault(self, kind: str, **more: Any) -> None:
        """`POST /faults`, with `times`, `ran`, `retry_after` and others."""
        self.control("POST", "/faults", {"kind": kind, **more})

    def heal(self) -> None:
        """Delete all faults."""
        self.control("DELETE", "/faults")

    def subscriber(self, person: int | str, status: str, **more: Any) -> None:
        self.control("PUT", f"/subscribers/{quote(str(person), safe='')}", {"status": status, **more})

    def control(self, method: str, path: str, document: Any = None) -> Any:
        """One control request; its JSON, or None. Any status but 2xx fails the test."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, None if document is None else json.dumps(document))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        assert 200 <= response.status < 300, (response.status, text)
        return json.loads(text) if text else None

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(
                serve(self._host, self.port, self._options, stop=self._stop, listening=self._listening)
            )
        except Exception as error:
            self._error = error
        finally:
            self._loop.close()
            self._ready.set()

    def _listening(self, url: str) -> None:
        self.url = url
        self.port = int(url.rpartition(":")[2])
        self._ready.set()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox for one test."""
    running = Sandbox().start()
    yield running
    running.stop()
