"""The files of the mapping folder as a person looks through them: text, findings, rules."""

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
class Shelved:
    """One file of the folder."""

    path: str
    """As findings show it."""
    name: str
    """Its path within the folder."""
    text: bytes
    findings: tuple[Finding, ...]
    mapping: MappingFile | None
    """None where the file has errors, and for the file of accounts."""

    @property
    def errors(self) -> int:
        return sum(one.is_error for one in self.findings)

    @property
    def accounts(self) -> bool:
        """Whether it lists accounts and has no rules."""
        return is_accounts(self.path)

    @property
    def source(self) -> str:
        """The name of its source; empty where that is not known."""
        return self.mapping.source.name if self.mapping else ""

    @property
    def label(self) -> str:
        """What it is asked for by: its source, else its name."""
        return self.source or self.name


def shelf(settings: Settings, read: Compiled) -> tuple[Shelved, ...]:
    """The files as they are on disk, with what the newest reading found in them; raises BridgeError."""
    folder = Path(settings.mappings)
    by_path = {one.path: one for one in read.sources.values()}

    def files() -> Iterator[Shelved]:
        for path, text in read_folder(folder).items():
            found = tuple(one for one in read.findings if one.path == path)
            yield Shelved(path, str(Path(path).relative_to(folder)), text, found, by_path.get(path))

    return tuple(sorted(files(), key=lambda one: (one.accounts, one.name)))


def file_called(settings: Settings, read: Compiled, label: str) -> Shelved | None:
    """The file of this source, or of this name; None where there is none."""
    files = shelf(settings, read)
    named = (one for one in files if one.name == label)
    return next((one for one in files if one.source == label), next(named, None))
