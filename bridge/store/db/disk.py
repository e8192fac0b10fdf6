"""Free space on the embedded database's disk: two limits, and a ballast file to delete in an emergency."""

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
"""Seconds for which a measurement of the disk is reused."""
_SENDING = 4
"""Sending continues down to this fraction of the floor: accepted calls should be finished."""
_BALLAST = 2
"""The ballast is this fraction of the floor: more than the floor for sending."""


def ballast_of(path: Path) -> Path:
    """The path of the file that the owner may delete when the disk is full."""
    return path.with_name(path.name + ".ballast")


class Shortage(NamedTuple):
    """Why the disk has too little space, and what to do, which may name a file."""

    what: Reason
    hint: Reason

    @property
    def whole(self) -> Reason:
        """Both on one line."""
        return Reason(GeneralCode.WITH_HINT, message=self.what, hint=self.hint)


class Disk:
    """Measures the free space of the disk that holds `path`, and compares it with limits.

    `floor` is in bytes, 0 for none: below it nothing is accepted, below a quarter of it nothing is sent.
    Without a path the database is on another machine, whose disk cannot be measured: there is no limit.
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
            # A folder that is gone is no error here: each commit checks the database's files.
            with contextlib.suppress(OSError):
                found = os.statvfs(self.path.parent)
                self._free = found.f_bavail * found.f_frsize
                self._read_only = bool(found.f_flag & os.ST_RDONLY)
        return self._free

    def accepting(self) -> Shortage | None:
        """Why webhooks cannot be accepted now; None if there is enough space."""
        return self._short_of(self.floor, ProblemCode.DISK_SHORT_TO_ACCEPT) if self.floor else None

    def too_full_to_accept(self) -> Reason | None:
        """Why webhooks cannot be accepted now, with what to do; None if there is enough space."""
        short = self.accepting()
        return short and short.whole

    def too_full_to_send(self) -> Reason | None:
        """Why calls cannot be sent now, with what to do; None if there is enough space."""
        short = self._short_of(self.sending_floor, ProblemCode.DISK_SHORT_TO_SEND) if self.floor else None
        return short and short.whole

    def lay_ballast(self) -> None:
        """Create the ballast file, unless it exists or would itself bring the disk near its floor."""
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
    """Allocate real blocks, no sparse file: deleting it must free the space. Never leaves half a file."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        os.rename(unfinished, path)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
