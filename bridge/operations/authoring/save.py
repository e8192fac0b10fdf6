"""Saves mapping files: refuses files with errors, and files that somebody else has changed meanwhile."""

from __future__ import annotations

import difflib
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import BridgeError
from bridge.mapping.compile.compiler import is_accounts
from bridge.mapping_loader import MappingLoader, read_folder
from bridge.model import Finding
from bridge.reasons.actions import ActionCode
from bridge.reasons.errors import ErrorCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings
from bridge.store.db.engine import Store
from bridge.store.queue.decisions import Decider
from bridge.store.reports import audit

_MODE = 0o644
_FOLDER_MODE = 0o755
"""Mode of new files and folders, regardless of the umask: people edit them, and they contain no secrets."""


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A mapping file to save."""

    path: str
    """The path as in findings, which includes the mapping folder."""
    text: bytes
    loaded: str
    """The digest of the file when it was loaded; empty if it did not exist."""
    samples: Mapping[str, bytes]
    """Samples by their path relative to the file. They are written first and overwrite existing files."""


class InvalidMappings(BridgeError):
    """With this file the mapping folder would have new errors."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(
            Reason(MappingCode.NOT_SAVED, why=findings[0].whole), Reason(MappingCode.CORRECT_AND_SAVE)
        )
        self.findings = findings


class ChangedOnDisk(BridgeError):
    """The file on disk has changed since it was loaded."""

    def __init__(self, path: str, there: bytes, wanted: bytes) -> None:
        super().__init__(Reason(MappingCode.CHANGED_ON_DISK, path=path), Reason(MappingCode.SEE_DIFFERENCE))
        self.difference = difference(there, wanted)
        self.digest = digest(there)


def digest(text: bytes) -> str:
    """Digest of a file's text; empty for an empty text, which counts as no file."""
    return hashlib.sha256(text).hexdigest() if text else ""


def difference(before: bytes, after: bytes) -> tuple[str, ...]:
    """The lines of a unified diff, with three lines of context."""
    old, new = (one.decode("utf-8", "replace").splitlines() for one in (before, after))
    return tuple(difflib.unified_diff(old, new, lineterm=""))[2:]


def check_edit(settings: Settings, rules: MappingLoader, edited: EditedFile) -> None:
    """Raise BridgeError if the file must not be written.

    InvalidMappings: it has errors. ChangedOnDisk: somebody else changed it. Others: it is not a mapping file
    of the folder, or saving is not allowed.
    """
    if not settings.console_edit:
        raise BridgeError(Reason(MappingCode.READ_ONLY), Reason(MappingCode.ALLOW_SAVING))
    folder = Path(settings.mappings)
    files = read_folder(folder)
    if edited.path not in files and Path(edited.path).parent != folder:
        raise BridgeError(
            Reason(MappingCode.FILE_GONE, path=edited.path), Reason(MappingCode.DOWNLOAD_AND_LOOK)
        )
    if is_accounts(edited.path):
        raise BridgeError(Reason(MappingCode.ACCOUNTS_READ_ONLY), Reason(MappingCode.CHANGE_ON_MACHINE))
    there = files.get(edited.path, b"")
    if digest(there) != edited.loaded:
        raise ChangedOnDisk(edited.path, there, edited.text)
    after = rules.compiled({**files, edited.path: edited.text}).findings
    known = {one for one in rules.compiled(files).findings if one.path != edited.path}
    wrong = tuple(one for one in after if one.is_error and one not in known)
    if wrong:
        raise InvalidMappings(wrong)


def save(store: Store, edited: EditedFile, by: Decider) -> None:
    """Write the file atomically, and record that in the audit; raises BridgeError.

    Checks again, just before writing, that the file has not changed since `check_edit`.
    """
    target = Path(os.path.realpath(edited.path))
    what = Reason(ActionCode.SAVE, version=digest(edited.text)[:12])
    try:
        for name, data in edited.samples.items():
            _put(target.parent / name, data)
        with store.transaction() as connection:
            now = store.now(connection)
            audit.record(connection, now, who=by.who, what=what, why=by.why, kind="file", target=edited.path)
            with _locked(target.parent):
                there = target.read_bytes() if target.exists() else b""
                if digest(there) != edited.loaded:
                    raise ChangedOnDisk(edited.path, there, edited.text)
                _put(target, edited.text)
    except OSError as error:
        path = str(error.filename or edited.path)
        raise BridgeError(
            Reason(ErrorCode.UNWRITABLE, path=path, detail=error.strerror),
            Reason(MappingCode.DOWNLOAD_AND_PUT),
        ) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder against others that save."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _put(path: Path, data: bytes) -> None:
    """Write a file atomically. The temporary name begins with a dot, so it is not read as a mapping file."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        path.parent.chmod(_FOLDER_MODE)
    mode = path.stat().st_mode & 0o777 if path.exists() else _MODE
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
