"""Wake-ups that take time, given by a thread of their own: nobody waits for them, and many become one."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread


class Herald:
    """Calls `ring` soon after `wake`; wake-ups that come meanwhile are given together, as the next one."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._asked = False
        self._stirred = Event()
        self._closed = False
        self._thread = Thread(target=self._run, name="wake-ups", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Never waits and never fails."""
        self._asked = True
        self._stirred.set()

    def close(self, timeout: float = 2.0) -> None:
        """Give what was asked for, and end."""
        self._closed = True
        self._stirred.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while self._asked or not self._closed:
            self._stirred.wait()
            self._stirred.clear()
            if self._asked:
                self._asked = False
                self._ring()
