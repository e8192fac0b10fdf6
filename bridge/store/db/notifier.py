"""Sends notifications in a background thread: callers never wait, and several requests become one."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread


class Notifier:
    """Calls `send` soon after `notify`. Requests during a call are merged into the next one."""

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._pending = False
        self._wake_up = Event()
        self._closed = False
        self._thread = Thread(target=self._run, name="wake-ups", daemon=True)
        self._thread.start()

    def notify(self) -> None:
        """Request a notification. Never waits and never fails."""
        self._pending = True
        self._wake_up.set()

    def close(self, timeout: float = 2.0) -> None:
        """Send a pending notification, and end the thread."""
        self._closed = True
        self._wake_up.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while self._pending or not self._closed:
            self._wake_up.wait()
            self._wake_up.clear()
            if self._pending:
                # Reset before sending: a request during the call needs another one.
                self._pending = False
                self._send()
