"""One running child process, and the pipe on which it beats."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from bridge.inherited import ENDED, HEARTBEAT, OWNER, unique_name

_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Program:
    """How to start a kind of child."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()
    """Open files that it inherits, besides its heartbeat."""
    takes_over: bool = False
    """Whether a new process may start while the former one still runs, as with a shared listener. Such a
    process is started before the database is migrated, and waits for the end of its standard input."""


class Child:
    """A child process, from its start to its end."""

    def __init__(self, program: Program, ended: Mapping[str, str], *, waits: bool = False) -> None:
        """Start it. `ended`: former processes whose calls it has to recover, each with the cause.

        Raises OSError if the machine has no room for another process.
        """
        self.owner = unique_name()
        self.name = program.name
        self.beaten = False
        """Whether it has beaten at least once: it is up."""
        self.silent = 0.0
        """Seconds since its last beat, or since its start."""
        self.dumped = False
        """Whether it was asked for its stacks since its last beat."""
        self.killed = False
        """Whether it was killed because it was silent."""
        self._pipe, beats = os.pipe()
        for end in (self._pipe, beats):
            os.set_blocking(end, False)
        own = {
            HEARTBEAT: str(beats),
            OWNER: self.owner,
            ENDED: " ".join(f"{owner}={cause}" for owner, cause in ended.items()),
        }
        try:
            self.process = subprocess.Popen(
                list(program.arguments),
                env={**program.environment, **own},
                stdin=subprocess.PIPE if waits else subprocess.DEVNULL,
                pass_fds=(beats, *program.descriptors),
                # Ctrl-C is sent to the whole foreground group. Children get signals from the supervisor.
                start_new_session=True,
                preexec_fn=partial(_die_with_parent, os.getpid()) if sys.platform == "linux" else None,
            )
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(beats)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def let_begin(self) -> None:
        """End its standard input, for which it waits."""
        if self.process.stdin:
            self.process.stdin.close()

    def listen(self, seconds: float) -> None:
        """Read its beats; `seconds` have passed since the last time."""
        with suppress(BlockingIOError):
            if os.read(self._pipe, 4096):
                self.beaten, self.silent, self.dumped = True, 0.0, False
                return
        self.silent += seconds

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        self.process.send_signal(number)

    def dump(self) -> None:
        """Have it write the stacks of its threads to stderr."""
        self.dumped = True
        self.signal(signal.SIGUSR1)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Close the pipes to it."""
        os.close(self._pipe)
        self.let_begin()


def _die_with_parent(parent: int) -> None:
    """Have Linux send SIGTERM to the child when its parent ends, for any reason."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
