"""Compiles mapping files to sources, rules and accounts, and reports all findings in one run."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Literal, NamedTuple

from bridge.did_you_mean import suggestion
from bridge.language.document import read
from bridge.language.nodes import Mapping, Node, Report
from bridge.language.placeholder import refuse_placeholders
from bridge.mapping.compile.accounts import compile_accounts, of_environment
from bridge.mapping.compile.context import CompileContext
from bridge.mapping.compile.file_compiler import compile_file
from bridge.mapping.lint.errand_keys import unmatched_keys
from bridge.mapping.lint.variable_names import odd_names
from bridge.mapping.rules.apply import MappingFile
from bridge.model import ALERT_SOURCE, Account, Alerts, Finding
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.text.render import english

ACCOUNTS_FILES = ("accounts.yml", "accounts.yaml")


@dataclass(frozen=True, slots=True)
class Compiled:
    """The result of compiling a set of files. Only a valid set may replace the one in use."""

    sources: Dict[str, MappingFile] = field(default_factory=dict)
    """By the source's name; files with errors are missing."""
    accounts: Dict[str, Account] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    """Of all files, sorted by file and position."""
    valid: bool = False
    """Whether there are files, and no error in any."""
    alerts: Alerts = field(default_factory=Alerts)

    @property
    def unset(self) -> tuple[Unset, ...]:
        """Sources, accounts and alerts that are closed because an environment variable is not set."""
        sources = [Unset("source", one.source.name, one.unset) for one in self.sources.values() if one.unset]
        accounts = [Unset("account", one.name, (one.unset,)) for one in self.accounts.values() if one.unset]
        alerts = [Unset("alerts", "", (self.alerts.unset,))] if self.alerts.unset else []
        return (*sources, *accounts, *alerts)


class Unset(NamedTuple):
    """A source, an account or the alerts, closed by variables that are not set."""

    kind: Literal["source", "account", "alerts"]
    name: str
    variables: tuple[str, ...]

    @property
    def reason(self) -> Reason:
        """Says what is closed and why."""
        count = len(self.variables)
        if self.kind == "alerts":
            return Reason(MappingCode.ALERTS_CLOSED, variables=self.variables, count=count)
        is_source = self.kind == "source"
        code = MappingCode.SOURCE_CLOSED if is_source else MappingCode.ACCOUNT_CLOSED
        return Reason(code, name=self.name, variables=self.variables, count=count)

    def __str__(self) -> str:
        """The reason in English, for logs."""
        return english(self.reason)


@contextmanager
def _without_gc() -> Iterator[None]:
    """Disable garbage collection: compiling creates long-lived objects, and it took 40 % of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():
                # Move all objects to the oldest generation: the next allocation would start a collection.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


@_without_gc()
def compile_files(
    files: Dict[str, bytes],
    environment: Dict[str, str],
    *,
    placeholder: str | None = None,
    notices: bool = False,
    whole: bool = True,
    now_ms: int = 0,
) -> Compiled:
    """Compile all files of a mapping folder, `accounts.yml` among them, with the environment's secrets.

    A secret that is not set closes its source. With a `placeholder`, the secret has that value instead.
    With `notices`, findings of level N are reported, too. Without `whole`, files of the folder may be
    missing, so that keys of errands are not compared. With the time `now_ms`, literal times before it are
    reported.
    """
    findings: list[Finding] = []
    context = _context(files, environment, placeholder, findings)
    context = replace(context, notices=notices, now_ms=now_ms)
    sources: dict[str, MappingFile] = {}
    for path in sorted(path for path in files if not is_accounts(path)):
        report = Report(path)
        mapping = compile_file(files[path], context, report)
        findings += report.findings
        if mapping is not None:
            _add(mapping, sources, findings)
    findings += (*odd_names(sources.values()), *_unknown_silent(files, context, sources))
    if whole and len(sources) == sum(not is_accounts(path) for path in files):
        findings += unmatched_keys(sources.values(), notices=notices)
    ordered = tuple(sorted(set(findings)))
    valid = bool(files) and not any(finding.is_error for finding in ordered)
    return Compiled(sources, context.accounts or {}, ordered, valid, context.alerts)


def is_accounts(path: str) -> bool:
    """Whether this is the name of an accounts file."""
    return PurePath(path).name in ACCOUNTS_FILES


def _add(mapping: MappingFile, sources: dict[str, MappingFile], findings: list[Finding]) -> None:
    name = mapping.source.name
    if name == ALERT_SOURCE:
        reserved = Reason(MappingCode.RESERVED_SOURCE, name=name)
        findings.append(Finding(mapping.path, mapping.line, 1, "M109", reserved))
        return
    if name not in sources:
        sources[name] = mapping
        return
    again = Reason(MappingCode.DUPLICATE_SOURCE, name=name, path=sources[name].path)
    findings.append(Finding(mapping.path, mapping.line, 1, "M109", again))


def _context(
    files: Dict[str, bytes], environment: Dict[str, str], placeholder: str | None, findings: list[Finding]
) -> CompileContext:
    paths = sorted(path for path in files if is_accounts(path))
    if not paths:
        accounts = of_environment(environment, placeholder)
        return CompileContext(environment, placeholder, accounts)
    second = Reason(MappingCode.SECOND_ACCOUNTS_FILE, first=paths[0])
    findings += [Finding(path, 1, 1, "M109", second) for path in paths[1:]]
    report = Report(paths[0])
    known, alerts = _accounts(files[paths[0]], CompileContext(environment, placeholder), report)
    findings += report.findings
    return CompileContext(environment, placeholder, None if report.failed else known, paths[0], alerts)


def _accounts(data: bytes, context: CompileContext, report: Report) -> tuple[dict[str, Account], Alerts]:
    node = read(data, report)
    if node is None:
        return {}, Alerts()
    compiled = compile_accounts(node, context.reader(report))
    refuse_placeholders(node, report)
    return compiled


def _unknown_silent(
    files: Dict[str, bytes], context: CompileContext, sources: Dict[str, MappingFile]
) -> list[Finding]:
    """Findings for names in `alerts: silence:` that are not sources.

    Only if all mapping files could be read: otherwise the source may be in a file with errors.
    """
    path = context.accounts_file
    if path is None or not sources or len(sources) < sum(not is_accounts(one) for one in files):
        return []
    node: Node | None = read(files[path], Report(path))
    for name in ("alerts", "silence"):
        node = node.get(name) if isinstance(node, Mapping) else None
    report, known = Report(path), tuple(sorted(sources))
    for key, _ in node.entries if isinstance(node, Mapping) else ():
        if key.text not in sources:
            hint = suggestion(key.text, list(sources))
            unknown = Reason(MappingCode.UNKNOWN_SILENT, name=key.text, known=known, hint=hint)
            report.add(key, "M106", unknown)
    return report.findings
