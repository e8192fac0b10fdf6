"""Lists the files of the mapping folder with text, findings and rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.mapping.compile.compiler import Compiled, is_accounts
from bridge.mapping.rules.apply import MappingFile
from bridge.mapping_loader import read_folder
from bridge.model import Finding
from bridge.settings import Settings


@dataclass(frozen=True, slots=True)
class FolderFile:
    """One file of the mapping folder."""

    path: str
    """The path as in findings."""
    name: str
    """The path relative to the folder."""
    text: bytes
    findings: tuple[Finding, ...]
    mapping: MappingFile | None
    """None if the file has errors, and for the accounts file."""

    @property
    def errors(self) -> int:
        return sum(one.is_error for one in self.findings)

    @property
    def accounts(self) -> bool:
        """Whether it is the accounts file."""
        return is_accounts(self.path)

    @property
    def source(self) -> str:
        """The name of its source; empty if unknown."""
        return self.mapping.source.name if self.mapping else ""

    @property
    def label(self) -> str:
        """Its name in URLs: the source, else the file's name."""
        return self.source or self.name


def folder_files(settings: Settings, read: Compiled) -> tuple[FolderFile, ...]:
    """The files on disk, with findings and rules of `read`, the newest compilation; raises BridgeError."""
    folder = Path(settings.mappings)
    by_path = {one.path: one for one in read.sources.values()}

    def files() -> Iterator[FolderFile]:
        for path, text in read_folder(folder).items():
            found = tuple(one for one in read.findings if one.path == path)
            yield FolderFile(path, str(Path(path).relative_to(folder)), text, found, by_path.get(path))

    return tuple(sorted(files(), key=lambda one: (one.accounts, one.name)))


def file_called(settings: Settings, read: Compiled, label: str) -> FolderFile | None:
    """Find a file by its source or its name; None if there is none."""
    files = folder_files(settings, read)
    named = (one for one in files if one.name == label)
    return next((one for one in files if one.source == label), next(named, None))
