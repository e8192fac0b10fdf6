"""Loads and reloads the mapping folder. The last good set stays in use while files are broken."""

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
"""Seconds after which files are read although they keep changing."""
REREAD: Final = 10.0
"""Seconds after which files are read although they look unchanged: some mounts do not update times, and
variables may have changed."""

_LIMIT = 1 << 20
_SUFFIXES = (".yml", ".yaml")

Files = Mapping[str, bytes]
"""The texts of a set by path, as shown in findings."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read every mapping file below the folder, by path as shown in findings; raises BridgeError.

    Links are followed. Names with a leading dot are skipped: editors use them for drafts, and Kubernetes
    mounts for the versions that they switch between.
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
    """The file, up to one byte more than the limit for mapping files, so that the compiler rejects it."""
    with path.open("rb") as file:
        return file.read(_LIMIT + 1)


def _system_error(error: OSError) -> Reason:
    return Reason(GeneralCode.VERBATIM, text=str(error))


def _file_stats(folder: Path) -> tuple[tuple[object, ...], ...]:
    """Metadata that changes when files are written, renamed or replaced."""
    stats = ((str(path), path.stat()) for path in _paths(folder))
    return tuple(
        (name, at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns) for name, at in stats
    )


@dataclass(frozen=True, slots=True)
class LastGoodStore:
    """Stores the last good set of files for a restart. Both functions may raise BridgeError."""

    keep: Callable[[Files], None] = lambda _: None
    recall: Callable[[], Files | None] = lambda: None


class MappingLoader:
    """Compiles the folder and keeps the result; `refresh` applies changes all or nothing.

    With `reread`, changes in the files of environment variables are applied, too.
    """

    def __init__(
        self,
        folder: str,
        environment: Mapping[str, str],
        placeholder: str | None = None,
        last_good: LastGoodStore | None = None,
        reread: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self._folder = Path(folder)
        self._environment = environment
        self._reread = reread
        self._placeholder = placeholder
        self._last_good = last_good or LastGoodStore()
        self._lock = threading.Lock()
        self._seen: Files | None = None
        self._last_stats: object = None
        self._read_stats: object = None
        self._changing_since: float | None = None
        self._read_at = 0.0
        self._to_keep: Files | None = None
        self._logged_error = ""
        self._to_recall = last_good is not None
        self.current = Compiled()
        """The set in use; empty and not `ready` until there is a valid one."""
        self.latest = Compiled()
        """The set that was read last, with findings; the same as `current` unless files are broken."""
        self.trouble: Reason | None = None
        """Why the folder cannot be read, and what to do; None if it can."""

    @property
    def ready(self) -> bool:
        return self.current.valid

    @property
    def empty(self) -> bool:
        """Whether there never was a mapping file: no error, but no source either."""
        return not self.ready and self._seen == {} and not self.trouble

    @property
    def stale(self) -> bool:
        """Whether an older set is in use because files on disk are broken or gone."""
        return bool(self.trouble) or self.latest is not self.current

    def compiled(self, files: Files) -> Compiled:
        """Compile these files, without using the result."""
        return compile_files(files, self._environment, placeholder=self._placeholder)

    def refresh(self) -> bool:
        """Read the folder now; returns whether a new set is in use. Raises BridgeError or OSError."""
        with self._lock:
            files = read_folder(self._folder)
            environment = self._reread() if self._reread else self._environment
            self.trouble = None
            if files == self._seen and environment == self._environment:
                return False
            self._seen, self._environment = files, environment
            self.latest = self.compiled(files)
            if not self.latest.valid:
                self._log_broken(files)
                return False
            self.current = self.latest
            self._to_keep, self._to_recall = files, False
            log.info("mappings in use: %d files", len(files))
            self._log_unset()
            return True

    def check(self, now: float, *, unchanging: bool = False) -> bool:
        """Load changes once files have stopped changing; returns whether a new set is in use.

        Call it every half second or so, with monotonic seconds. Files that differ between two checks are
        still being written, unless `unchanging` says otherwise. Does not raise for errors of the folder, its
        files or the store.
        """
        try:
            changed = self._is_due(now, unchanging=unchanging) and self.refresh()
        except (BridgeError, OSError) as error:
            self._log_unreadable(error.whole if isinstance(error, BridgeError) else _system_error(error))
            changed = False
        self.sync_last_good()
        return changed

    def sync_last_good(self) -> None:
        """Store a new set for a restart; without a valid set, load the stored one."""
        try:
            if self._to_keep is not None:
                self._last_good.keep(self._to_keep)
                self._to_keep = None
            if self._to_recall:
                self._recall()
            self._log_store_error("")
        except BridgeError as error:
            self._log_store_error(str(error))

    def fall_back(self, files: Files) -> None:
        """Use a stored set, unless a valid one is in use."""
        if self.ready:
            return
        kept = self.compiled(files)
        if not kept.valid:
            log.error("the mappings stored in the database are not valid here either")
            return
        self.current = kept
        log.warning("the last good mappings are in use, from the database: %d files", len(files))
        self._log_unset()

    def _is_due(self, now: float, *, unchanging: bool) -> bool:
        """Whether to read the files: they have changed and are complete, or were read long ago."""
        stats = _file_stats(self._folder)
        unchanging = unchanging or stats == self._last_stats
        self._last_stats = stats
        if stats == self._read_stats:
            self._changing_since = None
            if now - self._read_at < REREAD and not self.trouble:
                return False
        else:
            self._changing_since = now if self._changing_since is None else self._changing_since
            if not unchanging and now - self._changing_since < PATIENCE:
                return False
        self._read_stats, self._read_at, self._changing_since = stats, now, None
        return True

    def _log_store_error(self, why: str) -> None:
        """Log why the last good set cannot be stored or loaded, once per reason."""
        if why and why != self._logged_error:
            log.warning("the last good mappings cannot be stored or loaded: %s", why)
        self._logged_error = why

    def _recall(self) -> None:
        files = self._last_good.recall()
        self._to_recall = False
        if files is not None:
            self.fall_back(files)

    def _log_unreadable(self, why: Reason) -> None:
        if why != self.trouble:
            log.error("mappings cannot be read, %s: %s", self._consequence(), english(why))
        self.trouble = why

    def _log_unset(self) -> None:
        for closed in self.current.unset:
            log.warning("%s", closed)

    def _log_broken(self, files: Files) -> None:
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
