"""Child processes that are kept running until a stop signal, and stopped without leaving orphans."""

from __future__ import annotations

import ctypes
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_STEADY = 60.0
"""Seconds after which a child counts as well again, and its next restart is quick."""


@dataclass(slots=True)
class Child:
    """One process by name, with what is needed to start it again."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float = 0.0
    early: bool = False
    """At first it is started before its time, and waits for its standard input to end."""

    def start(self, now: float, gate: int = subprocess.DEVNULL) -> None:
        """Start it; `gate` is what it reads from."""
        self.started = now
        self.process = subprocess.Popen(
            list(self.arguments),
            env=dict(self.environment),
            stdin=gate,
            # Ctrl-C reaches the whole foreground group: the children hear it from us alone, as SIGTERM.
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Supervisor:
    """Starts children in order, restarts those that die with growing pauses, stops them in reverse."""

    children: Sequence[Child]
    clock: Callable[[], float] = time.monotonic
    stopping: bool = False
    """A stop signal came. A plain flag: the code that the handler interrupts may hold an Event's lock."""

    def start(self, before: Callable[[], int] = lambda: 0) -> int:
        """Start all once `before` has given 0, and give its result; early ones get ready meanwhile.

        From here on SIGTERM and SIGINT ask for a stop.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for child in self.children:
            if child.early:
                child.start(self.clock(), subprocess.PIPE)
        result = before()
        if result == 0 and not self.stopping:
            for child in self.children:
                if not child.early:
                    child.start(self.clock())
                elif child.process and child.process.stdin:
                    child.process.stdin.close()
        return result

    def watch(self, until: Callable[[], bool] = lambda: False, seconds: float | None = None) -> bool:
        """Keep the children running until `until` holds (True), or a stop signal or time-out (False)."""
        end = None if seconds is None else self.clock() + seconds
        while not self.stopping and (end is None or self.clock() < end):
            for child in self.children:
                self.mend(child, self.clock())
            if until():
                return True
            time.sleep(0.1)
        return False

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def shut_down(self, grace: float = 25.0) -> None:
        """Ask every child to stop and wait; what is still there after `grace` seconds is killed."""
        deadline = self.clock() + grace
        for child in self.children:
            if child.running and child.process:
                child.process.terminate()
        for child in self.children:
            if child.process:
                _reap(child, max(0.1, deadline - self.clock()))

    def mend(self, child: Child, now: float) -> None:
        """Start a child that died, after its pause."""
        if child.running:
            return
        if child.restart_at == 0.0:
            child.failures = 0 if now - child.started > _STEADY else child.failures + 1
            pause = min(30.0, 0.5 * 2.0 ** max(0, child.failures - 1))
            child.restart_at = now + pause
            code = child.process.returncode if child.process else None
            log.warning("%s ended with %s; starting it again in %.1f s", child.name, _ending(code), pause)
        elif now >= child.restart_at:
            child.restart_at = 0.0
            child.start(now)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _reap(child: Child, seconds: float) -> None:
    process = child.process
    if process is None:
        return
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        log.warning("%s did not stop in time and is killed", child.name)
        process.kill()
        process.wait()


def _die_with_parent() -> None:
    """Linux ends the child with SIGTERM when its parent is gone, however that came about."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
