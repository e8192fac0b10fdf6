"""Compiles mapping files for people: the folder, other files, or a text. No secrets are needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bridge.did_you_mean import suggestion
from bridge.errors import BridgeError, UsageError
from bridge.mapping.compile.compiler import ACCOUNTS_FILES, Compiled, compile_files, is_accounts
from bridge.mapping.rules.apply import MappingFile
from bridge.mapping_loader import read_folder
from bridge.model import Account, Finding
from bridge.reasons.errors import ErrorCode
from bridge.reasons.mapping import MappingCode
from bridge.reasons.problems import ProblemCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings

PLACEHOLDER = "not-set"
"""Value of secrets that are not set: mapping files can be checked without them."""

UNSET = "W501"
"""Code of the finding that a secret is not set, which depends on this process, not on the files."""

_LIMIT = 1 << 20


def compile_named(
    settings: Settings, names: Sequence[str], *, notices: bool = False, now_ms: int = 0
) -> Compiled:
    """Compile the named files and folders, or the whole mapping folder. Only their findings are returned.

    Files outside the folder are compiled with its accounts. Keys of errands are compared only if no file is
    named alone, and literal times only with the time `now_ms`. Raises BridgeError for unreadable files.
    """
    files = _named(names) if names else read_folder(Path(settings.mappings))
    if not files:
        looked = tuple(names) or (settings.mappings,)
        raise BridgeError(Reason(MappingCode.NO_FILES, names=looked), Reason(MappingCode.NAME_FILES))
    together = {**_accounts(settings, files), **files}
    compiled = compile_files(
        together,
        settings.environment,
        placeholder=PLACEHOLDER,
        notices=notices,
        whole=all(Path(name).is_dir() for name in names),
        now_ms=now_ms,
    )
    return replace(compiled, findings=tuple(one for one in compiled.findings if one.path in files))


@dataclass(frozen=True, slots=True)
class CompiledText:
    """A text compiled as a mapping file, with the accounts of the mapping folder."""

    mapping: MappingFile | None
    """None if the text has errors."""
    findings: tuple[Finding, ...]
    """Findings of the text, not of the accounts file."""
    accounts: Mapping[str, Account]


def compile_text(settings: Settings, path: str, data: bytes, *, now_ms: int = 0) -> CompiledText:
    """Compile a text as a mapping file at this path. The path itself is not read.

    Literal times are compared with the time `now_ms`, if it is given.
    """
    files = {**_accounts(settings, {path: data}), path: data}
    compiled = compile_files(files, settings.environment, placeholder=PLACEHOLDER, whole=False, now_ms=now_ms)
    mapping = next((one for one in compiled.sources.values() if one.path == path), None)
    findings = tuple(one for one in compiled.findings if one.path == path)
    return CompiledText(mapping, findings, accounts_of(settings, compiled))


def mapping_named(settings: Settings, name: str) -> tuple[MappingFile, Mapping[str, Account]]:
    """Find the mapping file by its source or its path, and the accounts; raises BridgeError."""
    is_file = name.endswith((".yml", ".yaml"))
    compiled = compile_named(settings, [name] if is_file else [])
    mappings = [one for one in compiled.sources.values() if is_file or one.source.name == name]
    if mappings:
        return mappings[0], accounts_of(settings, compiled)
    require_valid(compiled)
    raise unknown_source(name, compiled.sources)


def unknown_source(name: str, sources: Iterable[str]) -> UsageError:
    """The error for a source that does not exist. `sources` are the known ones."""
    known = tuple(sorted(sources))
    unknown = Reason(ErrorCode.NO_SOURCE_CALLED, name=name, hint=suggestion(name, known))
    there = Reason(ErrorCode.THERE_ARE, names=known) if known else Reason(ErrorCode.THERE_ARE_NONE)
    return UsageError(unknown, there)


def require_valid(compiled: Compiled, names: Sequence[str] = ()) -> Compiled:
    """Return the same files; raises BridgeError if any has an error. `names` are for the hint."""
    broken = errors(compiled)
    if broken:
        found = Reason(MappingCode.HAVE_ERRORS, count=len(broken), first=broken[0].whole)
        command = " ".join(("leadbridge check", *names))
        raise BridgeError(found, Reason(ProblemCode.RUN, command=command))
    return compiled


def errors(compiled: Compiled) -> list[Finding]:
    """The findings that are errors."""
    return [finding for finding in compiled.findings if finding.is_error]


def accounts_of(settings: Settings, compiled: Compiled) -> Mapping[str, Account]:
    """The accounts. With a sandbox, all of them have its URL."""
    if not settings.sandbox:
        return compiled.accounts
    return {name: replace(account, url=settings.sandbox) for name, account in compiled.accounts.items()}


def _named(names: Sequence[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            files |= read_folder(path)
            continue
        try:
            with path.open("rb") as file:
                files[str(path)] = file.read(_LIMIT + 1)
        except OSError as error:
            raise UsageError(Reason(ErrorCode.UNREADABLE, path=name, detail=error.strerror)) from error
    return files


def _accounts(settings: Settings, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The accounts file of the mapping folder, unless an accounts file is among `files`."""
    if any(is_accounts(path) for path in files):
        return {}
    paths = [Path(settings.mappings, name) for name in ACCOUNTS_FILES]
    return _named([str(path) for path in paths if path.is_file()])
