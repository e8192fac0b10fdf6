"""`leadbridge check`: every finding of the mapping files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import click

from bridge.commands.language import said
from bridge.commands.output import json_array, printable, say
from bridge.model import Finding, Json
from bridge.operations.mapping_files import UNSET, compile_named
from bridge.reasons.mapping import MappingCode
from bridge.reasons.reason import Reason
from bridge.settings import Settings

KEYS = ("path", "line", "column", "code", "level", "message")


def check(settings: Settings, files: Sequence[str], *, strict: bool, as_json: bool) -> int:
    """Print the findings; 1 where there are errors, or with `strict` warnings.

    A variable that is not set in this terminal is a warning: the files are well without it.
    """
    compiled = compile_named(settings, files, notices=True)
    tell(compiled.findings, as_json=as_json)
    sources = Reason(MappingCode.SOURCES, count=len(compiled.sources))
    unset = _unset(compiled.findings)
    say(said(Reason(MappingCode.CHECKED, sources=sources, levels=levels(compiled.findings), unset=unset)))
    return failing(compiled.findings, strict=strict)


def _unset(findings: Iterable[Finding]) -> Reason | None:
    """The variables that are not set in this terminal."""
    reasons = (one.reason for one in findings if one.code == UNSET)
    names = {one.params["variable"] for one in reasons if isinstance(one, Reason)}
    return Reason(MappingCode.UNSET_HERE, variables=tuple(sorted(map(str, names)))) if names else None


def tell(findings: Iterable[Finding], *, as_json: bool) -> None:
    """Print findings, one a line or as an array."""
    if as_json:
        click.echo(json_array(_row(one) for one in findings))
        return
    for finding in findings:
        click.echo(printable(said(finding.whole)))


def levels(findings: Iterable[Finding]) -> tuple[Reason, ...]:
    """How many there are of each level: notices only where there are any."""
    many = Counter(one.level for one in findings)
    errors = Reason(MappingCode.ERRORS, count=many["error"])
    warnings = Reason(MappingCode.WARNINGS, count=many["warning"])
    notices = (Reason(MappingCode.NOTICES, count=many["notice"]),) if many["notice"] else ()
    return (errors, warnings, *notices)


def failing(findings: Iterable[Finding], *, strict: bool) -> int:
    """The exit code: 1 for errors, with `strict` also for warnings, never for notices."""
    fail = {"error", "warning"} if strict else {"error"}
    return 1 if any(one.level in fail for one in findings) else 0


def _row(finding: Finding) -> dict[str, Json]:
    values = (finding.path, finding.line, finding.column, finding.code, finding.level, finding.message)
    return dict(zip(KEYS, values, strict=True))
