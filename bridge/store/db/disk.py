"""The disk under the embedded database: two floors, and a ballast file to delete when all else is full."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

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

    def too_full_to_accept(self) -> str:
        """Why nothing may be accepted now; empty when there is room."""
        return self._short_of(self.floor, "accepting") if self.floor else ""

    def too_full_to_send(self) -> str:
        """Why nothing may be sent now; empty when there is room."""
        return self._short_of(self.sending_floor, "sending") if self.floor else ""

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

    def _short_of(self, floor: int, what: str) -> str:
        free = self.free()
        if self._read_only:
            return f"the disk is read-only, {what} needs to write; find out why, and mount it for writing"
        if free >= floor:
            return ""
        return f"the disk has {free / MB:.0f} MB left, {what} needs {floor / MB:.0f} MB{self._advice()}"

    def _advice(self) -> str:
        ballast = ballast_of(self.path) if self.path else None
        return f"; make room, or delete {ballast}" if ballast and ballast.exists() else "; make room"


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
