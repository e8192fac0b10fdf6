"""Keeps child processes running until a stop signal, and stops them without orphans."""

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
"""Seconds of running after which earlier failures no longer delay a restart."""


@dataclass(slots=True)
class Child:
    """A process, with what is needed to restart it."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float = 0.0
    early: bool = False
    """The first time, it is started early, and waits for the end of its standard input."""

    def start(self, now: float, gate: int = subprocess.DEVNULL) -> None:
        """Start it; `gate` is its standard input."""
        self.started = now
        self.process = subprocess.Popen(
            list(self.arguments),
            env=dict(self.environment),
            stdin=gate,
            # Ctrl-C is sent to the whole foreground group. The children get SIGTERM from the supervisor.
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Supervisor:
    """Starts children in order, restarts those that end, with growing pauses, and stops them."""

    children: Sequence[Child]
    clock: Callable[[], float] = time.monotonic
    stopping: bool = False
    """A stop signal was received. Not an Event: the interrupted code may hold its lock."""

    def start(self, before: Callable[[], int] = lambda: 0) -> int:
        """Call `before`, and start all children if it returns 0; return its result.

        Early children are started before it. From now on, SIGTERM and SIGINT ask for a stop.
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
        """Restart children until `until` holds (True), or until a stop signal or the time-out (False)."""
        end = None if seconds is None else self.clock() + seconds
        while not self.stopping and (end is None or self.clock() < end):
            for child in self.children:
                self.restart_if_ended(child, self.clock())
            if until():
                return True
            time.sleep(0.1)
        return False

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def shut_down(self, grace: float = 25.0) -> None:
        """Ask every child to stop and wait; kill those that still run after `grace` seconds."""
        deadline = self.clock() + grace
        for child in self.children:
            if child.running and child.process:
                child.process.terminate()
        for child in self.children:
            if child.process:
                _reap(child, max(0.1, deadline - self.clock()))

    def restart_if_ended(self, child: Child, now: float) -> None:
        """Restart a child that ended, when its pause is over."""
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
    """Have Linux send SIGTERM to the child when its parent ends, for any reason."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
