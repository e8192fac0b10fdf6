"""The folder in which the processes of one tree count together, empty when the tree starts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bridge.settings import METRICS_FOLDER


def with_metrics(environment: Mapping[str, str], named: str = "", *, again: bool = False) -> dict[str, str]:
    """The environment for the tree's processes, with a folder of its own.

    A folder that is `named` already belongs to whoever started this process, and is left as it is;
    `again` says that this is the start of the tree, so that even such a folder is to be emptied.
    """
    if named and not again:
        return {**environment, METRICS_FOLDER: named}
    folder = Path(named) if named else _own(environment.get("PORT", ""))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for pattern in ("*.db", "*.pid"):
        for old in folder.glob(pattern):
            old.unlink(missing_ok=True)
    return {**environment, METRICS_FOLDER: str(folder)}


def _own(port: str) -> Path:
    """The same at each start, so that none is left behind; another where somebody else has that one."""
    folder = Path(tempfile.gettempdir()) / f"leadbridge-{os.getuid()}-{port or 'default'}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        return Path(tempfile.mkdtemp(prefix="leadbridge-"))
    return folder
