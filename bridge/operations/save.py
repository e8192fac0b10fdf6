"""A mapping file is put in its place: never a broken one, and never over what somebody else has written."""

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
"""Of new files and folders, whatever the umask: the owner edits them, too, and they hold no secret."""


@dataclass(frozen=True, slots=True)
class Edited:
    """A mapping file as somebody wants to have it."""

    path: str
    """As findings show it, the mapping folder's own path included."""
    text: bytes
    loaded: str
    """The digest of the file as it was when they began; empty where there was none."""
    beside: Mapping[str, bytes]
    """Samples, by their path beside the file: written first, without a question."""


class Broken(BridgeError):
    """With this file the mapping folder would have errors that it has not now."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(
            Reason(MappingCode.NOT_SAVED, why=findings[0].whole), Reason(MappingCode.CORRECT_AND_SAVE)
        )
        self.findings = findings


class Moved(BridgeError):
    """The file on disk is another than the one that was loaded."""

    def __init__(self, path: str, there: bytes, wanted: bytes) -> None:
        super().__init__(Reason(MappingCode.CHANGED_ON_DISK, path=path), Reason(MappingCode.SEE_DIFFERENCE))
        self.difference = difference(there, wanted)
        self.digest = digest(there)


def digest(text: bytes) -> str:
    """What tells one text of a file from another; empty for an empty one, which is as good as none."""
    return hashlib.sha256(text).hexdigest() if text else ""


def difference(before: bytes, after: bytes) -> tuple[str, ...]:
    """The lines of a unified diff, three lines around each change."""
    old, new = (one.decode("utf-8", "replace").splitlines() for one in (before, after))
    return tuple(difflib.unified_diff(old, new, lineterm=""))[2:]


def examine(settings: Settings, rules: MappingLoader, edited: Edited) -> None:
    """Raise BridgeError where the file must not be written: Broken, Moved, or it is none of the folder's."""
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
        raise Moved(edited.path, there, edited.text)
    after = rules.compiled({**files, edited.path: edited.text}).findings
    known = {one for one in rules.compiled(files).findings if one.path != edited.path}
    wrong = tuple(one for one in after if one.is_error and one not in known)
    if wrong:
        raise Broken(wrong)


def save(store: Store, edited: Edited, by: Decider) -> None:
    """Write what was examined, all or nothing, and that it was written; raises BridgeError.

    A change on disk since `examine` is noticed up to the last moment.
    """
    target = Path(os.path.realpath(edited.path))
    what = Reason(ActionCode.SAVE, version=digest(edited.text)[:12])
    try:
        for name, data in edited.beside.items():
            _put(target.parent / name, data)
        with store.transaction() as connection:
            now = store.now(connection)
            audit.record(connection, now, who=by.who, what=what, why=by.why, kind="file", target=edited.path)
            with _alone(target.parent):
                there = target.read_bytes() if target.exists() else b""
                if digest(there) != edited.loaded:
                    raise Moved(edited.path, there, edited.text)
                _put(target, edited.text)
    except OSError as error:
        path = str(error.filename or edited.path)
        raise BridgeError(
            Reason(ErrorCode.UNWRITABLE, path=path, detail=error.strerror),
            Reason(MappingCode.DOWNLOAD_AND_PUT),
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process saves in this folder meanwhile. Nothing inside may wait for another greenlet."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _put(path: Path, data: bytes) -> None:
    """The whole file or none of it. The draft's name begins with a dot: nobody takes it for a mapping."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        path.parent.chmod(_FOLDER_MODE)
    mode = path.stat().st_mode & 0o777 if path.exists() else _MODE
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
