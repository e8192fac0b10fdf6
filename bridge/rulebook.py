"""The mapping folder on disk, compiled: the last good set stays in use until a better one is there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from bridge.errors import BridgeError
from bridge.mapping.compiler import Compiled, compile_files

log = logging.getLogger(__name__)

_LIMIT = 1 << 20


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every mapping file below the folder, by its path as shown in findings; raises BridgeError."""
    if not folder.is_dir():
        raise BridgeError(
            f"mapping folder {folder} is not there", "create it, or point BRIDGE_MAPPINGS at the right one"
        )
    paths = sorted(path for suffix in ("*.yml", "*.yaml") for path in folder.rglob(suffix))
    return {str(path): _head(path) for path in paths if path.is_file()}


def _head(path: Path) -> bytes:
    """One byte more than a mapping file may have, at most."""
    with path.open("rb") as file:
        return file.read(_LIMIT + 1)


class Rulebook:
    """Compiles the folder and keeps the result; `refresh` takes up changes all or nothing."""

    def __init__(self, folder: str, environment: Mapping[str, str], placeholder: str | None = None) -> None:
        self._folder = Path(folder)
        self._environment = environment
        self._placeholder = placeholder
        self._lock = threading.Lock()
        self._seen: dict[str, bytes] | None = None
        self.current = Compiled()
        """The set in use; without a valid one it is empty and not `ready`."""
        self.latest = Compiled()
        """What was read last, with its findings; the same as `current` unless files are broken."""

    @property
    def ready(self) -> bool:
        return self.current.valid

    @property
    def stale(self) -> bool:
        """Whether the files on disk are broken and an older set is in use."""
        return self.latest is not self.current

    def refresh(self) -> bool:
        """Read the folder again; whether a new set came into use."""
        with self._lock:
            files = read_folder(self._folder)
            if files == self._seen:
                return False
            self._seen = files
            self.latest = compile_files(files, self._environment, placeholder=self._placeholder)
            if not self.latest.valid:
                self._tell_broken()
                return False
            self.current = self.latest
            log.info("mappings in use: %d files", len(files))
            return True

    def _tell_broken(self) -> None:
        kept = "the last good set stays in use" if self.ready else "nothing is accepted until they are mended"
        log.error("mappings are broken, %s", kept)
        for finding in self.latest.findings:
            log.error("%s", finding)
