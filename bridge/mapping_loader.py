"""The mapping folder on disk, compiled: the last good set stays in use until a better one is there."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.errors import BridgeError
from bridge.mapping.compile.compiler import Compiled, compile_files
from bridge.reasons.errors import ErrorCode
from bridge.reasons.reason import GeneralCode, Reason
from bridge.text.render import english

log = logging.getLogger(__name__)

PATIENCE: Final = 1.0
"""Seconds after which files that keep changing are read all the same."""
REREAD: Final = 10.0
"""Seconds after which files are read though they look unchanged: some mounts do not tell, and variables may
have got their values."""

_LIMIT = 1 << 20
_SUFFIXES = (".yml", ".yaml")

Files = Mapping[str, bytes]
"""The texts of a set by their paths, as findings show them."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every mapping file below the folder, by its path as shown in findings; raises BridgeError.

    Links are followed. What begins with a dot is left out: editors keep drafts under such names, and
    mounts of Kubernetes the versions that they switch between.
    """
    return {str(path): _head(path) for path in _paths(folder)}


def _paths(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise BridgeError(
            Reason(ErrorCode.NO_MAPPING_FOLDER, path=str(folder)), Reason(ErrorCode.MAKE_MAPPING_FOLDER)
        )
    return sorted(path for path in _below(folder) if path.is_file())


def _below(folder: Path) -> Iterator[Path]:
    walked: set[str] = set()
    for at, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(at)
        folders[:] = [] if real in walked else [name for name in folders if not name.startswith(".")]
        if real not in walked:
            yield from (
                Path(at, name) for name in names if name.endswith(_SUFFIXES) and not name.startswith(".")
            )
        walked.add(real)


def _head(path: Path) -> bytes:
    """One byte more than a mapping file may have, at most."""
    with path.open("rb") as file:
        return file.read(_LIMIT + 1)


def _system_error(error: OSError) -> Reason:
    return Reason(GeneralCode.VERBATIM, text=str(error))


def _glance(folder: Path) -> tuple[tuple[object, ...], ...]:
    """What tells without reading whether files were written, renamed or swapped."""
    seen = ((str(path), path.stat()) for path in _paths(folder))
    return tuple(
        (name, at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns) for name, at in seen
    )


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the last good set outlives the process. Both may raise BridgeError."""

    keep: Callable[[Files], None] = lambda _: None
    recall: Callable[[], Files | None] = lambda: None


class MappingLoader:
    """Compiles the folder and keeps the result; `refresh` takes up changes all or nothing.

    With `reread` it takes up what changed in the environment's files as well.
    """

    def __init__(
        self,
        folder: str,
        environment: Mapping[str, str],
        placeholder: str | None = None,
        memory: Memory | None = None,
        reread: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self._folder = Path(folder)
        self._environment = environment
        self._reread = reread
        self._placeholder = placeholder
        self._memory = memory or Memory()
        self._lock = threading.Lock()
        self._seen: Files | None = None
        self._glanced: object = None
        self._taken: object = None
        self._moving: float | None = None
        self._read_at = 0.0
        self._to_keep: Files | None = None
        self._grumbled = ""
        self._to_recall = memory is not None
        self.current = Compiled()
        """The set in use; without a valid one it is empty and not `ready`."""
        self.latest = Compiled()
        """What was read last, with its findings; the same as `current` unless files are broken."""
        self.trouble: Reason | None = None
        """Why the folder cannot be read, and what to do; None while it can."""

    @property
    def ready(self) -> bool:
        return self.current.valid

    @property
    def empty(self) -> bool:
        """Whether there is no mapping file yet, and never was: nothing is wrong, there is no source."""
        return not self.ready and self._seen == {} and not self.trouble

    @property
    def stale(self) -> bool:
        """Whether the files on disk are broken, or gone, and an older set is in use."""
        return bool(self.trouble) or self.latest is not self.current

    def compiled(self, files: Files) -> Compiled:
        """What the folder would give if these were its files; nothing of it comes into use."""
        return compile_files(files, self._environment, placeholder=self._placeholder)

    def refresh(self) -> bool:
        """Read the folder now; whether a new set came into use. Raises BridgeError or OSError."""
        with self._lock:
            files = read_folder(self._folder)
            environment = self._reread() if self._reread else self._environment
            self.trouble = None
            if files == self._seen and environment == self._environment:
                return False
            self._seen, self._environment = files, environment
            self.latest = self.compiled(files)
            if not self.latest.valid:
                self._tell_broken(files)
                return False
            self.current = self.latest
            self._to_keep, self._to_recall = files, False
            log.info("mappings in use: %d files", len(files))
            self._tell_unset()
            return True

    def look(self, now: float, *, at_rest: bool = False) -> bool:
        """Take up what changed once it has come to rest; whether a new set came into use.

        To be asked every half second or so, with monotonic seconds. Files that differ from one look to the
        next are still being written, unless they are known to be `at_rest`. Never raises for what is wrong
        with folder, files or memory.
        """
        try:
            taken_up = self._has_settled(now, at_rest=at_rest) and self.refresh()
        except (BridgeError, OSError) as error:
            self._tell_unreadable(error.whole if isinstance(error, BridgeError) else _system_error(error))
            taken_up = False
        self.remember()
        return taken_up

    def remember(self) -> None:
        """Keep a new set for the time after a restart; without a good one bring back what was kept."""
        try:
            if self._to_keep is not None:
                self._memory.keep(self._to_keep)
                self._to_keep = None
            if self._to_recall:
                self._recall()
            self._grumble("")
        except BridgeError as error:
            self._grumble(str(error))

    def fall_back(self, files: Files) -> None:
        """Use an older set, unless there is a valid one."""
        if self.ready:
            return
        kept = self.compiled(files)
        if not kept.valid:
            log.error("the mappings kept in the database are not valid here either")
            return
        self.current = kept
        log.warning("the last good mappings are in use, as kept in the database: %d files", len(files))
        self._tell_unset()

    def _has_settled(self, now: float, *, at_rest: bool) -> bool:
        glance = _glance(self._folder)
        at_rest = at_rest or glance == self._glanced
        self._glanced = glance
        if glance == self._taken:
            self._moving = None
            if now - self._read_at < REREAD and not self.trouble:
                return False
        else:
            self._moving = now if self._moving is None else self._moving
            if not at_rest and now - self._moving < PATIENCE:
                return False
        self._taken, self._read_at, self._moving = glance, now, None
        return True

    def _grumble(self, why: str) -> None:
        if why and why != self._grumbled:
            log.warning("the last good mappings cannot be kept or brought back: %s", why)
        self._grumbled = why

    def _recall(self) -> None:
        files = self._memory.recall()
        self._to_recall = False
        if files is not None:
            self.fall_back(files)

    def _tell_unreadable(self, why: Reason) -> None:
        if why != self.trouble:
            log.error("mappings cannot be read, %s: %s", self._consequence(), english(why))
        self.trouble = why

    def _tell_unset(self) -> None:
        for closed in self.current.unset:
            log.warning("%s", closed)

    def _tell_broken(self, files: Files) -> None:
        if not files:
            log.warning("there is no mapping file in %s", self._folder)
            return
        log.error("mappings are broken, %s", self._consequence())
        for finding in self.latest.findings:
            if finding.is_error:
                log.error("%s", finding)

    def _consequence(self) -> str:
        return (
            "the last good set stays in use" if self.ready else "nothing is accepted until they are corrected"
        )
