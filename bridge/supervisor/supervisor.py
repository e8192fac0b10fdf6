"""Starts children, restarts those that end or whose main loop hangs, and stops them without orphans."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bridge.model import DIED, WATCHDOG
from bridge.supervisor.child import Child, Program

log = logging.getLogger(__name__)

SILENT: Final = 30.0
"""Seconds without a beat after which a child is killed. Its first beat may take twice as long."""
DUMPING: Final = 1.0
"""Seconds between the request for a child's stacks and its end."""
GRACE: Final = 25.0
"""Seconds that a child may take to stop: a little longer than what it waits for itself."""
_TURN: Final = 0.1
_COUNTED: Final = 0.5
"""Seconds that one turn counts at most. If this process was stopped, too, no child is to blame."""
_RECENT: Final = 600.0
_QUICK_RESTARTS: Final = 3
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0


@dataclass(slots=True)
class Place:
    """Filled by one process of a program after another."""

    program: Program
    child: Child | None = None
    was_up: bool = False
    """Whether one of its processes has come up."""
    restart_at: float = 0.0
    """When the next process is started; 0: not planned."""
    ends: list[float] = field(default_factory=list)
    """When its processes ended by themselves, in the last ten minutes."""
    ended: dict[str, str] = field(default_factory=dict)
    """Names of processes that ended unexpectedly since the last one that came up, each with the cause."""

    def start(self, *, waits: bool = False) -> None:
        self.restart_at = 0.0
        self.child = Child(self.program, self.ended, waits=waits)

    def note_end(self, child: Child) -> None:
        """Remember a process whose calls the next one has to recover. Before its first beat it has none."""
        child.listen(0.0)
        if child.process.returncode and child.beaten:
            self.ended[child.owner] = WATCHDOG if child.killed else DIED
        child.close()


class Supervisor:
    """The parent of some children.

    `prepare` is called before they begin, and gets a function that says whether to stop. If it returns an
    exit code other than 0, they do not begin. `silent`: seconds without a beat after which a child is killed.
    `listener` is closed when all of them stop.

    SIGTERM and SIGINT stop everything, a second SIGINT without waiting. SIGHUP starts everything anew, so
    that a new version of the program is used, and settings of the file `.env`.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        prepare: Callable[[Callable[[], bool]], int] = lambda _: 0,
        silent: float = SILENT,
        listener: socket.socket | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.places = [Place(program) for program in programs]
        self.prepare = prepare
        self.silent = silent
        self.listener = listener
        self.clock = clock
        self.exit_code = 0
        self.signals: list[int] = []
        """Stop signals received. Not an Event: the interrupted code may hold its lock."""
        self.asked_to_reload = False
        self.leaving: list[Child] = []
        """Former or new children that fill no place, while a reload replaces some."""
        self.turned = clock()

    @property
    def stopping(self) -> bool:
        return bool(self.signals) or self.exit_code != 0

    @property
    def up(self) -> bool:
        """Whether every child has beaten."""
        return all(place.child is not None and place.child.beaten for place in self.places)

    def start(self) -> None:
        """Prepare, and start all children. From now on, signals are handled."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        if not os.isatty(0) and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            # At a terminal SIGHUP means that the terminal was closed.
            signal.signal(signal.SIGHUP, self._ask_to_reload)
        for place in self.places:
            if place.program.takes_over:
                place.start(waits=True)
        self.exit_code = self.prepare(lambda: self.stopping)
        if self.stopping:
            return
        for place in self.places:
            if place.child:
                place.child.let_begin()
            else:
                place.start()

    def watch(self, until: Callable[[], bool] = lambda: False, seconds: float | None = None) -> bool:
        """Watch the children until `until` holds (True), or until a stop or the time-out (False).

        With a time-out something is waited for, such as the first beats; a reload begins only afterwards.
        """
        end = None if seconds is None else self.clock() + seconds
        while not self.stopping and (end is None or self.clock() < end):
            self.turn()
            if until():
                return True
            if seconds is None and self.asked_to_reload:
                self.reload()
            time.sleep(_TURN)
        return False

    def turn(self) -> None:
        """Look at each child once."""
        now = self.clock()
        counted = min(now - self.turned, _COUNTED)
        self.turned = now
        for place in self.places:
            if place.child is None:
                if place.restart_at and now >= place.restart_at:
                    self._start(place)
            elif place.child.running:
                self._listen(place, place.child, counted)
            else:
                self._handle_end(place, place.child)

    def _listen(self, place: Place, child: Child, counted: float) -> None:
        child.listen(counted)
        if child.beaten:
            place.was_up = True
            place.ended.clear()
        over = child.silent - (self.silent if child.beaten else 2 * self.silent)
        if over > 0 and not child.dumped:
            log.error("%s has hung for %.0f s: it writes its stacks and is killed", child.name, child.silent)
            child.dump()
        elif over > DUMPING:
            child.killed = True
            child.kill()

    def _start(self, place: Place) -> None:
        """Start a process, or try again later if the machine has no room for another one."""
        try:
            place.start()
        except OSError as error:
            self._plan_restart(place, f"{place.program.name} cannot be started: {error.strerror}")

    def _handle_end(self, place: Place, child: Child) -> None:
        code = child.process.returncode
        place.note_end(child)
        place.child = None
        if code > 0 and not (child.beaten or place.was_up or place.ends):
            # It has said why. At a restart the cause may pass, such as a database that does not answer.
            self.exit_code = code
        else:
            self._plan_restart(place, f"{child.name} ended with {_ending(code)}")

    def _plan_restart(self, place: Place, why: str) -> None:
        now = self.clock()
        place.ends = [*(at for at in place.ends if now - at < _RECENT), now]
        pause = min(_FIRST_PAUSE * 2.0 ** max(0, len(place.ends) - _QUICK_RESTARTS), _LONGEST_PAUSE)
        place.restart_at = now + pause
        log.warning("%s; starting it again in %.1f s", why, pause)

    def reload(self) -> None:
        """Replace every child by a new process. One that does not come up replaces nothing."""
        log.warning("SIGHUP: starting all processes anew")
        self.asked_to_reload = False
        if self.prepare(lambda: self.stopping) == 0:
            for place in self.places:
                if self.stopping:
                    break
                if place.program.takes_over:
                    self._take_over(place)
                elif place.child:
                    self._replace(place, place.child)
        else:
            log.error("the processes go on as they are")

    def _take_over(self, place: Place) -> None:
        """Start a new process, wait until it is up, and end the former one."""
        try:
            new = Child(place.program, {})
        except OSError as error:
            log.error("a new %s cannot be started: %s", place.program.name, error.strerror)
            return
        self.leaving.append(new)

        def decided() -> bool:
            new.listen(0.0)
            return new.beaten or not new.running

        self.watch(decided, 2 * self.silent)
        if self.stopping:
            return
        if new.running and new.beaten:
            self.leaving.remove(new)
            former, place.child, place.restart_at = place.child, new, 0.0
        else:
            log.error("the new %s did not come up: the former one goes on", new.name)
            former = new
        if former:
            self._end(former)

    def _replace(self, place: Place, former: Child) -> None:
        place.child = None
        self._end(former)
        if former.process.returncode:
            place.ended[former.owner] = DIED
        if not self.stopping:
            self._start(place)

    def _end(self, child: Child) -> None:
        """Stop one child gracefully while the others are watched."""
        if child not in self.leaving:
            self.leaving.append(child)
        child.signal(signal.SIGTERM)
        self.watch(lambda: not child.running, GRACE)
        if self.stopping:
            return
        if child.running:
            log.warning("%s did not stop in time and is killed", child.name)
            child.kill()
        child.close()
        self.leaving.remove(child)

    def shut_down(self, grace: float = GRACE) -> None:
        """Ask every child to stop, and wait; kill those that still run after `grace` seconds.

        Connections are refused from now on, unless systemd holds the socket: no process would accept them.
        """
        if self.listener:
            self.listener.close()
        children = [*(place.child for place in self.places if place.child), *self.leaving]
        deadline = self.clock() + grace
        for child in children:
            child.signal(signal.SIGTERM)
        hurried = False
        while any(child.running for child in children) and self.clock() < deadline:
            if self.signals.count(signal.SIGINT) > 1 and not hurried:
                hurried = True
                for child in children:
                    child.signal(signal.SIGINT)
            time.sleep(0.02)
        for child in children:
            if child.running:
                log.warning("%s did not stop in time and is killed", child.name)
                child.kill()
            child.close()

    def _stop(self, number: int, _frame: object) -> None:
        self.signals.append(number)

    def _ask_to_reload(self, *_: object) -> None:
        self.asked_to_reload = True


def supervise(programs: Sequence[Program], silent: float, listener: socket.socket | None = None) -> int:
    """Run children until a stop signal, or until one cannot start; returns the exit code."""
    supervisor = Supervisor(programs, silent=silent, listener=listener)
    try:
        supervisor.start()
        supervisor.watch()
    finally:
        supervisor.shut_down()
    return supervisor.exit_code


def _ending(code: int) -> str:
    known = {one.value: one.name for one in signal.Signals}
    return f"signal {known.get(-code, -code)}" if code < 0 else f"exit code {code}"
