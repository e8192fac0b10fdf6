"""The disk under the embedded database: two floors, and a ballast file to delete when all else is full."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import GeneralCode, Reason

log = logging.getLogger(__name__)

MB = 1_000_000
_FRESH_S = 1.0
"""How long a look at the disk is good for."""
_SENDING = 4
"""Sending goes on down to this part of the floor: what was accepted is to be brought to its end."""
_BALLAST = 2
"""The ballast is this part of the floor, and more than the floor for sending."""


def ballast_of(path: Path) -> Path:
    """The file beside a database that its owner may delete when the disk is full."""
    return path.with_name(path.name + ".ballast")


class Shortage(NamedTuple):
    """Why the disk has no room, and what to do, which may name a file."""

    what: Reason
    hint: Reason

    @property
    def whole(self) -> Reason:
        """Both on one line."""
        return Reason(GeneralCode.WITH_HINT, message=self.what, hint=self.hint)


class Disk:
    """Free space beside the file `path`, and whether it is enough.

    `floor` is in bytes, 0 for none: below it nothing is accepted, below a quarter of it nothing is sent.
    Without a path the database is on another machine, whose disk is its own affair: there is always room.
    """

    def __init__(self, path: Path | None, floor: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.floor = floor if path else 0
        self._clock = clock
        self._looked = float("-inf")
        self._free = 0
        self._read_only = False

    @property
    def sending_floor(self) -> int:
        return self.floor // _SENDING

    @property
    def ballast_size(self) -> int:
        return self.floor // _BALLAST

    def free(self) -> int:
        """Bytes that may still be written, as of the last second or, without the folder, as last seen."""
        now = self._clock()
        if self.path and now - self._looked >= _FRESH_S:
            self._looked = now
            # Each commit finds out whether the database is still in its folder.
            with contextlib.suppress(OSError):
                found = os.statvfs(self.path.parent)
                self._free = found.f_bavail * found.f_frsize
                self._read_only = bool(found.f_flag & os.ST_RDONLY)
        return self._free

    def accepting(self) -> Shortage | None:
        """What keeps webhooks from being accepted now; None when there is room."""
        return self._short_of(self.floor, ProblemCode.DISK_SHORT_TO_ACCEPT) if self.floor else None

    def too_full_to_accept(self) -> Reason | None:
        """The same with what to do, on one line."""
        short = self.accepting()
        return short and short.whole

    def too_full_to_send(self) -> Reason | None:
        """What keeps calls from being sent now, and what to do; None when there is room."""
        short = self._short_of(self.sending_floor, ProblemCode.DISK_SHORT_TO_SEND) if self.floor else None
        return short and short.whole

    def lay_ballast(self) -> None:
        """Make the ballast file unless it is there, or would itself bring the disk near its floor."""
        if not self.floor or self.path is None:
            return
        ballast = ballast_of(self.path)
        self._looked = float("-inf")
        if ballast.exists() or self.free() < 2 * self.floor + self.ballast_size:
            return
        try:
            _fill(ballast, self.ballast_size)
        except OSError as error:
            log.warning("the ballast file %s could not be made: %s", ballast, error.strerror)

    def _short_of(self, floor: int, code: ProblemCode) -> Shortage | None:
        free = self.free()
        if self._read_only:
            return Shortage(Reason(ProblemCode.DISK_READ_ONLY), Reason(ProblemCode.MOUNT_FOR_WRITING))
        if free >= floor:
            return None
        return Shortage(Reason(code, free=f"{free / MB:.0f}", needed=f"{floor / MB:.0f}"), self._advice())

    def _advice(self) -> Reason:
        ballast = ballast_of(self.path) if self.path else None
        if ballast and ballast.exists():
            return Reason(ProblemCode.MAKE_ROOM_OR_DELETE, file=str(ballast))
        return Reason(ProblemCode.MAKE_ROOM)


def _fill(path: Path, size: int) -> None:
    """Real blocks, not a hole: the space must be there once the file is gone. Never half a file."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        os.rename(unfinished, path)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
