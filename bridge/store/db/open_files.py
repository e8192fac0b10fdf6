"""Finds files in /proc that processes still have open after their path is gone: they can still be copied."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from bridge.store.db.lock_files import Identity, identity

_DELETED: Final = " (deleted)"
_CLOSING_S: Final = 0.5


class OpenFile(NamedTuple):
    """A file descriptor of a process."""

    link: Path
    """/proc/PID/fd/N, which can be copied like any file."""
    path: str
    """Where the file is now, as the kernel shows it."""

    @property
    def removed(self) -> bool:
        """Whether the file has no path any more."""
        return self.path.endswith(_DELETED)


def own(known: Identity) -> OpenFile | None:
    """This process's descriptor of the file; None if there is none, or no /proc."""
    found = (one for one in _of_process(Path("/proc") / str(os.getpid())) if identity(one.link) == known)
    return next(found, None)


def used_by_others(path: Path) -> bool:
    """Whether another process of this user has the file open."""
    processes = (one for one in Path("/proc").glob("[0-9]*") if one.name != str(os.getpid()))
    return any(one.path == str(path) for process in processes for one in _of_process(process))


def removed(paths: Collection[Path]) -> list[OpenFile]:
    """The descriptors of this user's processes whose file, at one of the paths, was removed or replaced.

    Looks twice: a process that closes a database removes its log a moment before it closes the file.
    """
    if not _removed(paths):
        return []
    time.sleep(_CLOSING_S)
    return _removed(paths)


def _removed(paths: Collection[Path]) -> list[OpenFile]:
    names = {f"{path}{_DELETED}" for path in paths}
    processes = sorted(Path("/proc").glob("[0-9]*"))
    return [one for process in processes for one in _of_process(process) if one.path in names]


def _of_process(process: Path) -> Iterator[OpenFile]:
    with contextlib.suppress(OSError):
        for link in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield OpenFile(link, os.readlink(link))
